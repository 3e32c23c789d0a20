// A node's place on the ring: 128 bits, of which the numbers grow clockwise and wrap around.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace evio {

/// 0 is nobody's: ids are hashes.
using NodeId = unsigned __int128;

inline constexpr size_t kNodeIdBytes = 16;

/// `p` has kNodeIdBytes.
inline NodeId read_node_id(const uint8_t *p) { return static_cast<NodeId>(read_u64(p)) << 64 | read_u64(p + 8); }

/// `p` has room for kNodeIdBytes.
inline void write_node_id(uint8_t *p, NodeId id) {
  write_u64(p, static_cast<uint64_t>(id >> 64));
  write_u64(p + 8, static_cast<uint64_t>(id));
}

/// How far `to` lies clockwise of `from`.
inline constexpr NodeId clockwise(NodeId from, NodeId to) { return to - from; }

/// The shorter way round.
inline constexpr NodeId ring_distance(NodeId a, NodeId b) {
  const NodeId there = clockwise(a, b);
  const NodeId back = clockwise(b, a);
  return there < back ? there : back;
}

/// Whether going clockwise from `from` one meets `id` strictly before `end`; `end` = `from`: the whole ring.
inline constexpr bool is_between(NodeId from, NodeId id, NodeId end) {
  const NodeId at = clockwise(from, id);
  return at != 0 && (end == from || at < clockwise(from, end));
}

}  // namespace evio
