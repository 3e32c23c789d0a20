// Notices MACs that jump between this host and the overlay: two bridged hosts that have a second way to each
// other, by which all that is broadcast comes round again. A jump or two is a pod that moves; many in a
// second are a loop. Then the MAC stays where it was before, for a while, and what comes from it the other
// way is dropped: nothing melts, and it is told. Any thread; costs one load while there is no loop.
#pragma once

#include <array>
#include <atomic>
#include <mutex>

#include "clock.h"
#include "mac_table.h"

namespace evio {

class FlapWatch {
 public:
  static constexpr int kMoves = 6;
  static constexpr Micros kWindow = kSecond;
  static constexpr Micros kHold = 10 * kSecond;
  static constexpr size_t kMaxTracked = 64;

  /// Notes a move between here and a peer; true when it shows a loop that was not known.
  bool moved(MacBits mac, Owner from, Micros now) {
    const std::lock_guard lock(mutex_);
    Track *track = find(mac, now);
    if (now - track->since > kWindow || track->mac != mac) *track = {mac, from, 0, now, 0};
    if (++track->moves < kMoves || track->held_until > now) return false;
    track->held_until = now + kHold;
    held_until_.store(track->held_until, std::memory_order_relaxed);
    return true;
  }

  /// Whether what comes from `mac` on this side is to be dropped. Of a MAC behind a peer, broadcast is
  /// dropped from there as well: from one side it would go round all the same.
  bool refuses(MacBits mac, Owner side, bool group, Micros now) {
    if (now >= held_until_.load(std::memory_order_relaxed)) return false;
    const std::lock_guard lock(mutex_);
    for (const Track &track : tracks_) {
      if (track.mac != mac || track.held_until <= now) continue;
      if (track.home == kLocalOwner) return side != kLocalOwner;
      return side == kLocalOwner || group;
    }
    return false;
  }

 private:
  struct Track {
    MacBits mac = 0;
    Owner home = 0;  // where it was before it began
    int moves = 0;
    Micros since = 0;
    Micros held_until = 0;
  };

  /// Its track, or else one that is free, or the oldest.
  Track *find(MacBits mac, Micros) {
    Track *oldest = &tracks_[0];
    for (Track &track : tracks_) {
      if (track.mac == mac) return &track;
      if (track.since < oldest->since) oldest = &track;
    }
    return oldest;
  }

  std::atomic<Micros> held_until_{0};
  std::mutex mutex_;
  std::array<Track, kMaxTracked> tracks_{};
};

}  // namespace evio
