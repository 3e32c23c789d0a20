#include "flood_table.h"

#include <algorithm>

namespace evio {
namespace {

using Neighbours = std::vector<FloodNeighbour>;

/// Id of the first carrier at or behind `at`, else `end`.
NodeId first_carrier(const Neighbours &inside, size_t at, NodeId end) {
  for (; at < inside.size(); ++at) {
    if (inside[at].carries) return inside[at].id;
  }
  return end;
}

/// Cuts a stretch at the nodes in it. Leafs get copies only before the first carrier: those behind are its own.
std::vector<FloodCopy> cut(const Neighbours &inside, NodeId origin, NodeId end) {
  std::vector<FloodCopy> copies;
  bool beyond_carrier = false;
  for (size_t i = 0; i < inside.size(); ++i) {
    const FloodNeighbour &one = inside[i];
    if (one.carries) {
      beyond_carrier = true;
      const NodeId next = first_carrier(inside, i + 1, end);
      copies.push_back({one.peer, {one.linked ? std::nullopt : std::optional(one.id), next}});
    } else if (!beyond_carrier && one.id != origin) {
      const NodeId next = i + 1 < inside.size() ? inside[i + 1].id : end;
      copies.push_back({one.peer, one.linked ? FloodPart{{}, one.id} : FloodPart{one.id, next}});
    }
  }
  return copies;
}

void append(std::vector<FloodCopy> &all, std::vector<FloodCopy> more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

FloodTable::FloodTable(NodeId self, Neighbours neighbours) : self_(self), neighbours_(std::move(neighbours)) {
  std::erase_if(neighbours_, [&](const FloodNeighbour &one) { return one.id == self; });
  const auto order = [](const FloodNeighbour &a, const FloodNeighbour &b) { return a.id < b.id; };
  const auto same = [](const FloodNeighbour &a, const FloodNeighbour &b) { return a.id == b.id; };
  std::stable_sort(neighbours_.begin(), neighbours_.end(), order);
  neighbours_.erase(std::unique(neighbours_.begin(), neighbours_.end(), same), neighbours_.end());
}

std::vector<FloodCopy> FloodTable::start(bool carries) const {
  if (carries) return pass(self_, {{}, self_});
  for (const FloodNeighbour &one : clockwise_from(self_)) {
    if (one.carries && one.linked) return {{one.peer, {{}, one.id}}};
  }
  return {};
}

bool FloodTable::inside(const FloodPart &part) const {
  if (!part.begin || *part.begin == self_) return true;
  return *part.begin != part.end && is_between(*part.begin, self_, part.end);
}

std::vector<FloodCopy> FloodTable::pass(NodeId origin, const FloodPart &part) const {
  if (!part.begin || *part.begin == self_) return own(origin, part.end, part.begin.has_value());
  if (!inside(part)) return hand_over(origin, *part.begin, part.end);
  // We stand inside the part: what lies behind us is ours, what lies before us is handed over.
  std::vector<FloodCopy> copies = hand_over(origin, *part.begin, self_);
  append(copies, own(origin, part.end, true));
  return copies;
}

std::vector<FloodCopy> FloodTable::own(NodeId origin, NodeId end, bool linked_only) const {
  Neighbours all = clockwise_from(self_);
  std::erase_if(all, [&](const FloodNeighbour &one) {
    return (linked_only && !one.linked) || !is_between(self_, one.id, end);
  });
  return cut(all, origin, end);
}

std::vector<FloodCopy> FloodTable::hand_over(NodeId origin, NodeId begin, NodeId end) const {
  Neighbours linked = clockwise_from(begin);
  std::erase_if(linked, [](const FloodNeighbour &one) { return !one.linked; });
  Neighbours inside = linked;
  std::erase_if(inside,
                [&](const FloodNeighbour &one) { return one.id != begin && !is_between(begin, one.id, end); });
  std::vector<FloodCopy> copies = cut(inside, origin, end);
  if (!linked.empty() && linked.front().id == begin) return copies;
  // The nearest carrier before `begin`, strictly nearer than we are: so it ends.
  for (size_t i = linked.size(); i-- > 0;) {
    if (!linked[i].carries || !is_between(self_, linked[i].id, begin)) continue;
    copies.push_back({linked[i].peer, {begin, first_carrier(inside, 0, end)}});
    break;
  }
  return copies;
}

Neighbours FloodTable::clockwise_from(NodeId from) const {
  const auto first = std::find_if(neighbours_.begin(), neighbours_.end(),
                                  [&](const FloodNeighbour &one) { return one.id >= from; });
  Neighbours turned(first, neighbours_.end());
  turned.insert(turned.end(), neighbours_.begin(), first);
  return turned;
}

Neighbours FloodTable::carriers_before(NodeId end) const {
  Neighbours all = clockwise_from(self_);
  std::erase_if(all, [&](const FloodNeighbour &one) {
    return !one.carries || !one.linked || !is_between(self_, one.id, end);
  });
  return all;
}

std::vector<FloodCopy> FloodTable::repair(const FloodTable &before, const std::set<NodeId> &lost, NodeId origin,
                                          NodeId end) const {
  std::vector<FloodCopy> copies;
  const Neighbours old = before.carriers_before(end);
  NodeId first = end;
  std::set<NodeId> known;
  for (size_t i = 0; i < old.size(); ++i) {
    known.insert(old[i].id);
    if (lost.contains(old[i].id)) {
      append(copies, pass(origin, {old[i].id, i + 1 < old.size() ? old[i + 1].id : end}));
    } else if (first == end) {
      first = old[i].id;
    }
  }
  Neighbours arrived = carriers_before(first);
  std::erase_if(arrived, [&](const FloodNeighbour &one) { return known.contains(one.id); });
  for (size_t i = 0; i < arrived.size(); ++i) {
    copies.push_back({arrived[i].peer, {{}, i + 1 < arrived.size() ? arrived[i + 1].id : first}});
  }
  return copies;
}

}  // namespace evio
