#include "route_table.h"

#include <algorithm>

namespace evio {
namespace {

using Entries = std::vector<RouteEntry>;

bool before(const RouteEntry &entry, NodeId id) { return entry.point < id; }

/// The entry at the smallest ring distance; of two equally far, the one counter-clockwise.
const RouteEntry *closest(const Entries &entries, NodeId destination) {
  if (entries.empty()) return nullptr;
  const auto at = std::lower_bound(entries.begin(), entries.end(), destination, before);
  const RouteEntry &behind = at == entries.end() ? entries.front() : *at;
  const RouteEntry &ahead = at == entries.begin() ? entries.back() : *(at - 1);
  const bool nearer = ring_distance(behind.point, destination) < ring_distance(ahead.point, destination);
  return nearer ? &behind : &ahead;
}

uint32_t progress(const RouteEntry &entry, NodeId destination) {
  const auto distance = static_cast<uint32_t>(ring_distance(entry.point, destination) >> 97);
  return distance * 2 + (entry.neighbour ? 0 : 1);
}

}  // namespace

RouteTable::RouteTable(NodeId self, Entries entries) : self_(self) {
  std::erase_if(entries, [&](const RouteEntry &entry) { return entry.point == self; });
  std::stable_sort(entries.begin(), entries.end(), [](const RouteEntry &a, const RouteEntry &b) {
    return a.point != b.point ? a.point < b.point : a.neighbour && !b.neighbour;
  });
  const auto same = [](const RouteEntry &a, const RouteEntry &b) { return a.point == b.point; };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
  for (const RouteEntry &entry : entries) {
    (entry.leaf ? leafs_ : carriers_).push_back(entry);
    if (!entry.leaf && entry.neighbour) neighbours_.push_back(entry);
  }
}

std::optional<RouteStep> RouteTable::next(NodeId destination, RouteState state) const {
  const auto at = std::lower_bound(leafs_.begin(), leafs_.end(), destination, before);
  const RouteEntry *leaf = at != leafs_.end() && at->point == destination ? &*at : nullptr;
  if (leaf != nullptr && leaf->neighbour) return RouteStep{leaf->next_hop, {0, state.plain}};
  const NodeId own = ring_distance(self_, destination);
  if (!state.plain) {
    const RouteEntry *best = leaf != nullptr ? leaf : closest(carriers_, destination);
    if (best != nullptr && ring_distance(best->point, destination) < own) {
      const uint32_t made = progress(*best, destination);
      if (made < state.bound) return RouteStep{best->next_hop, {made, false}};
    }
  }
  const RouteEntry *nearest = closest(neighbours_, destination);
  if (nearest == nullptr || ring_distance(nearest->point, destination) >= own) return {};
  return RouteStep{nearest->next_hop, {0, true}};
}

}  // namespace evio
