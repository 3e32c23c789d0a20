#include "mac_table.h"

#include <algorithm>

namespace evio {
namespace {

constexpr MacBits mac_of(uint64_t word) { return word >> 16; }
constexpr Owner owner_of(uint64_t word) { return static_cast<Owner>(word); }
constexpr uint64_t word_of(MacBits mac, Owner owner) { return mac << 16 | owner; }

/// Finalizer of SplitMix64: every input bit reaches every output bit.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

std::array<size_t, 2> MacTable::sets_of(MacBits mac) const {
  const uint64_t hash = mix(mix(mac ^ secret_) + secret_);
  return {hash % kSets, (hash >> 32) % kSets};
}

const MacTable::Cell *MacTable::lookup(MacBits mac) const {
  for (const size_t set : sets_of(mac)) {
    for (size_t way = 0; way < kWays; ++way) {
      const Cell &cell = cells_[set * kWays + way];
      const uint64_t word = cell.word.load(std::memory_order_acquire);
      if (word != 0 && mac_of(word) == mac) return &cell;
    }
  }
  return nullptr;
}

std::optional<Owner> MacTable::find(MacBits mac, Micros now) const {
  for (const size_t set : sets_of(mac)) {
    for (size_t way = 0; way < kWays; ++way) {
      const Cell &cell = cells_[set * kWays + way];
      // The owner comes from the same load as the MAC: the cell may change hands in between.
      const uint64_t word = cell.word.load(std::memory_order_acquire);
      if (word == 0 || mac_of(word) != mac) continue;
      if (now - cell.seen.load(std::memory_order_relaxed) > kMaxAge) return {};
      return owner_of(word);
    }
  }
  return {};
}

Learned MacTable::learn(MacBits mac, Owner owner, Micros now, Owner *before) {
  if (mac == 0 || is_group(mac)) return Learned::known;
  if (const Cell *cell = lookup(mac)) {
    const uint64_t word = cell->word.load(std::memory_order_acquire);
    if (word == word_of(mac, owner)) {
      auto &seen = const_cast<Cell *>(cell)->seen;
      // A second is exact enough, and spares the other threads' caches.
      if (now - seen.load(std::memory_order_relaxed) > kSecond) {
        seen.store(now, std::memory_order_relaxed);
      }
      return Learned::known;
    }
  }
  const std::lock_guard lock(changing_);
  Cell *oldest = nullptr;
  Cell *free = nullptr;
  for (const size_t set : sets_of(mac)) {
    for (size_t way = 0; way < kWays; ++way) {
      Cell &cell = cells_[set * kWays + way];
      const uint64_t word = cell.word.load(std::memory_order_relaxed);
      if (word != 0 && mac_of(word) == mac) {
        const Micros age = now - cell.seen.load(std::memory_order_relaxed);
        const bool moved = owner_of(word) != owner && age <= kMaxAge;
        if (moved && before != nullptr) *before = owner_of(word);
        cell.seen.store(now, std::memory_order_relaxed);
        cell.word.store(word_of(mac, owner), std::memory_order_release);
        return moved ? Learned::moved : Learned::added;
      }
      if (word == 0) {
        if (free == nullptr) free = &cell;
      } else if (oldest == nullptr || cell.seen.load(std::memory_order_relaxed) <
                                          oldest->seen.load(std::memory_order_relaxed)) {
        oldest = &cell;
      }
    }
  }
  Cell *chosen = free != nullptr ? free : oldest;
  const bool evicting =
      free == nullptr && now - chosen->seen.load(std::memory_order_relaxed) <= kMaxAge;
  chosen->seen.store(now, std::memory_order_relaxed);
  chosen->word.store(word_of(mac, owner), std::memory_order_release);
  return evicting ? Learned::evicting : Learned::added;
}

void MacTable::forget(Owner owner) {
  const std::lock_guard lock(changing_);
  for (Cell &cell : cells_) {
    const uint64_t word = cell.word.load(std::memory_order_relaxed);
    if (word != 0 && owner_of(word) == owner) cell.word.store(0, std::memory_order_release);
  }
}

std::vector<MacTable::Entry> MacTable::entries(Micros now) const {
  std::vector<Entry> found;
  for (const Cell &cell : cells_) {
    const uint64_t word = cell.word.load(std::memory_order_acquire);
    const Micros age = now - cell.seen.load(std::memory_order_relaxed);
    if (word != 0 && age <= kMaxAge) found.push_back({mac_of(word), owner_of(word), std::max<Micros>(age, 0)});
  }
  return found;
}

}  // namespace evio
