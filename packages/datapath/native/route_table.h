// Which neighbour gets a datagram for a node of the overlay. Immutable; the same rules as
// packages/topology's route-table.ts, whose cases the tests share.
//
// `carriers` are the nodes within one or two hops that pass on. The best of them for a destination is the
// one at the smallest ring distance. A datagram carries a bound, and is passed on only if
//
//     progress = (ring distance of the best to the destination >> 97) * 2 + (1 if it is two hops away)
//
// is below it: so it cannot loop, however stale the tables are. When there is no such one, the datagram
// is `plain` for the rest of its way: then the next hop is the neighbour closest to the destination, and
// must be closer than this node in all 128 bits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node_id.h"
#include "session.h"

namespace evio {

struct RouteEntry {
  NodeId point = 0;
  PeerId next_hop = 0;
  bool neighbour = false;  // the next hop is the point itself
  bool leaf = false;       // carries nothing: for a destination that is exactly this one
};

struct RouteState {
  uint32_t bound = 0;
  bool plain = false;
};

/// More than any progress: what a source writes.
inline constexpr uint32_t kFirstBound = 0xffffffff;
inline constexpr uint8_t kHopLimit = 32;

struct RouteStep {
  PeerId next_hop;
  RouteState state;
};

class RouteTable {
 public:
  /// In any order; of several entries for a point, a neighbour's or else the first counts.
  RouteTable(NodeId self, std::vector<RouteEntry> entries);

  /// Where a datagram for `destination` (not this node) goes; nothing: nowhere.
  std::optional<RouteStep> next(NodeId destination, RouteState state) const;

 private:
  const NodeId self_;
  std::vector<RouteEntry> carriers_;    // by id
  std::vector<RouteEntry> neighbours_;  // those of them that are one hop away
  std::vector<RouteEntry> leafs_;       // by id
};

}  // namespace evio
