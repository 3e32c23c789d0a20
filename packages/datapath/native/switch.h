// The layer-2 decisions, all in one place: who gets a frame of our own TAP, and what is taken from a
// peer. What comes from a peer never goes on to another by the switch (split horizon): floods are passed on
// before they come here (receiver.h).
#pragma once

#include <cstdint>
#include <optional>

#include "bytes.h"
#include "view.h"

namespace evio {

inline constexpr size_t kEthernetMinBytes = 14;

struct Egress {
  enum class To : uint8_t { here, peer, all, looping } to = To::all;
  uint16_t slot = 0;
  /// The peer from which the source has come before, when that shows a loop.
  std::optional<Owner> loop{};
};

/// Where a frame from this host goes: to the owner of its destination, or to all. Learns its source.
/// `frame` has at least kEthernetMinBytes.
inline Egress egress(Overlay &overlay, Bytes frame, Micros now) {
  const MacBits source = read_mac(&frame[6]);
  const MacBits destination = read_mac(&frame[0]);
  if (overlay.flaps.refuses(source, kLocalOwner, is_group(destination), now)) return {Egress::To::looping};
  std::optional<Owner> loop;
  Owner before = kLocalOwner;
  if (overlay.macs.learn(source, kLocalOwner, now, &before) == Learned::moved &&
      overlay.flaps.moved(source, before, now)) {
    loop = before;
  }
  if (is_group(destination)) {
    if (overlay.flaps.repeats(source, frame, now)) return {Egress::To::looping, 0, loop};
    return {Egress::To::all, 0, loop};
  }
  const std::optional<Owner> owner = overlay.macs.find(destination, now);
  if (!owner) return {Egress::To::all, 0, loop};
  if (*owner == kLocalOwner) return {Egress::To::here, 0, loop};
  return {Egress::To::peer, *owner, loop};
}

enum class Ingress : uint8_t {
  accepted,
  accepted_new,
  accepted_moved,
  accepted_evicting,
  malformed,
  own_source,
  looping,       // dropped: its source is held on another side
  loop_noticed,  // accepted, as moved; it shows a loop
};

/// Whether an authenticated frame of a peer may enter this host. Learns its source.
inline Ingress ingress(Overlay &overlay, PeerId peer, Bytes frame, Micros now) {
  if (frame.size() < kEthernetMinBytes) return Ingress::malformed;
  const MacBits source = read_mac(&frame[6]);
  if (source == 0 || is_group(source)) return Ingress::malformed;
  // Our own address from outside: a loop, or somebody who wants our frames.
  if (source == overlay.own_mac) return Ingress::own_source;
  if (overlay.flaps.refuses(source, slot_of(peer), is_group(read_mac(&frame[0])), now)) return Ingress::looping;
  Owner before = kLocalOwner;
  switch (overlay.macs.learn(source, slot_of(peer), now, &before)) {
    case Learned::known:
      return Ingress::accepted;
    case Learned::added:
      return Ingress::accepted_new;
    case Learned::moved:
      return before == kLocalOwner && overlay.flaps.moved(source, before, now) ? Ingress::loop_noticed
                                                                               : Ingress::accepted_moved;
    case Learned::evicting:
      return Ingress::accepted_evicting;
  }
  return Ingress::malformed;
}

}  // namespace evio
