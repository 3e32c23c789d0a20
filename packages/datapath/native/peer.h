// What is known of a peer beside its path and keys: counters that any thread may read, and the state of
// the link thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "clock.h"
#include "path.h"
#include "session.h"

namespace evio {

struct Peer {
  Peer(PeerId peer, OverlayId of, NodeId who) : id(peer), overlay(of), node(who) {}

  const PeerId id;
  const OverlayId overlay;
  const NodeId node;

  // Written by the link thread.
  alignas(64) std::atomic<uint64_t> rx_bytes{0};
  std::atomic<uint64_t> rx_frames{0};
  std::atomic<Micros> last_received{0};
  /// Smoothed round trip (RFC 6298's way); 0 before the first measurement.
  std::atomic<Micros> rtt{0};

  // Written by any sender.
  alignas(64) std::atomic<uint64_t> tx_bytes{0};
  std::atomic<uint64_t> tx_frames{0};
  std::atomic<Micros> last_sent{0};
  /// When we first sent since the last authenticated datagram came; 0: nothing is unanswered.
  std::atomic<Micros> unanswered_since{0};

  // The TAP thread's own: numbers of super-frames and of fragmented frames.
  alignas(64) uint16_t next_super_frame = 0;
  uint32_t next_fragmented = 0;
  Micros last_wanted = 0;

  // The link thread's own.
  alignas(64) Micros last_on_path = 0;  // last authenticated datagram that came by the current path
  uint32_t next_fragmented_link = 0;
  int stall_echoes = 0;
  Micros last_stalled = 0;
};

}  // namespace evio
