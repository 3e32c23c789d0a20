// Which neighbour is next: the cases of packages/topology's route table, and that nothing loops.
// sources: ../route_table.cc
#include "../route_table.h"

#include <algorithm>
#include <random>
#include <set>

#include "check.h"

using namespace evio;

namespace {

constexpr NodeId at(uint64_t top) { return static_cast<NodeId>(top) << 120; }
constexpr RouteState kStart{kFirstBound, false};

RouteEntry neighbour(NodeId id, PeerId peer) { return {id, peer, true, false}; }
RouteEntry beyond(NodeId id, PeerId peer) { return {id, peer, false, false}; }

}  // namespace

TEST("the exact id wins, whether one or two hops away") {
  const RouteTable table(at(0), {neighbour(at(40), 1), beyond(at(60), 1), neighbour(at(200), 2), beyond(at(100), 2)});
  CHECK(table.next(at(40), kStart)->next_hop == 1);
  CHECK(table.next(at(60), kStart)->next_hop == 1);
  CHECK(table.next(at(100), kStart)->next_hop == 2);
  CHECK(table.next(at(100), kStart)->state.bound == 1);  // no distance left, one hop after the next
  CHECK(table.next(at(200), kStart)->state.bound == 0);
}

TEST("else the point at the smallest ring distance, either way round; of two, the one counter-clockwise") {
  const RouteTable table(at(0), {neighbour(at(80), 1), neighbour(at(100), 2), neighbour(at(250), 3)});
  CHECK(table.next(at(84), kStart)->next_hop == 1);
  CHECK(table.next(at(97), kStart)->next_hop == 2);
  CHECK(table.next(at(90), kStart)->next_hop == 1);
  CHECK(table.next(at(245), kStart)->next_hop == 3);
  CHECK(!table.next(at(252) + 1, kStart) || table.next(at(252) + 1, kStart)->next_hop == 3);
}

TEST("nothing nearer than this node: nowhere") {
  const RouteTable table(at(10), {neighbour(at(80), 1), neighbour(at(200), 2)});
  CHECK(!table.next(at(11), kStart));
  CHECK(!table.next(at(45), kStart));  // as far from both: no progress
  CHECK(!RouteTable(at(10), {}).next(at(11), kStart));
}

TEST("a bound that cannot be beaten leaves the plain rule, for the rest of the way") {
  const RouteTable table(at(0), {neighbour(at(40), 1), beyond(at(60), 9)});
  const auto first = table.next(at(62), kStart);
  CHECK(first->next_hop == 9 && !first->state.plain);
  const auto again = table.next(at(62), first->state);
  CHECK(again && again->next_hop == 1 && again->state.plain);
  CHECK(table.next(at(62), again->state)->next_hop == 1);
}

TEST("a leaf is only a way to itself") {
  RouteEntry leaf = neighbour(at(50), 5);
  leaf.leaf = true;
  RouteEntry far = beyond(at(70), 1);
  far.leaf = true;
  const RouteTable table(at(0), {leaf, far, neighbour(at(40), 1)});
  CHECK(table.next(at(50), kStart)->next_hop == 5);
  CHECK(table.next(at(70), kStart)->next_hop == 1);
  CHECK(table.next(at(51), kStart)->next_hop == 1);
  CHECK(table.next(at(50), {0, true})->next_hop == 5);
}

TEST("of two ways to a point the neighbour's own counts") {
  const RouteTable table(at(0), {beyond(at(40), 7), neighbour(at(40), 1), beyond(at(0), 1)});
  CHECK(table.next(at(40), kStart)->next_hop == 1);
}

TEST("in random rings with stale tables every walk ends, and mostly arrives") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 20; ++round) {
    constexpr size_t kNodes = 60;
    std::vector<NodeId> ids(kNodes);
    for (NodeId &id : ids) id = static_cast<NodeId>(random()) << 64 | random();
    std::sort(ids.begin(), ids.end());
    std::vector<std::set<size_t>> links(kNodes);
    const auto link = [&](size_t a, size_t b) {
      if (a != b) links[a].insert(b), links[b].insert(a);
    };
    for (size_t i = 0; i < kNodes; ++i) {
      link(i, (i + 1) % kNodes);
      link(i, (i + 2) % kNodes);
      link(i, random() % kNodes);
    }
    std::vector<RouteTable> tables;
    for (size_t i = 0; i < kNodes; ++i) {
      std::vector<RouteEntry> entries;
      for (const size_t n : links[i]) {
        entries.push_back(neighbour(ids[n], static_cast<PeerId>(n + 1)));
        for (const size_t m : links[n]) {
          // Some of what it is told is not true any more: the point is not behind that neighbour.
          const size_t said = round > 10 && random() % 10 == 0 ? random() % kNodes : m;
          entries.push_back(beyond(ids[said], static_cast<PeerId>(n + 1)));
        }
      }
      tables.emplace_back(ids[i], std::move(entries));
    }
    size_t arrived = 0;
    for (size_t from = 0; from < kNodes; ++from) {
      for (size_t to = 0; to < kNodes; ++to) {
        if (from == to) continue;
        RouteState state = kStart;
        size_t here = from;
        int hops = 0;
        while (here != to && hops < 200) {
          const auto step = tables[here].next(ids[to], state);
          if (!step) break;
          state = step->state;
          here = step->next_hop - 1;
          ++hops;
        }
        CHECK(hops < kHopLimit);
        arrived += here == to ? 1 : 0;
      }
    }
    CHECK(round > 10 ? arrived > kNodes * (kNodes - 1) * 9 / 10 : arrived == kNodes * (kNodes - 1));
  }
}

RUN_ALL()
