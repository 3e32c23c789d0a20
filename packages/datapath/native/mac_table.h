// Which node a MAC address lives behind: a bounded, set-associative table that the frame threads read
// without a lock.
//
// An entry is one 64-bit word (MAC in the upper 48 bits, owner in the lower 16) and the time it was
// last seen. So a look-up sees either the old or the new owner, never half of each. Adding, moving and
// removing take the mutex; they are rare, seeing a known address again only stores the time.
//
// A MAC may stand in either of two sets of eight; the sets are chosen with a secret, so that nobody can
// choose addresses that fall together. When both are full, the entry unseen for longest goes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "clock.h"

namespace evio {

/// A MAC address in the lower 48 bits.
using MacBits = uint64_t;
/// Slot of the peer that owns an address.
using Owner = uint16_t;
inline constexpr Owner kLocalOwner = 0;

inline MacBits read_mac(const uint8_t *p) {
  MacBits mac = 0;
  for (int i = 0; i < 6; ++i) mac = mac << 8 | p[i];
  return mac;
}

/// Broadcast or multicast (IEEE 802 group bit).
inline bool is_group(MacBits mac) { return (mac >> 40 & 1) != 0; }

enum class Learned : uint8_t { known, added, moved, evicting };

class MacTable {
 public:
  static constexpr Micros kMaxAge = 300 * kSecond;
  /// When a pinned address was seen: in no foreseeable past.
  static constexpr Micros kPinned = Micros{1} << 62;
  static constexpr size_t kSets = 512;
  static constexpr size_t kWays = 8;

  explicit MacTable(uint64_t secret) : secret_(secret), cells_(kSets * kWays) {}

  /// The owner of `mac`, unless nothing was heard of it for 300 s. Any thread.
  std::optional<Owner> find(MacBits mac, Micros now) const;

  /// Notes that `mac` was seen behind `owner`; when it moved, `before` gets the former owner. Any thread.
  Learned learn(MacBits mac, Owner owner, Micros now, Owner *before = nullptr);

  /// Notes that `mac` belongs to `owner` until it is seen elsewhere or that is forgotten, even if nothing is
  /// heard of it. Any thread.
  void pin(MacBits mac, Owner owner) { learn(mac, owner, kPinned); }

  /// Removes all addresses of an owner. Any thread.
  void forget(Owner owner);

  struct Entry {
    MacBits mac;
    Owner owner;
    Micros age;
  };
  /// All that are not too old. Any thread.
  std::vector<Entry> entries(Micros now) const;

 private:
  struct Cell {
    std::atomic<uint64_t> word{0};  // 0: empty (the all-zero MAC is never learned)
    std::atomic<Micros> seen{0};
  };
  std::array<size_t, 2> sets_of(MacBits mac) const;
  const Cell *lookup(MacBits mac) const;

  const uint64_t secret_;
  std::vector<Cell> cells_;
  std::mutex changing_;
};

}  // namespace evio
