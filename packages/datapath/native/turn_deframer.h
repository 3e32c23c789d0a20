// Finds the messages in the byte stream of a TURN server (RFC 8656 §12.5, RFC 8489 §6.2.2). The server
// is not trusted: memory is bounded, and what is neither STUN nor ChannelData ends the stream.
//
//   STUN         first two bits 00: type u16, length u16 (multiple of 4), magic cookie u32, …; 20 + length
//   ChannelData  first byte 0x40–0x4F: channel u16, length u16, payload, padding to 4
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bytes.h"

namespace evio {

inline constexpr size_t kStunHeaderBytes = 20;
inline constexpr size_t kChannelHeaderBytes = 4;
inline constexpr uint32_t kStunMagicCookie = 0x2112A442;

/// What a message at the start of `bytes` is, as far as it can be told.
struct TurnFraming {
  enum class Kind { incomplete, message, invalid } kind;
  size_t bytes = 0;   // message: its length, without padding
  size_t stride = 0;  // message: its length on the stream, with padding
};
/// `bytes` may hold more or less than one message. Header only: a message is told as soon as its
/// header is there, though its body may be missing.
TurnFraming turn_framing(Bytes bytes);

class TurnDeframer {
 public:
  /// Room for the next bytes of the stream; never empty while next() is called until it has no more.
  MutableBytes room();
  /// `count` bytes were written to room().
  void added(size_t count) { end_ += count; }
  /// The next whole message, valid until room() is called; empty when there is none (yet).
  MutableBytes next();
  /// Whether the stream has lost its framing; nothing comes after that.
  bool failed() const { return failed_; }

 private:
  std::vector<uint8_t> buffer_;  // allocated with the first room()
  size_t start_ = 0;             // first byte not yet handed out
  size_t end_ = 0;               // behind the last byte received
  bool failed_ = false;
};

}  // namespace evio
