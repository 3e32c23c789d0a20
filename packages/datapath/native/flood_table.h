// Bounded flood: how broadcast reaches every member once. Immutable; the same rules as packages/topology's
// flood-table.ts, whose cases the tests share.
//
// Whoever receives a flood is responsible for the stretch of ring from itself up to (not including) `end`.
// It cuts that stretch at its neighbours and gives each the part that begins with it. Nobody lies between
// a node and its successor, so the parts cover everybody; they do not overlap, so nobody is covered twice.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "node_id.h"
#include "session.h"

namespace evio {

struct FloodNeighbour {
  NodeId id = 0;
  PeerId peer = 0;      // whom to send to: the node itself, or one that has a link to it when we cannot
  bool carries = true;  // false for a leaf: it gets a copy and no part
  bool linked = true;   // the peer is the node itself
};

struct FloodPart {
  /// Set for a hand-over: the part does not begin with the receiver but here, and the receiver finds who
  /// takes it.
  std::optional<NodeId> begin;
  /// The part ends before this id; the receiver's own id: the whole ring.
  NodeId end = 0;

  bool operator==(const FloodPart &) const = default;
};

struct FloodCopy {
  PeerId peer = 0;
  FloodPart part;

  bool operator==(const FloodCopy &) const = default;
};

class FloodTable {
 public:
  /// In any order.
  FloodTable(NodeId self, std::vector<FloodNeighbour> neighbours);

  bool empty() const { return neighbours_.empty(); }

  /// With which copies this node begins a flood of its own: as a leaf, it leaves all to one carrier.
  std::vector<FloodCopy> start(bool carries) const;
  /// The copies for a part that was received (or begun) here. `origin` never gets one.
  std::vector<FloodCopy> pass(NodeId origin, const FloodPart &part) const;
  /// Whether a part holds this node: then it takes the frame, and what of the part lies behind it.
  bool inside(const FloodPart &part) const;

  /// What to send again of a flood whose part (self, end) was passed on by the table `before`, now that this
  /// one is in force: the parts of neighbours that are lost, and what those that came in between missed.
  std::vector<FloodCopy> repair(const FloodTable &before, const std::set<NodeId> &lost, NodeId origin,
                                NodeId end) const;

 private:
  using Neighbours = std::vector<FloodNeighbour>;

  std::vector<FloodCopy> own(NodeId origin, NodeId end, bool linked_only) const;
  std::vector<FloodCopy> hand_over(NodeId origin, NodeId begin, NodeId end) const;
  Neighbours clockwise_from(NodeId from) const;
  /// The linked carriers in (self, end), clockwise.
  Neighbours carriers_before(NodeId end) const;

  const NodeId self_;
  Neighbours neighbours_;  // by id
};

}  // namespace evio
