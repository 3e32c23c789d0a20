// Which of the newest sequences of one run of numbers came. Sequences are serial numbers modulo 2^32
// (RFC 1982).
#pragma once

#include <array>
#include <cstdint>

#include "clock.h"

namespace evio {

class SequenceWindow {
 public:
  /// How far a sequence may be from the newest, on either side.
  static constexpr uint32_t kSpan = 1024;

  SequenceWindow() = default;
  SequenceWindow(uint32_t first, Micros now) : used(now), newest_(first) {}

  /// When a sequence of this run came last.
  Micros used = 0;

  bool fits(uint32_t sequence) const {
    return used != 0 && (sequence - newest_ < kSpan || newest_ - sequence < kSpan);
  }

  /// Marks a sequence that fits; true when it was marked before.
  bool marked(uint32_t sequence, Micros now) {
    used = now;
    for (; sequence - newest_ - 1 < kSpan; ++newest_) word(newest_ + 1) &= ~bit(newest_ + 1);
    const bool before = (word(sequence) & bit(sequence)) != 0;
    word(sequence) |= bit(sequence);
    return before;
  }

 private:
  uint64_t &word(uint32_t sequence) { return bits_[sequence % kSpan / 64]; }
  static uint64_t bit(uint32_t sequence) { return uint64_t{1} << sequence % 64; }

  uint32_t newest_ = 0;
  std::array<uint64_t, kSpan / 64> bits_{};
};

}  // namespace evio
