// A hostile TURN server's stream: bounded memory, no message that is not whole, no read outside.
// sources: ../turn_deframer.cc
#include "../turn_deframer.h"

#include <algorithm>

#include "require.h"

using namespace evio;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
  TurnDeframer deframer;
  Bytes rest(input, bytes);
  while (!rest.empty() && !deframer.failed()) {
    // The first byte of each piece says how long the piece is.
    const size_t wish = size_t{rest[0]} * 16 + 1;
    rest = rest.subspan(1);
    const MutableBytes room = deframer.room();
    REQUIRE(room.size() >= 16 * 1024);
    const size_t now = std::min({wish, rest.size(), room.size()});
    std::copy_n(rest.begin(), now, room.begin());
    deframer.added(now);
    rest = rest.subspan(now);
    for (MutableBytes message = deframer.next(); !message.empty(); message = deframer.next()) {
      const TurnFraming framing = turn_framing(message);
      REQUIRE(framing.kind == TurnFraming::Kind::message && framing.bytes == message.size());
      std::fill(message.begin(), message.end(), uint8_t{0xff});  // its owner may write into it
    }
  }
  return 0;
}
