// The segmenter against the reference: byte for byte the same packets once checksums are computed.
// sources: packet_builder.cc reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc ../segmenter.cc
#include "../segmenter.h"

#include <algorithm>

#include "check.h"
#include "packet_builder.h"
#include "reference_segmenter.h"

using namespace evio;
using namespace evio::test;

namespace {

Frame segment(const Segmenter &plan, size_t index) {
  Frame out(plan.segment_bytes(index));
  CHECK(plan.write(index, out) == out.size());
  return out;
}

/// What the receiving kernel makes of one segment.
Frame completed(Frame segment) {
  const auto vnet = restore_checksum_needed(segment);
  CHECK(vnet.has_value());
  return vnet ? kernel_segments(*vnet, segment).at(0) : Frame{};
}

}  // namespace

TEST("segments are those of the reference segmenter") {
  Random random(1);
  for (int i = 0; i < 3000; ++i) {
    const PacketShape shape = random_shape(random, i % 10 == 0 ? 60'000 : 6000);
    const TapPacket packet = build_packet(shape, random);
    const auto found = *parse_headers(packet.frame);
    const size_t room = 500 + below(random, 1500);
    const auto plan = Segmenter::plan(packet.vnet, packet.frame, room);
    CHECK(plan.has_value());
    if (!plan) return;
    size_t size = shape.gso_size;
    if (shape.tcp) size = std::min(size, room - found.payload);
    const auto expected = reference_segments(packet.frame, size);
    CHECK(plan->count() == expected.size());
    for (size_t k = 0; k < expected.size(); ++k) {
      const Frame got = segment(*plan, k);
      if (shape.tcp) CHECK(got.size() <= room);
      CHECK(completed(got) == expected[k]);
      const auto headers = *parse_headers(got);
      CHECK(read_u16(&got[headers.transport + headers.checksum_offset()]) == 0);
    }
  }
}

TEST("headers alone and payload alone make the whole segment") {
  Random random(2);
  const TapPacket packet = build_packet({.tcp_option_words = 3, .payload_bytes = 5000, .gso_size = 1400}, random);
  const auto plan = Segmenter::plan(packet.vnet, packet.frame, 1500);
  for (size_t k = 0; k < plan->count(); ++k) {
    Frame joined(plan->header_bytes());
    CHECK(plan->write_headers(k, joined) == joined.size());
    const Bytes payload = plan->payload_of(k);
    joined.insert(joined.end(), payload.begin(), payload.end());
    CHECK(joined == segment(*plan, k));
  }
}

TEST("nothing is written when there is no room for it") {
  Random random(3);
  const TapPacket packet = build_packet({.payload_bytes = 3000, .gso_size = 1400}, random);
  const auto plan = Segmenter::plan(packet.vnet, packet.frame, 1500);
  Frame out(plan->segment_bytes(0) - 1, 0xee);
  CHECK(plan->write(0, out) == 0);
  CHECK(plan->write_headers(0, MutableBytes(out).first(plan->header_bytes() - 1)) == 0);
  CHECK(std::all_of(out.begin(), out.end(), [](uint8_t byte) { return byte == 0xee; }));
}

TEST("hints number the segments, and a long frame takes several numbers") {
  Random random(4);
  const TapPacket packet = build_packet({.payload_bytes = 600 * 80 - 1, .gso_size = 80}, random);
  const auto plan = Segmenter::plan(packet.vnet, packet.frame, 1500);
  CHECK(plan->count() == 600 && plan->numbers() == 3);
  const auto is = [&](size_t index, uint16_t number, unsigned position, unsigned count) {
    const SegmentHint hint = plan->hint(index, 0xffff);
    return hint.number == number && hint.index == position && hint.count == count;
  };
  CHECK(is(0, 0xffff, 0, 255));
  CHECK(is(254, 0xffff, 254, 255));
  CHECK(is(255, 0, 0, 255));
  CHECK(is(510, 1, 0, 90));
  CHECK(is(599, 1, 89, 90));
}

TEST("a hint survives the wire; one that contradicts itself does not") {
  uint8_t body[kSegmentHintBytes];
  write_segment_hint({0xabcd, 3, 9}, body);
  const auto hint = read_segment_hint(body);
  CHECK(hint && hint->number == 0xabcd && hint->index == 3 && hint->count == 9);
  CHECK(!read_segment_hint(Bytes(body).first(3)));
  body[2] = 9;
  CHECK(!read_segment_hint(body));
  body[3] = 0;
  CHECK(!read_segment_hint(body));
}

TEST("a TCP frame without segmentation is cut only when it is longer than the room") {
  Random random(5);
  TapPacket packet = build_packet({.payload_bytes = 1348}, random);
  CHECK(Segmenter::plan(packet.vnet, packet.frame, 1000)->count() == 2);
  CHECK(Segmenter::plan(packet.vnet, packet.frame, 1500)->count() == 1);
  CHECK(Segmenter::plan(packet.vnet, packet.frame, 100)->count() == 1);  // too little room: not cut
  CHECK(!Segmenter::plan({}, packet.frame, 1000));                       // its checksum is complete
  packet = build_packet({.tcp_flags = 0x12, .payload_bytes = 1348}, random);
  CHECK(!Segmenter::plan(packet.vnet, packet.frame, 1000));  // SYN
  packet = build_packet({.tcp = false, .payload_bytes = 1348}, random);
  CHECK(!Segmenter::plan(packet.vnet, packet.frame, 1000));
}

TEST("a header that does not fit the frame gives no plan") {
  Random random(6);
  const TapPacket packet = build_packet({.payload_bytes = 3000, .gso_size = 1000}, random);
  VnetHeader vnet = packet.vnet;
  vnet.gso_size = 0;
  CHECK(!Segmenter::plan(vnet, packet.frame, 1500));
  vnet = packet.vnet;
  vnet.gso_type = kGsoTcp6;
  CHECK(!Segmenter::plan(vnet, packet.frame, 1500));
  CHECK(!Segmenter::plan(packet.vnet, Bytes(packet.frame).first(500), 1500));
  CHECK(!Segmenter::plan(build_packet({.payload_bytes = 0, .gso_size = 5}, random).vnet,
                         build_packet({.payload_bytes = 0}, random).frame, 1500));
}

RUN_ALL()
