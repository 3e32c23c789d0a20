// Hostile configurations and answers: no read outside, nothing found that is not there.
// sources: ../json_strings.cc ../frame.cc
#include <algorithm>
#include <cstdint>

#include "../frame.h"
#include "../json_strings.h"
#include "require.h"

using namespace evio::cni;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t bytes) {
  const std::string_view text(reinterpret_cast<const char*>(input), bytes);
  for (std::string_view key : {"cniVersion", "socket", ""}) {
    const auto found = top_level_string(text, key);
    REQUIRE(!found || found->size() < text.size());
    if (found) REQUIRE(json_quoted(*found).size() >= found->size() + 2);
  }
  // The first byte says how the rest is cut.
  const size_t piece = bytes > 0 ? input[0] % 32 + 1 : 1;
  AnswerReader reader;
  size_t given = 0;
  while (given < bytes && reader.take(text.substr(given, piece))) {
    given += std::min(piece, bytes - given);
    if (const auto answer = reader.answer()) {
      REQUIRE(answer->output.size() + kHeaderBytes == given);
      REQUIRE(answer->status == 0 || answer->status == 1);
    }
  }
  return 0;
}
