// Any bytes in place of a request: nothing is read beyond them.
// sources: ../pod_worker/steps.cc
#include <cstdint>

#include "../pod_worker/steps.h"
#include "require.h"

using namespace evio::cni;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t bytes) {
  const std::string_view text(reinterpret_cast<const char*>(input), bytes);
  std::size_t words = 0;
  if (const auto steps = read_steps(text))
    for (const Step& step : *steps) words += step.size();
  REQUIRE(words <= bytes);
  if (const auto cidr = read_cidr(text)) REQUIRE(cidr->length <= cidr->address.size() * 8);
  if (const auto mac = read_mac_text(text)) REQUIRE(mac->size() == 6);
  return 0;
}
