#include "turn_deframer.h"

#include <cstring>

namespace evio {
namespace {

/// The longest message: STUN's length field and its header.
constexpr size_t kLongestMessage = kStunHeaderBytes + 65535;
/// Least room offered for one read.
constexpr size_t kLeastRoom = 16 * 1024;
constexpr size_t kBufferBytes = kLongestMessage + 2 * kLeastRoom;

size_t padded(size_t bytes) { return (bytes + 3) & ~size_t{3}; }

}  // namespace

TurnFraming turn_framing(Bytes bytes) {
  using Kind = TurnFraming::Kind;
  if (bytes.empty()) return {Kind::incomplete};
  const bool stun = bytes[0] <= 0x3f;
  const bool channel = (bytes[0] & 0xf0) == 0x40;
  if (!stun && !channel) return {Kind::invalid};
  if (bytes.size() < kChannelHeaderBytes) return {Kind::incomplete};
  const size_t length = read_u16(&bytes[2]);
  if (channel) return {Kind::message, kChannelHeaderBytes + length, padded(kChannelHeaderBytes + length)};
  if (length % 4 != 0) return {Kind::invalid};
  if (bytes.size() < 8) return {Kind::incomplete};
  if (read_u32(&bytes[4]) != kStunMagicCookie) return {Kind::invalid};
  return {Kind::message, kStunHeaderBytes + length, kStunHeaderBytes + length};
}

MutableBytes TurnDeframer::room() {
  if (buffer_.empty()) buffer_.resize(kBufferBytes);
  if (start_ == end_) {
    start_ = end_ = 0;
  } else if (buffer_.size() - end_ < kLeastRoom) {
    // What is left is less than one message, so this always makes room.
    std::memmove(buffer_.data(), &buffer_[start_], end_ - start_);
    end_ -= start_;
    start_ = 0;
  }
  return MutableBytes(buffer_).subspan(end_);
}

MutableBytes TurnDeframer::next() {
  if (failed_) return {};
  const MutableBytes waiting = MutableBytes(buffer_).subspan(start_, end_ - start_);
  const TurnFraming framing = turn_framing(waiting);
  if (framing.kind == TurnFraming::Kind::invalid) failed_ = true;
  if (framing.kind != TurnFraming::Kind::message || framing.stride > waiting.size()) return {};
  start_ += framing.stride;
  return waiting.first(framing.bytes);
}

}  // namespace evio
