// Which IP address has which MAC, as node records tell and as ARP and ND frames show: so that questions for
// them need not leave the host. Bounded. Any thread; looked at only for ARP and ND frames, so behind a lock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "clock.h"
#include "mac_table.h"

namespace evio {

/// An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
using IpBits = unsigned __int128;

inline constexpr IpBits ipv4_bits(uint32_t address) { return IpBits{0xffff00000000u} | address; }

class AddressTable {
 public:
  /// What frames showed counts for this long after it was last shown.
  static constexpr Micros kMaxAge = 60 * kSecond;
  static constexpr size_t kMaxSeen = 4096;
  static constexpr size_t kMaxTold = 65536;
  /// Who asks again within this time was not helped by our answer: it goes to all.
  static constexpr Micros kPatience = 3 * kSecond;

  enum class Side : uint8_t { local, remote };

  /// From a node record: counts until it is forgotten, and no frame overrules it.
  bool learn(IpBits ip, MacBits mac) {
    const std::lock_guard lock(mutex_);
    auto at = entries_.find(ip);
    if (at == entries_.end()) {
      if (told_ >= kMaxTold) return false;
      at = entries_.emplace(ip, Entry{}).first;
      ++told_;
    } else if (!at->second.told) {
      --seen_;
      ++told_;
    }
    at->second.mac = mac;
    at->second.told = true;
    at->second.side = Side::remote;
    return true;
  }
  void forget(IpBits ip) {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(ip);
    if (at == entries_.end() || !at->second.told) return;
    --told_;
    entries_.erase(at);
  }

  /// From a frame. `router`: as a neighbour advertisement says; nothing when the frame does not say.
  void see(IpBits ip, MacBits mac, std::optional<bool> router, Side side, Micros now) {
    const std::lock_guard lock(mutex_);
    auto at = entries_.find(ip);
    if (at == entries_.end()) {
      if (seen_ >= kMaxSeen && !sweep(now)) return;
      at = entries_.emplace(ip, Entry{}).first;
      ++seen_;
    }
    Entry &entry = at->second;
    if (router) entry.router = *router;
    if (entry.told) {
      // Seen here, it has moved here or there is a second one: then who asks shall hear both.
      if (side == Side::local || mac == entry.mac) entry.side = side;
      return;
    }
    entry.mac = mac;
    entry.side = side;
    entry.at = now;
  }

  struct Answer {
    MacBits mac;
    bool router;
  };
  /// What to tell `asker`; nothing when the question is to go to all.
  std::optional<Answer> answer(IpBits ip, MacBits asker, Micros now) {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(ip);
    if (at == entries_.end()) return {};
    Entry &entry = at->second;
    if (entry.side == Side::local || (!entry.told && now - entry.at > kMaxAge)) return {};
    const bool again = entry.asker == asker && now - entry.answered < kPatience;
    entry.asker = again ? 0 : asker;
    entry.answered = now;
    if (again) return {};
    return Answer{entry.mac, entry.router};
  }

 private:
  struct Entry {
    MacBits mac = 0;
    bool told = false;
    bool router = false;
    Side side = Side::remote;
    Micros at = 0;
    MacBits asker = 0;  // who was answered last, and when
    Micros answered = 0;
  };

  /// Removes what is too old, once a second at most: a table that is full stays full for that long, which
  /// costs less than a search for each address that somebody invents.
  bool sweep(Micros now) {
    if (now - swept_ < kSecond) return false;
    swept_ = now;
    std::erase_if(entries_, [&](const auto &row) { return !row.second.told && now - row.second.at > kMaxAge; });
    seen_ = entries_.size() - told_;
    return seen_ < kMaxSeen;
  }

  std::mutex mutex_;
  std::map<IpBits, Entry> entries_;
  size_t told_ = 0;
  size_t seen_ = 0;
  Micros swept_ = 0;
};

}  // namespace evio
