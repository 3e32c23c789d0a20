// Finding headers: what is found, and everything that must be refused.
// sources: packet_builder.cc ../packet_headers.cc ../vnet_header.cc
#include "../packet_headers.h"

#include "check.h"
#include "packet_builder.h"

using namespace evio;
using namespace evio::test;

TEST("headers of every legal shape are found where they were put") {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const PacketShape shape = random_shape(random, 200);
    const TapPacket packet = build_packet(shape, random);
    const auto found = parse_headers(packet.frame);
    CHECK(found.has_value());
    if (!found) return;
    const size_t network = 14 + 4 * static_cast<size_t>(shape.vlan_tags);
    const size_t transport = network + (shape.ipv6 ? 40 : 20 + 4 * shape.ip_option_words);
    CHECK(found->network == network && found->transport == transport);
    CHECK(found->payload == transport + (shape.tcp ? 20 + 4 * shape.tcp_option_words : 8));
    CHECK(found->ipv6 == shape.ipv6 && found->tcp == shape.tcp);
  }
}

TEST("a frame cut short or with bytes behind it is refused") {
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    TapPacket packet = build_packet(random_shape(random, 50), random);
    for (size_t bytes = 0; bytes < packet.frame.size(); ++bytes) {
      CHECK(!parse_headers(Bytes(packet.frame).first(bytes)));
    }
    packet.frame.push_back(0);
    CHECK(!parse_headers(packet.frame));
  }
}

TEST("fragments, extension headers, other protocols and a third VLAN tag are refused") {
  Random random(3);
  TapPacket v4 = build_packet({}, random);
  const auto refused = [](std::vector<uint8_t> frame, size_t at, uint8_t value) {
    frame[at] = value;
    return !parse_headers(frame);
  };
  CHECK(refused(v4.frame, 20, 0x20));  // more fragments
  CHECK(refused(v4.frame, 21, 0x01));  // fragment offset
  CHECK(refused(v4.frame, 23, 132));   // SCTP
  CHECK(refused(v4.frame, 14, 0x44));  // header of 16 bytes
  CHECK(refused(v4.frame, 14, 0x65));  // version 6 in an IPv4 frame
  CHECK(refused(v4.frame, 46, 0x40));  // TCP header of 16 bytes
  CHECK(refused(v4.frame, 12, 0x08 + 1));
  TapPacket v6 = build_packet({.ipv6 = true}, random);
  CHECK(refused(v6.frame, 20, 0));   // hop-by-hop options
  CHECK(refused(v6.frame, 20, 44));  // fragment header
  CHECK(refused(v6.frame, 14, 0x45));
  TapPacket udp = build_packet({.tcp = false}, random);
  CHECK(refused(udp.frame, 39, 9));  // UDP length
  CHECK(parse_headers(build_packet({.vlan_tags = 2}, random).frame));
  std::vector<uint8_t> three = build_packet({.vlan_tags = 2}, random).frame;
  three.insert(three.begin() + 12, {0x81, 0x00, 0x00, 0x01});
  CHECK(!parse_headers(three));
}

RUN_ALL()
