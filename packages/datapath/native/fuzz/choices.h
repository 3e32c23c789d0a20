// Turns a fuzzer's input into choices, and into packets that are nearly right.
#pragma once

#include <cstdint>

#include "../test/packet_builder.h"

namespace evio::test {

class Choices {
 public:
  explicit Choices(Bytes input) : rest_(input) {}

  bool empty() const { return rest_.empty(); }
  /// 0 … limit - 1; 0 when the input is used up.
  size_t below(size_t limit) {
    size_t value = 0;
    for (size_t span = limit - 1; span > 0; span >>= 8) value = value << 8 | byte();
    return value % limit;
  }

  /// A packet of a small world, so that packets meet in flows, with at most three bytes overwritten.
  TapPacket packet(size_t most_payload) {
    PacketShape shape;
    const size_t kind = below(256);
    shape.vlan_tags = static_cast<int>(kind & 3) % 3;
    shape.ipv6 = (kind & 4) != 0;
    shape.tcp = (kind & 8) == 0;
    shape.ip_option_words = (kind & 16) != 0 ? below(11) : 0;
    shape.tcp_option_words = (kind & 32) != 0 ? below(11) : 3;
    shape.tcp_flags = (kind & 64) != 0 ? static_cast<uint8_t>(below(256)) : 0x10;
    shape.payload_bytes = below(4) != 0 ? 100 : below(most_payload);
    shape.sequence = static_cast<uint32_t>(100 * below(8));
    shape.identification = static_cast<uint16_t>(below(8));
    shape.gso_size = static_cast<uint16_t>((kind & 128) != 0 ? 1 + below(1500) : 100);
    TapPacket packet = build_packet(shape, random_);
    for (size_t patches = below(8) == 0 ? below(4) : 0; patches > 0; --patches) {
      packet.frame[below(packet.frame.size())] = static_cast<uint8_t>(below(256));
    }
    return packet;
  }

 private:
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }

  Bytes rest_;
  Random random_{1};
};

}  // namespace evio::test
