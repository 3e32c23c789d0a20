// Messages as a TURN client or server sends them.
#pragma once

#include <cstdint>
#include <vector>

#include "../bytes.h"
#include "../turn_deframer.h"

namespace evio::test {

using Message = std::vector<uint8_t>;

/// A STUN message with that many bytes of attributes (a multiple of 4).
inline Message stun_message(size_t attribute_bytes) {
  Message message(kStunHeaderBytes + attribute_bytes, 0x11);
  write_u16(&message[0], 0x0001);
  write_u16(&message[2], static_cast<uint16_t>(attribute_bytes));
  write_u32(&message[4], kStunMagicCookie);
  return message;
}

inline Message channel_message(int channel, size_t payload_bytes) {
  Message message(kChannelHeaderBytes + payload_bytes);
  for (size_t i = 0; i < payload_bytes; ++i) message[kChannelHeaderBytes + i] = static_cast<uint8_t>(i * 7);
  write_u16(&message[0], static_cast<uint16_t>(channel));
  write_u16(&message[2], static_cast<uint16_t>(payload_bytes));
  return message;
}

inline void append_padded(Message &stream, const Message &message) {
  stream.insert(stream.end(), message.begin(), message.end());
  stream.resize((stream.size() + 3) & ~size_t{3});
}

}  // namespace evio::test
