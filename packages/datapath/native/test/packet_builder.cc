#include "packet_builder.h"

#include "../packet_headers.h"

namespace evio::test {
namespace {

void append16(std::vector<uint8_t> &frame, size_t value) {
  frame.push_back(static_cast<uint8_t>(value >> 8));
  frame.push_back(static_cast<uint8_t>(value));
}
void append32(std::vector<uint8_t> &frame, size_t value) {
  append16(frame, value >> 16);
  append16(frame, value);
}

}  // namespace

TapPacket build_packet(const PacketShape &shape, Random &random) {
  std::vector<uint8_t> frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  for (int i = 0; i < shape.vlan_tags; ++i) {
    append16(frame, i + 1 < shape.vlan_tags ? 0x88a8 : 0x8100);
    append16(frame, 100 + static_cast<size_t>(i));
  }
  append16(frame, shape.ipv6 ? 0x86dd : 0x0800);
  const size_t transport_header = shape.tcp ? 20 + 4 * shape.tcp_option_words : 8;
  const size_t transport_bytes = transport_header + shape.payload_bytes;
  const uint8_t protocol = shape.tcp ? 6 : 17;
  if (shape.ipv6) {
    append32(frame, size_t{6} << 28 | size_t{shape.traffic_class} << 20 | 0x12345);
    append16(frame, transport_bytes);
    frame.push_back(protocol);
    frame.push_back(64);
    for (uint8_t side : {1, 2}) {
      for (int i = 0; i < 15; ++i) frame.push_back(static_cast<uint8_t>(0xfd + i));
      frame.push_back(side);
    }
  } else {
    frame.push_back(static_cast<uint8_t>(0x45 + shape.ip_option_words));
    frame.push_back(shape.traffic_class);
    append16(frame, 20 + 4 * shape.ip_option_words + transport_bytes);
    append16(frame, shape.identification);
    append16(frame, 0x4000);
    frame.push_back(64);
    frame.push_back(protocol);
    append16(frame, 0);
    append32(frame, 0x0a000001);
    append32(frame, 0x0a000002);
    for (size_t i = 0; i < 4 * shape.ip_option_words; ++i) frame.push_back(1);
  }
  append16(frame, shape.source_port);
  append16(frame, 5201);
  if (shape.tcp) {
    append32(frame, shape.sequence);
    append32(frame, 0x55667788);
    frame.push_back(static_cast<uint8_t>((5 + shape.tcp_option_words) << 4));
    frame.push_back(shape.tcp_flags);
    append32(frame, 0x20000000);
    append16(frame, (shape.tcp_flags & 0x20) != 0 ? 3 : 0);
    for (size_t i = 0; i < 4 * shape.tcp_option_words; ++i) frame.push_back(1);
  } else {
    append16(frame, transport_bytes);
    append16(frame, 0);
  }
  for (size_t i = 0; i < shape.payload_bytes; ++i) frame.push_back(static_cast<uint8_t>(random()));

  const VnetHeader vnet = *restore_checksum_needed(frame);
  TapPacket packet{vnet, std::move(frame)};
  if (shape.gso_size > 0) {
    packet.vnet.gso_size = shape.gso_size;
    packet.vnet.gso_type = !shape.tcp ? kGsoUdp : shape.ipv6 ? kGsoTcp6 : kGsoTcp4;
    if (shape.tcp && (shape.tcp_flags & 0x80) != 0) packet.vnet.gso_type |= kGsoEcn;
  }
  return packet;
}

PacketShape random_shape(Random &random, size_t most_payload) {
  PacketShape shape;
  shape.vlan_tags = static_cast<int>(below(random, 3));
  shape.ipv6 = below(random, 2) == 0;
  shape.tcp = below(random, 4) != 0;
  shape.ip_option_words = below(random, 3) == 0 ? below(random, 11) : 0;
  shape.tcp_option_words = below(random, 11);
  shape.tcp_flags = static_cast<uint8_t>(0x10 | (random() & 0xc9));  // ACK and some of FIN, PSH, ECE, CWR
  shape.traffic_class = static_cast<uint8_t>(random());
  shape.sequence = random();
  shape.identification = static_cast<uint16_t>(random());
  shape.payload_bytes = 1 + below(random, static_cast<uint32_t>(most_payload));
  shape.gso_size = static_cast<uint16_t>(1 + below(random, 1460));
  if (!shape.tcp) {
    // A kernel makes at most 64 datagrams of one.
    shape.gso_size = static_cast<uint16_t>(shape.gso_size + shape.payload_bytes / 64);
  }
  return shape;
}

}  // namespace evio::test
