// Builds the frames that a kernel would hand over by its TAP, for tests.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "../bytes.h"
#include "../vnet_header.h"

namespace evio::test {

using Random = std::mt19937;

struct PacketShape {
  int vlan_tags = 0;
  bool ipv6 = false;
  bool tcp = true;
  size_t ip_option_words = 0;   // of 4 bytes; IPv4 only
  size_t tcp_option_words = 0;  // of 4 bytes
  uint8_t tcp_flags = 0x10;     // ACK
  uint8_t traffic_class = 0;
  uint32_t sequence = 1000;
  uint16_t identification = 7;
  uint16_t source_port = 40000;
  size_t payload_bytes = 100;
  uint16_t gso_size = 0;  // 0: not a super-frame
};

struct TapPacket {
  VnetHeader vnet;
  std::vector<uint8_t> frame;
};

/// A frame of that shape with a random payload, its checksum left to be computed.
TapPacket build_packet(const PacketShape &shape, Random &random);
/// A shape that is legal, of any kind.
PacketShape random_shape(Random &random, size_t most_payload);

inline uint32_t below(Random &random, uint32_t limit) { return static_cast<uint32_t>(random() % limit); }

}  // namespace evio::test
