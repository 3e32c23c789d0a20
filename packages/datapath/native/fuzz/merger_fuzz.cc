// Peers that send whatever they like: nothing is written that a TAP refuses, and each accepted segment
// comes out once.
// sources: ../test/packet_builder.cc ../test/reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc ../merger.cc
#include "../merger.h"

#include <deque>

#include "../test/recording_sink.h"
#include "choices.h"
#include "require.h"

using namespace evio;
using namespace evio::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
  Choices choices({input, bytes});
  RecordingSink sink;
  Merger merger(sink);
  std::deque<Frame> received;
  size_t accepted = 0;
  for (int step = 0; step < 100 && !choices.empty(); ++step) {
    const size_t action = choices.below(16);
    if (action == 0) {
      merger.end_of_batch();
      continue;
    }
    received.push_back(choices.packet(choices.below(64) == 0 ? 65000 : 300).frame);
    const MergerPeer peer = static_cast<MergerPeer>(choices.below(2));
    if (action < 3) {
      accepted += merger.frame(peer, received.back(), action == 1) ? 1 : 0;
    } else {
      const size_t count = 1 + choices.below(255);
      const SegmentHint hint{static_cast<uint16_t>(choices.below(4)), static_cast<uint8_t>(choices.below(count)),
                             static_cast<uint8_t>(count)};
      accepted += merger.segment(peer, hint, received.back()) ? 1 : 0;
    }
  }
  merger.end_of_batch();
  size_t written = 0;
  for (const auto &one : sink.written) {
    REQUIRE(one.objection.empty());
    written += one.vnet.gso_type == kGsoNone ? 1 : kernel_segments(one.vnet, one.frame).size();
  }
  REQUIRE(written == accepted);
  return 0;
}
