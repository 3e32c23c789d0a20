// One key pair between us and a peer: what it takes to seal and open datagrams.
//
// Who owns what:
//   next_counter          shared: each sender takes numbers by fetch_add, so none is used twice
//   seal_frames           the TAP thread of the peer's overlay
//   seal_link, open,
//   window                the link thread
//   the rest              constant, or atomic
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "aead.h"
#include "clock.h"
#include "replay_window.h"
#include "wire.h"

namespace evio {

/// Generation in the upper 16 bits, slot in the lower; slot 0 is never a peer.
using PeerId = uint32_t;
inline constexpr uint16_t slot_of(PeerId peer) { return static_cast<uint16_t>(peer); }

enum class Role : uint8_t { initiator, responder };

/// Which thread sends; each has its own cipher context.
enum class Sender : uint8_t { frames, link };

struct Session {
  Session(uint32_t local, uint32_t remote, PeerId of, Role as, Micros now, Aead frames, Aead link,
          Aead opener)
      : local_index(local), remote_index(remote), peer(of), role(as), added(now),
        seal_frames(std::move(frames)), seal_link(std::move(link)), open(std::move(opener)) {}

  const uint32_t local_index;
  const uint32_t remote_index;
  const PeerId peer;
  const Role role;
  const Micros added;

  std::atomic<uint64_t> next_counter{0};
  /// The peer has shown that it has the keys: an authenticated datagram came.
  std::atomic<bool> confirmed{false};
  std::atomic<bool> exhausted_reported{false};

  Aead seal_frames;
  Aead seal_link;
  Aead open;
  ReplayWindow window;

  /// Takes `count` consecutive counters; nothing when the key is used up.
  std::optional<uint64_t> take_counters(uint64_t count = 1) {
    const uint64_t first = next_counter.fetch_add(count, std::memory_order_relaxed);
    if (first + count > wire::kCounterLimit) return {};
    return first;
  }
  Aead &sealer(Sender sender) { return sender == Sender::frames ? seal_frames : seal_link; }
};

}  // namespace evio
