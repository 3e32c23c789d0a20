// The layer-2 decisions, all in one place: who gets a frame of our own TAP, and what is taken from a
// peer. Today every member has a link to every other, so a flood is one copy to each peer, and what
// comes from a peer never goes on to another (split horizon). The ring's bounded flood will replace
// `egress`, and nothing else.
#pragma once

#include <cstdint>
#include <optional>

#include "bytes.h"
#include "view.h"

namespace evio {

inline constexpr size_t kEthernetMinBytes = 14;

struct Egress {
  enum class To : uint8_t { here, peer, all } to = To::all;
  uint16_t slot = 0;
};

/// Where a frame from this host goes: to the owner of its destination, or to all. Learns its source.
/// `frame` has at least kEthernetMinBytes.
inline Egress egress(Overlay &overlay, Bytes frame, Micros now) {
  overlay.macs.learn(read_mac(&frame[6]), kLocalOwner, now);
  const MacBits destination = read_mac(&frame[0]);
  if (is_group(destination)) return {};
  const std::optional<Owner> owner = overlay.macs.find(destination, now);
  if (!owner) return {};
  if (*owner == kLocalOwner) return {Egress::To::here, 0};
  return {Egress::To::peer, *owner};
}

enum class Ingress : uint8_t { accepted, accepted_new, accepted_moved, accepted_evicting, malformed, own_source };

/// Whether an authenticated frame of a peer may enter this host. Learns its source.
inline Ingress ingress(Overlay &overlay, PeerId peer, Bytes frame, Micros now) {
  if (frame.size() < kEthernetMinBytes) return Ingress::malformed;
  const MacBits source = read_mac(&frame[6]);
  if (source == 0 || is_group(source)) return Ingress::malformed;
  // Our own address from outside: a loop, or somebody who wants our frames.
  if (source == overlay.own_mac) return Ingress::own_source;
  switch (overlay.macs.learn(source, slot_of(peer), now)) {
    case Learned::known:
      return Ingress::accepted;
    case Learned::added:
      return Ingress::accepted_new;
    case Learned::moved:
      return Ingress::accepted_moved;
    case Learned::evicting:
      return Ingress::accepted_evicting;
  }
  return Ingress::malformed;
}

}  // namespace evio
