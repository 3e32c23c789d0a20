// The merger: what becomes one super-frame, what does not, and in which order.
// sources: packet_builder.cc reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc ../segmenter.cc ../merger.cc
#include "../merger.h"

#include "../segmenter.h"
#include "check.h"
#include "packet_builder.h"
#include "recording_sink.h"
#include "reference_segmenter.h"

using namespace evio;
using namespace evio::test;

namespace {

constexpr MergerPeer kPeer = 5;

/// A sender and a receiver with nothing but the test between them.
struct Link {
  RecordingSink sink;
  Merger merger{sink};
  uint16_t number = 65534;  // wraps soon

  struct Piece {
    SegmentHint hint;
    Frame frame;
  };
  std::vector<Piece> pieces;

  void segments_of(const TapPacket &packet, size_t room = 1500) {
    const auto plan = Segmenter::plan(packet.vnet, packet.frame, room);
    CHECK(plan.has_value());
    for (size_t i = 0; plan && i < plan->count(); ++i) {
      pieces.push_back({plan->hint(i, number), Frame(plan->segment_bytes(i))});
      plan->write(i, pieces.back().frame);
    }
    if (plan) number = static_cast<uint16_t>(number + plan->numbers());
  }
  void arrive(size_t index) { merger.segment(kPeer, pieces[index].hint, pieces[index].frame); }
  void arrive_all() {
    for (size_t i = 0; i < pieces.size(); ++i) arrive(i);
  }
};

TapPacket tcp(Random &random, size_t payload, uint32_t sequence = 1, uint8_t flags = 0x10, uint16_t id = 1) {
  return build_packet({.tcp_option_words = 3,
                       .tcp_flags = flags,
                       .sequence = sequence,
                       .identification = id,
                       .payload_bytes = payload,
                       .gso_size = 1348},
                      random);
}

}  // namespace

TEST("a whole large super-frame is written at once and is the one that was sent") {
  Random random(1);
  for (int i = 0; i < 40; ++i) {
    PacketShape shape = random_shape(random, 20'000);
    shape.payload_bytes += 40'000;
    shape.gso_size = static_cast<uint16_t>(1000 + below(random, 400));
    const TapPacket packet = build_packet(shape, random);
    Link link;
    link.segments_of(packet, 2000);
    link.arrive_all();
    CHECK(link.sink.written.size() == 1);
    link.merger.end_of_batch();
    CHECK(link.sink.written.size() == 1);
    CHECK(link.sink.written[0].frame == packet.frame);
    CHECK(std::memcmp(&link.sink.written[0].vnet, &packet.vnet, sizeof(VnetHeader)) == 0);
    CHECK(link.sink.written[0].peer == kPeer);
  }
}

TEST("small super-frames that continue each other share one write at the end of the batch") {
  Random random(2);
  Link link;
  for (uint32_t k = 0; k < 4; ++k) {
    link.segments_of(tcp(random, 2696, 1 + k * 2696, 0x10, static_cast<uint16_t>(9 + 2 * k)));
  }
  link.arrive_all();
  CHECK(link.sink.written.empty());
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 1);
  CHECK(link.sink.written[0].vnet.gso_size == 1348);
  CHECK(link.merger.counters().merged == 8);
}

TEST("a super-frame that ends with PSH or FIN is not continued") {
  Random random(3);
  for (uint8_t flag : {kTcpPsh, kTcpFin}) {
    Link link;
    link.segments_of(tcp(random, 2696, 1, 0x10 | flag, 9));
    link.segments_of(tcp(random, 2696, 2697, 0x10, 11));
    link.arrive_all();
    link.merger.end_of_batch();
    CHECK(link.sink.written.size() == 2);
  }
}

TEST("a lost segment leaves the runs before and behind it") {
  Random random(4);
  Link link;
  link.segments_of(tcp(random, 1348 * 10));
  for (size_t i : {0, 1, 2, 4, 5, 6, 7, 8, 9}) link.arrive(i);
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 2);
  CHECK(link.sink.payload_of(0) == 3 * 1348 && link.sink.payload_of(1) == 6 * 1348);
}

TEST("reordering inside of a batch is undone") {
  Random random(5);
  Link link;
  link.segments_of(tcp(random, 1348 * 20 - 7));
  link.segments_of(tcp(random, 1348 * 20, 1 + 1348 * 20 - 7, 0x10, 21));
  for (size_t i = 40; i-- > 0;) link.arrive(i);
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 2);
  CHECK(link.sink.payload_of(0) == 1348 * 20 - 7 && link.sink.payload_of(1) == 1348 * 20);
}

TEST("a super-frame over the border of two batches is written in two parts") {
  Random random(6);
  Link link;
  link.segments_of(tcp(random, 1348 * 40, 1, 0x18));
  for (size_t i = 0; i < 10; ++i) link.arrive(i);
  link.merger.end_of_batch();
  for (size_t i = 10; i < 40; ++i) link.arrive(i);
  CHECK(link.sink.written.size() == 2);  // the second did not wait
  CHECK(link.sink.payload_of(0) == 10 * 1348 && link.sink.payload_of(1) == 30 * 1348);
  CHECK(!link.sink.has_flag(0, kTcpPsh) && link.sink.has_flag(1, kTcpPsh));
}

TEST("UDP datagrams keep their borders, and a gap splits them though they have no sequence number") {
  Random random(7);
  for (const bool ipv6 : {false, true}) {
    Link link;
    link.segments_of(build_packet({.ipv6 = ipv6, .tcp = false, .payload_bytes = 9950, .gso_size = 1000}, random));
    for (size_t i : {0, 1, 2, 3, 5, 6, 7, 8, 9}) link.arrive(i);
    link.merger.end_of_batch();
    CHECK(link.sink.written.size() == 2);
    CHECK(link.sink.written[0].vnet.gso_type == kGsoUdp && link.sink.written[1].vnet.gso_size == 1000);
    CHECK(link.sink.payload_of(0) == 4000 && link.sink.payload_of(1) == 4950);
  }
}

TEST("a UDP datagram shorter than those before ends the super-frame, and a longer one is not part of it") {
  Random random(18);
  Link link;
  uint8_t index = 0;
  for (const size_t bytes : {500, 500, 400, 500, 500, 600}) {
    link.pieces.push_back({{0, index++, 6}, build_packet({.ipv6 = true, .tcp = false, .payload_bytes = bytes}, random).frame});
  }
  link.arrive_all();
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 3);
  CHECK(link.sink.payload_of(0) == 1400 && link.sink.payload_of(1) == 1000 && link.sink.payload_of(2) == 600);
  for (const auto &written : link.sink.written) CHECK(written.objection.empty());
}

TEST("what continues for longer than an IP packet can be is written in parts") {
  Random random(19);
  for (const bool ipv6 : {false, true}) {
    Link link;
    PacketShape shape{.ipv6 = ipv6, .payload_bytes = 48 * 1300, .gso_size = 1300};
    for (int k = 0; k < 3; ++k) {
      link.segments_of(build_packet(shape, random));
      shape.sequence += 48 * 1300;
      shape.identification = static_cast<uint16_t>(shape.identification + 48);
    }
    for (size_t i = link.pieces.size(); i-- > 0;) link.arrive(i);
    link.merger.end_of_batch();
    CHECK(link.sink.written.size() == 3);
    for (const auto &written : link.sink.written) CHECK(written.objection.empty());
  }
}

TEST("more than 64 UDP datagrams are written in parts that every kernel takes") {
  Random random(8);
  Link link;
  link.segments_of(build_packet({.tcp = false, .ip_option_words = 0, .payload_bytes = 100 * 300, .gso_size = 300}, random));
  link.arrive_all();
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 2);
}

TEST("a frame of the same flow comes behind what is held, one of another flow does not wait") {
  Random random(9);
  Link link;
  link.segments_of(tcp(random, 1348 * 3));
  link.arrive_all();
  TapPacket other = build_packet({.source_port = 1, .payload_bytes = 10}, random);
  CHECK(link.merger.frame(kPeer, other.frame, true));
  CHECK(link.sink.written.size() == 1);
  TapPacket of_other_peer = tcp(random, 10);
  CHECK(link.merger.frame(kPeer + 1, of_other_peer.frame, true));
  CHECK(link.sink.written.size() == 2);
  TapPacket same = tcp(random, 10, 1 + 3 * 1348);
  CHECK(link.merger.frame(kPeer, same.frame, true));
  CHECK(link.sink.written.size() == 4);
  CHECK(link.sink.payload_of(2) == 3 * 1348 && link.sink.payload_of(3) == 10);
}

TEST("segments of different peers never meet, though their headers are the same") {
  Random random(10);
  Link link;
  link.segments_of(tcp(random, 1348 * 2));
  link.merger.segment(1, link.pieces[0].hint, link.pieces[0].frame);
  link.merger.segment(2, link.pieces[1].hint, link.pieces[1].frame);
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 2);
  CHECK(link.merger.counters().alone == 2);
}

TEST("segments whose headers differ in anything are not merged") {
  Random random(11);
  const PacketShape shape{.ip_option_words = 1, .tcp_option_words = 3, .payload_bytes = 2000, .gso_size = 1000};
  const TapPacket packet = build_packet(shape, random);
  Link probe;
  probe.segments_of(packet);
  const auto headers = *parse_headers(probe.pieces[0].frame);
  size_t split = 0;
  for (size_t at = 0; at < headers.payload; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Link link;
      link.segments_of(packet);
      link.pieces[1].frame[at] ^= static_cast<uint8_t>(1 << bit);
      link.arrive_all();
      link.merger.end_of_batch();
      for (const auto &written : link.sink.written) CHECK(written.objection.empty());
      const size_t network = at - headers.network;
      const size_t transport = at - headers.transport;
      const bool ignored = (at >= headers.network && (network == 10 || network == 11)) ||
                           (at >= headers.transport && (transport == 16 || transport == 17));
      const bool ends = transport == kTcpFlags && ((1 << bit) & (kTcpFin | kTcpPsh)) != 0;
      if (ignored || ends) {
        CHECK(link.sink.written.size() == 1);
      } else {
        CHECK(link.merger.counters().super_frames == 0);
        ++split;
      }
    }
  }
  CHECK(split > 500);
}

TEST("segments with SYN, RST, URG or without payload go out alone") {
  Random random(12);
  for (uint8_t flag : {kTcpSyn, kTcpRst, kTcpUrg}) {
    Link link;
    link.segments_of(tcp(random, 2696, 1, 0x10 | flag));
    link.arrive_all();
    link.merger.end_of_batch();
    CHECK(link.sink.written.size() == 2);
  }
  Link link;
  TapPacket empty = tcp(random, 0);
  empty.vnet = {};
  link.merger.segment(kPeer, {0, 0, 2}, empty.frame);
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 1 && link.sink.written[0].objection.empty());
}

TEST("CWR stays in the first segment and sets the ECN bit") {
  Random random(13);
  Link link;
  link.segments_of(tcp(random, 1348 * 4, 1, 0x10 | kTcpCwr));
  link.arrive_all();
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 1);
  CHECK(link.sink.written[0].vnet.gso_type == (kGsoTcp4 | kGsoEcn));
}

TEST("a duplicate does not disturb the rest") {
  Random random(14);
  Link link;
  link.segments_of(tcp(random, 1348 * 4));
  std::vector<uint8_t> copy = link.pieces[1].frame;
  for (size_t i : {0, 1}) link.arrive(i);
  link.merger.segment(kPeer, link.pieces[1].hint, copy);
  for (size_t i : {2, 3}) link.arrive(i);
  link.merger.end_of_batch();
  size_t payload = 0;
  for (size_t i = 0; i < link.sink.written.size(); ++i) payload += link.sink.payload_of(i);
  CHECK(payload == 5 * 1348);
}

TEST("malformed segments and frames are dropped and counted") {
  Random random(15);
  Link link;
  std::vector<uint8_t> noise(60, 0x45);
  CHECK(!link.merger.segment(kPeer, {0, 0, 1}, noise));
  CHECK(!link.merger.frame(kPeer, noise, true));
  CHECK(!link.merger.frame(kPeer, MutableBytes(noise).first(13), false));
  std::vector<uint8_t> huge(kLargestFrameBytes + 1);
  CHECK(!link.merger.frame(kPeer, huge, false));
  CHECK(link.merger.counters().malformed == 4);
  CHECK(link.merger.frame(kPeer, noise, false));
  CHECK(link.sink.written.size() == 1);
}

TEST("what is held of a peer that is gone is dropped") {
  Random random(16);
  Link link;
  link.segments_of(tcp(random, 1348 * 4));
  link.arrive_all();
  link.merger.forget(kPeer);
  link.merger.end_of_batch();
  CHECK(link.sink.written.empty());
}

TEST("a peer with many flows or endless super-frames holds a bounded number of segments") {
  Random random(17);
  Link link;
  std::vector<TapPacket> keep;
  for (uint16_t port = 0; port < 200; ++port) {
    keep.push_back(build_packet({.source_port = port, .payload_bytes = 100}, random));
    link.merger.segment(kPeer, {port, 0, 9}, keep.back().frame);
  }
  CHECK(link.sink.written.size() == 200 - Merger::kMostFlows);
  link.merger.end_of_batch();
  CHECK(link.sink.written.size() == 200);
  for (uint16_t i = 0; i < 600; ++i) {
    keep.push_back(build_packet({.sequence = i * 1000u, .payload_bytes = 10}, random));
    link.merger.segment(kPeer, {i, 3, 9}, keep.back().frame);
  }
  CHECK(link.sink.written.size() == 200 + Merger::kMostHeld);
}

RUN_ALL()
