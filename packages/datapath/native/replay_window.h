// Anti-replay window after RFC 6479: a ring of 64-bit blocks, so that moving forward clears whole blocks
// and never shifts bits. Owned by the link thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace evio {

class ReplayWindow {
 public:
  /// Bits in the ring; one block less is the reach back, because the newest block is partly ahead.
  static constexpr uint64_t kBits = 8192;
  static constexpr uint64_t kReach = kBits - 64;

  /// Whether `counter` could still be accepted. Ask before opening, to spare the work for replays.
  bool fresh(uint64_t counter) const {
    if (counter >= next_) return true;
    if (next_ - counter > kReach) return false;
    return (blocks_[block(counter)] & bit(counter)) == 0;
  }

  /// Marks `counter` as received, after its datagram was authenticated.
  /// Returns whether it is newer than all before it. Only for a counter that is `fresh`.
  bool accept(uint64_t counter) {
    const bool newest = counter >= next_;
    if (newest) {
      // The block of the last accepted counter stays; those after it are of an earlier turn.
      const uint64_t from = next_ == 0 ? 0 : (next_ - 1) / 64;
      const uint64_t steps = std::min<uint64_t>(counter / 64 - from, kBlocks);
      for (uint64_t i = 1; i <= steps; ++i) blocks_[(from + i) % kBlocks] = 0;
      next_ = counter + 1;
    }
    blocks_[block(counter)] |= bit(counter);
    return newest;
  }

  /// One more than the newest counter accepted; 0 before the first.
  uint64_t next() const { return next_; }

 private:
  static constexpr size_t kBlocks = kBits / 64;
  static size_t block(uint64_t counter) { return (counter / 64) % kBlocks; }
  static uint64_t bit(uint64_t counter) { return uint64_t{1} << (counter % 64); }

  uint64_t next_ = 0;
  std::array<uint64_t, kBlocks> blocks_{};
};

}  // namespace evio
