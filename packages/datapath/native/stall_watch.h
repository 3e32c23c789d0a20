// Notices that a peer no longer answers: we sent something, and nothing authenticated came back, not even
// to echo requests. Belongs to the link thread; runs only while something is unanswered.
//
//   sent at 0 → echo at W, echo at 1.5 W → stalled at 2 W,   W = max(250 ms, 2 rtt + 50 ms)
#pragma once

#include <algorithm>

#include "clock.h"
#include "peer.h"

namespace evio {

enum class StallStep : uint8_t { none, ask, stalled };

/// What to do about a peer now. Advances the peer's own state.
inline StallStep stall_step(Peer &peer, Micros now) {
  constexpr Micros kShortestWait = 250 * kMillisecond;
  constexpr Micros kReportPause = kSecond;
  constexpr int kEchoes = 2;
  const Micros since = peer.unanswered_since.load(std::memory_order_relaxed);
  if (since == 0) return StallStep::none;
  const Micros wait =
      std::max(kShortestWait, 2 * peer.rtt.load(std::memory_order_relaxed) + 50 * kMillisecond);
  if (now - since < wait + peer.stall_echoes * (wait / 2)) return StallStep::none;
  if (peer.stall_echoes < kEchoes) {
    ++peer.stall_echoes;
    return StallStep::ask;
  }
  // Start again: if more is sent and still nothing comes, it is told again.
  peer.unanswered_since.store(0, std::memory_order_relaxed);
  peer.stall_echoes = 0;
  if (peer.last_stalled != 0 && now - peer.last_stalled < kReportPause) return StallStep::none;
  peer.last_stalled = now;
  return StallStep::stalled;
}

}  // namespace evio
