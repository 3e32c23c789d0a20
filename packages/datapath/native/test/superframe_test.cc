// Segmenter, a network that loses, reorders and duplicates, and merger, together: what the receiving
// kernel gets is, byte for byte, the segments that arrived.
// sources: packet_builder.cc reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc ../segmenter.cc ../merger.cc
#include <algorithm>
#include <map>

#include "../merger.h"
#include "../segmenter.h"
#include "check.h"
#include "packet_builder.h"
#include "recording_sink.h"
#include "reference_segmenter.h"

using namespace evio;
using namespace evio::test;

namespace {

struct Datagram {
  MergerPeer peer;
  std::optional<SegmentHint> hint;  // none: a frame of kind 1
  Frame frame;
};

/// What travels for one frame from the TAP.
void send(const TapPacket &packet, MergerPeer peer, size_t room, uint16_t &number, std::vector<Datagram> &out) {
  Frame frame = packet.frame;
  if (classify_tap_frame(packet.vnet, frame) != TapFrame::super_frame) {
    out.push_back({peer, std::nullopt, std::move(frame)});
    return;
  }
  const auto plan = Segmenter::plan(packet.vnet, frame, room);
  CHECK(plan.has_value());
  for (size_t i = 0; i < plan->count(); ++i) {
    out.push_back({peer, plan->hint(i, number), Frame(plan->segment_bytes(i))});
    plan->write(i, out.back().frame);
  }
  number = static_cast<uint16_t>(number + plan->numbers());
}

/// The packet that a datagram's frame is, with all checksums.
Frame completed(Frame frame) {
  const auto vnet = restore_checksum_needed(frame);
  CHECK(vnet.has_value());
  return kernel_segments(*vnet, frame).at(0);
}

/// Delivers in batches; returns what the kernel makes of what is written, in order.
std::vector<Frame> receive(std::vector<Datagram> datagrams, Random &random) {
  RecordingSink sink;
  Merger merger(sink);
  for (Datagram &datagram : datagrams) {
    if (datagram.hint) {
      merger.segment(datagram.peer, *datagram.hint, datagram.frame);
    } else {
      merger.frame(datagram.peer, datagram.frame, true);
    }
    if (below(random, 40) == 0) merger.end_of_batch();
  }
  merger.end_of_batch();
  std::vector<Frame> packets;
  for (const auto &written : sink.written) {
    CHECK(written.objection.empty());
    if (!written.objection.empty()) std::fprintf(stderr, "  kernel: %s\n", written.objection.c_str());
    for (Frame &packet : kernel_segments(written.vnet, written.frame)) packets.push_back(std::move(packet));
  }
  return packets;
}

/// A TCP sender: super-frames of one stream, in order.
std::vector<TapPacket> stream(PacketShape shape, size_t frames, Random &random) {
  std::vector<TapPacket> packets;
  for (size_t i = 0; i < frames; ++i) {
    shape.payload_bytes = 1 + below(random, below(random, 3) == 0 ? 40'000 : 4000);
    shape.tcp_flags = static_cast<uint8_t>(0x10 | (below(random, 3) == 0 ? 0x08 : 0) | (below(random, 8) == 0 ? 0x80 : 0));
    packets.push_back(build_packet(shape, random));
    shape.sequence += static_cast<uint32_t>(shape.payload_bytes);
    shape.identification = static_cast<uint16_t>(shape.identification + (shape.payload_bytes + shape.gso_size - 1) / shape.gso_size);
  }
  return packets;
}

}  // namespace

TEST("without loss the kernel gets the very packets that the sender's kernel would have sent, in order") {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    PacketShape shape = random_shape(random, 1);
    shape.tcp = true;
    shape.gso_size = static_cast<uint16_t>(200 + below(random, 1200));
    std::vector<Datagram> datagrams;
    std::vector<Frame> expected;
    uint16_t number = static_cast<uint16_t>(random());
    for (const TapPacket &packet : stream(shape, 30, random)) {
      send(packet, 1, 2000, number, datagrams);
      for (Frame &one : reference_segments(packet.frame, shape.gso_size)) expected.push_back(std::move(one));
    }
    CHECK(receive(std::move(datagrams), random) == expected);
  }
}

TEST("with loss, reordering and duplicates, and several peers and flows, nothing is altered, added or lost") {
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    Random random(seed);
    std::vector<Datagram> datagrams;
    for (MergerPeer peer = 1; peer <= 3; ++peer) {
      uint16_t number = static_cast<uint16_t>(random());
      for (int flow = 0; flow < 3; ++flow) {
        PacketShape shape = random_shape(random, 1);
        shape.source_port = static_cast<uint16_t>(flow);
        shape.gso_size = static_cast<uint16_t>(800 + below(random, 600));
        const size_t room = 600 + below(random, 1400);
        for (const TapPacket &packet : stream(shape, 6, random)) send(packet, peer, room, number, datagrams);
      }
    }
    // A network: each datagram may vanish, come twice, or overtake some others.
    std::vector<std::pair<size_t, Datagram>> arrivals;
    for (size_t i = 0; i < datagrams.size(); ++i) {
      if (below(random, 25) == 0) continue;
      const int copies = below(random, 50) == 0 ? 2 : 1;
      for (int c = 0; c < copies; ++c) {
        arrivals.emplace_back(i + (below(random, 10) == 0 ? below(random, 30) : 0), datagrams[i]);
      }
    }
    std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<Datagram> arrived;
    std::vector<Frame> expected;
    for (auto &[when, datagram] : arrivals) {
      expected.push_back(completed(datagram.frame));
      arrived.push_back(std::move(datagram));
    }
    std::vector<Frame> got = receive(std::move(arrived), random);
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    CHECK(got == expected);
  }
}

TEST("a TCP stream that is sent again until all has come arrives byte for byte") {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    PacketShape shape = random_shape(random, 1);
    shape.tcp = true;
    shape.sequence = 0xffffffff - below(random, 100'000);  // wraps on the way
    shape.gso_size = 1348;
    const std::vector<TapPacket> sent = stream(shape, 20, random);
    std::vector<uint8_t> bytes;
    for (const TapPacket &packet : sent) {
      bytes.insert(bytes.end(), packet.frame.begin() + parse_headers(packet.frame)->payload, packet.frame.end());
    }
    std::vector<uint8_t> got(bytes.size());
    std::vector<bool> has(bytes.size());
    uint16_t number = 0;
    for (int round = 0; round < 40 && std::find(has.begin(), has.end(), false) != has.end(); ++round) {
      std::vector<Datagram> datagrams;
      for (const TapPacket &packet : sent) send(packet, 1, 1300, number, datagrams);
      std::erase_if(datagrams, [&](const Datagram &) { return below(random, 5) == 0; });
      for (size_t i = 1; i < datagrams.size(); ++i) {
        if (below(random, 4) == 0) std::swap(datagrams[i], datagrams[i - 1]);
      }
      for (const Frame &packet : receive(std::move(datagrams), random)) {
        CHECK(checksums_hold(packet));
        const auto headers = *parse_headers(packet);
        const size_t at = read_u32(&packet[headers.transport + 4]) - shape.sequence;
        CHECK(at + packet.size() - headers.payload <= got.size());
        for (size_t i = headers.payload; i < packet.size(); ++i) {
          got[at + i - headers.payload] = packet[i];
          has[at + i - headers.payload] = true;
        }
      }
    }
    CHECK(got == bytes);
  }
}

TEST("hostile hints and headers never make a frame that the kernel refuses") {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    std::vector<Datagram> datagrams;
    for (int i = 0; i < 300; ++i) {
      PacketShape shape = random_shape(random, below(random, 20) == 0 ? 60'000 : 300);
      shape.tcp = below(random, 2) == 0;
      shape.ipv6 = false;
      shape.vlan_tags = 0;
      shape.sequence = 1000 + 100 * below(random, 20);
      shape.tcp_option_words = 0;
      shape.ip_option_words = 0;
      shape.traffic_class = 0;
      shape.payload_bytes = below(random, 2) == 0 ? 100 : shape.payload_bytes;
      shape.identification = static_cast<uint16_t>(below(random, 4));
      TapPacket packet = build_packet(shape, random);
      const uint8_t count = static_cast<uint8_t>(1 + below(random, 255));
      datagrams.push_back({below(random, 2),
                           SegmentHint{static_cast<uint16_t>(random()), static_cast<uint8_t>(below(random, count)), count},
                           std::move(packet.frame)});
    }
    std::vector<Frame> expected;
    for (const Datagram &datagram : datagrams) expected.push_back(completed(datagram.frame));
    std::vector<Frame> got = receive(std::move(datagrams), random);
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    CHECK(got == expected);
  }
}

RUN_ALL()
