// Frames that are nearly right, with any header: the segments are whole packets and hold the payload.
// sources: ../test/packet_builder.cc ../test/reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc ../segmenter.cc
#include "../segmenter.h"

#include "../test/reference_segmenter.h"
#include "choices.h"
#include "require.h"

using namespace evio;
using namespace evio::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
  Choices choices({input, bytes});
  TapPacket packet = choices.packet(3000);
  if (choices.below(4) == 0) {
    packet.vnet.gso_type = static_cast<uint8_t>(choices.below(256));
    packet.vnet.gso_size = static_cast<uint16_t>(choices.below(65536));
    packet.vnet.csum_start = static_cast<uint16_t>(choices.below(200));
  }
  Frame frame = packet.frame;
  const TapFrame kind = classify_tap_frame(packet.vnet, frame);
  const auto plan = Segmenter::plan(packet.vnet, frame, choices.below(2000));
  if (kind == TapFrame::super_frame) REQUIRE(plan.has_value());
  if (!plan) return 0;
  Frame payload;
  for (size_t i = 0; i < plan->count(); ++i) {
    Frame segment(plan->segment_bytes(i));
    REQUIRE(plan->write(i, segment) == segment.size());
    REQUIRE(restore_checksum_needed(segment).has_value());
    payload.insert(payload.end(), segment.begin() + static_cast<long>(plan->header_bytes()), segment.end());
    const SegmentHint hint = plan->hint(i, 0);
    REQUIRE(hint.index < hint.count && hint.number < plan->numbers());
  }
  REQUIRE(payload == Frame(frame.begin() + static_cast<long>(plan->header_bytes()), frame.end()));
  return 0;
}
