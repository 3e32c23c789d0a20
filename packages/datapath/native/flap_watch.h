// Notices MACs that jump between this host and the overlay: two bridged hosts that have a second way to each
// other, by which all that is broadcast comes round again. A jump or two is a pod that moves; many in a
// second are a loop. Then the MAC stays where it was before, for a while, and what comes from it the other
// way is dropped; and on the side where it stays, a broadcast that has gone out is not taken again: where only
// one of the two hosts has noticed, frames would go round in one direction for ever, without a jump. Nothing
// melts, and it is told. Any thread; costs one load while there is no loop.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "bytes.h"
#include "clock.h"
#include "mac_table.h"

namespace evio {

class FlapWatch {
 public:
  static constexpr int kMoves = 6;
  static constexpr Micros kWindow = kSecond;
  static constexpr Micros kHold = 10 * kSecond;
  static constexpr size_t kMaxTracked = 1024;
  static constexpr size_t kMaxRepeats = 256;

  /// Notes a move between here and a peer; true when it shows a loop that was not known.
  bool moved(MacBits mac, Owner from, Micros now) {
    const std::lock_guard lock(mutex_);
    Track &track = find(mac);
    if (now - track.since > kWindow) track = {from, 0, now, 0};
    if (++track.moves < kMoves || track.held_until > now) return false;
    track.held_until = now + kHold;
    held_until_.store(track.held_until, std::memory_order_relaxed);
    return true;
  }

  /// Notes that a peer's host is connected to this one by another way; true when that was not known. Its hosts
  /// hear our broadcast without us, and we theirs.
  bool joined(Owner peer, Micros now) {
    const std::lock_guard lock(mutex_);
    Micros &until = joined_[peer];
    const bool news = until <= now;
    until = now + kHold;
    held_until_.store(std::max(until, held_until_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
    return news;
  }

  /// Whether what comes from `mac` on this side is to be dropped. Of a MAC behind a peer, broadcast is
  /// dropped from there as well: from one side it would go round all the same.
  bool refuses(MacBits mac, Owner side, bool group, Micros now) {
    if (now >= held_until_.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(mutex_);
    if (const auto peer = joined_.find(side); group && peer != joined_.end() && peer->second > now) return true;
    const auto at = tracks_.find(mac);
    if (at == tracks_.end() || at->second.held_until <= now) return false;
    if (at->second.home == kLocalOwner) return side != kLocalOwner;
    return side == kLocalOwner || group;
  }

  /// Whether a broadcast from this host, of a MAC that is held, has gone out before.
  bool repeats(MacBits mac, Bytes frame, Micros now) {
    if (now >= held_until_.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(mutex_);
    const auto at = tracks_.find(mac);
    if (at == tracks_.end() || at->second.held_until <= now) return false;
    const size_t hash = std::hash<std::string_view>{}({reinterpret_cast<const char *>(frame.data()), frame.size()});
    for (const Sent &one : sent_) {
      if (one.hash == hash && now - one.at < kHold) return true;
    }
    sent_[next_sent_++ % kMaxRepeats] = {hash, now};
    return false;
  }

 private:
  struct Track {
    Owner home = 0;  // where it was before it began
    int moves = 0;
    Micros since = 0;
    Micros held_until = 0;
  };

  struct Sent {
    size_t hash = 0;
    Micros at = -kHold;
  };

  /// Its track, or a new one in place of the oldest.
  Track &find(MacBits mac) {
    if (tracks_.size() >= kMaxTracked && !tracks_.contains(mac)) {
      tracks_.erase(std::min_element(tracks_.begin(), tracks_.end(),
                                     [](const auto &a, const auto &b) { return a.second.since < b.second.since; }));
    }
    return tracks_[mac];
  }

  std::atomic<Micros> held_until_{0};
  std::mutex mutex_;
  std::unordered_map<MacBits, Track> tracks_;
  std::unordered_map<Owner, Micros> joined_;  // by slot; until when
  std::array<Sent, kMaxRepeats> sent_{};
  size_t next_sent_ = 0;
};

}  // namespace evio
