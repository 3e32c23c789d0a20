// The parts of a flood: the cases of packages/topology's flood table, and whole rings.
// sources: ../flood_table.cc
#include "../flood_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "../flood_window.h"
#include "check.h"

using namespace evio;

namespace {

constexpr NodeId at(uint64_t top) { return static_cast<NodeId>(top) << 120; }

FloodNeighbour carrier(uint64_t id) { return {at(id), static_cast<PeerId>(id), true, true}; }
FloodNeighbour leaf(uint64_t id) { return {at(id), static_cast<PeerId>(id), false, true}; }
FloodNeighbour behind(uint64_t id, uint64_t via) { return {at(id), static_cast<PeerId>(via), true, false}; }

FloodCopy copy(uint64_t peer, uint64_t end) { return {static_cast<PeerId>(peer), {{}, at(end)}}; }
FloodCopy handed(uint64_t peer, uint64_t begin, uint64_t end) { return {static_cast<PeerId>(peer), {at(begin), at(end)}}; }

using Copies = std::vector<FloodCopy>;

}  // namespace

TEST("the origin covers the ring, a receiver its part") {
  const FloodTable table(at(100), {carrier(10), carrier(120), carrier(200)});
  CHECK((table.start(true) == Copies{copy(120, 200), copy(200, 10), copy(10, 100)}));
  CHECK((table.pass(at(5), {{}, at(200)}) == Copies{copy(120, 200)}));
  CHECK(table.pass(at(5), {{}, at(110)}).empty());
  CHECK((table.pass(at(5), {{}, at(250)}) == Copies{copy(120, 200), copy(200, 250)}));
}

TEST("leafs get a copy and no part, and only before the first carrier") {
  const FloodTable table(at(100), {leaf(110), carrier(120), leaf(130)});
  CHECK((table.start(true) == Copies{copy(110, 110), copy(120, 100)}));
  CHECK((table.pass(at(110), {{}, at(100)}) == Copies{copy(120, 100)}));  // it came from that leaf
  const FloodTable own(at(100), {leaf(50), carrier(90), carrier(120)});
  CHECK((own.start(false) == Copies{copy(120, 120)}));
}

TEST("a node that we have no link to is handed over") {
  const FloodTable table(at(100), {behind(110, 120), carrier(120)});
  CHECK((table.start(true) == Copies{handed(120, 110, 120), copy(120, 100)}));
  const FloodTable next(at(120), {carrier(110), carrier(140)});
  CHECK(!next.inside({at(110), at(120)}));
  CHECK((next.pass(at(100), {at(110), at(120)}) == Copies{copy(110, 120)}));
}

TEST("whoever stands inside of a part that is handed over takes what is behind it") {
  const FloodTable table(at(150), {carrier(130), carrier(160), carrier(220)});
  CHECK(table.inside({at(120), at(200)}));
  CHECK((table.pass(at(5), {at(120), at(200)}) == Copies{copy(130, 150), handed(220, 120, 130), copy(160, 200)}));
}

TEST("the part of a neighbour that died goes another way") {
  const FloodTable before(at(100), {carrier(120), carrier(150), carrier(200)});
  const FloodTable after(at(100), {carrier(120), carrier(200)});
  const auto copies = after.repair(before, {at(150)}, at(100), at(100));
  CHECK(copies.size() == 1 && copies[0].peer == 120);
  CHECK(copies[0].part.begin == at(150) && copies[0].part.end == at(200));
}

TEST("a node that came in between gets what it missed") {
  const FloodTable before(at(100), {carrier(120), carrier(200)});
  const FloodTable after(at(100), {carrier(110), carrier(120), carrier(200)});
  CHECK((after.repair(before, {}, at(100), at(100)) == Copies{copy(110, 120)}));
  CHECK(before.repair(before, {}, at(100), at(100)).empty());
}

TEST("every member of random rings exactly once, in logarithmic depth") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 30; ++round) {
    const size_t n = 2 + random() % 200;
    std::vector<NodeId> ids(n);
    for (NodeId &id : ids) id = static_cast<NodeId>(random()) << 64 | random();
    std::sort(ids.begin(), ids.end());
    std::vector<std::set<size_t>> links(n);
    const auto link = [&](size_t a, size_t b) {
      if (a != b) links[a].insert(b), links[b].insert(a);
    };
    const double bits = std::log2(static_cast<double>(n));
    for (size_t i = 0; i < n; ++i) {
      link(i, (i + 1) % n);
      link(i, (i + 2) % n);
      for (int k = 0; k < std::ceil(bits); ++k) {
        // Symphony: harmonic distances.
        const double u = static_cast<double>(random() >> 11) * 0x1p-53;
        link(i, (i + static_cast<size_t>(std::pow(static_cast<double>(n), u))) % n);
      }
    }
    std::vector<FloodTable> tables;
    for (size_t i = 0; i < n; ++i) {
      std::vector<FloodNeighbour> all;
      for (const size_t m : links[i]) all.push_back({ids[m], static_cast<PeerId>(m + 1), true, true});
      tables.emplace_back(ids[i], all);
    }
    const size_t origin = random() % n;
    std::vector<int> got(n);
    std::vector<std::pair<FloodCopy, int>> queue;
    for (const FloodCopy &one : tables[origin].start(true)) queue.push_back({one, 1});
    int depth = 0;
    for (size_t next = 0; next < queue.size(); ++next) {
      const auto [one, hops] = queue[next];
      const size_t here = one.peer - 1;
      ++got[here];
      depth = std::max(depth, hops);
      CHECK(!one.part.begin);
      for (const FloodCopy &more : tables[here].pass(ids[origin], one.part)) queue.push_back({more, hops + 1});
    }
    CHECK(got[origin] == 0);
    got[origin] = 1;
    CHECK(std::all_of(got.begin(), got.end(), [](int times) { return times == 1; }));
    CHECK(depth <= 2 + 1.2 * bits);
  }
}

TEST("each number of an origin counts once, in any order within the window, across the wrap") {
  FloodWindow window;
  const Micros now = 1'000 * kSecond;
  constexpr PeerId link = 7;
  using Seen = FloodWindow::Seen;
  for (const uint32_t start : {0u, 0xffffff00u}) {
    const NodeId origin = start + 1;
    const auto see = [&](uint32_t at) { return window.see(origin, start + at, link, true, now); };
    for (uint32_t i = 0; i < 400; i += 2) CHECK(see(i) == Seen::first);
    for (uint32_t i = 1; i < 400; i += 2) CHECK(see(i) == Seen::first);
    for (uint32_t i = 0; i < 400; ++i) CHECK(see(i) == Seen::again);
    // A number from far ahead begins a run of its own and makes none of the others old.
    CHECK(see(5000) == Seen::first);
    CHECK(see(5000) == Seen::again);
    CHECK(see(5000 - 1023) == Seen::first);
    CHECK(see(10) == Seen::again);
  }
  CHECK(window.see(1, 5, link, true, now + FloodWindow::kForget + 1) == Seen::first);
}

/// How many of 10,000 floods of one origin pass.
int64_t passing(FloodWindow &window, NodeId origin, uint32_t first, PeerId link, Micros now) {
  int64_t through = 0;
  for (uint32_t i = 0; i < 10'000; ++i) {
    through += window.see(origin, first + i, link, true, now) == FloodWindow::Seen::first ? 1 : 0;
  }
  return through;
}

TEST("storms are limited for each origin and link, and for all invented origins together") {
  FloodWindow window;
  const Micros now = 1'000 * kSecond;
  CHECK(passing(window, 1, 0, 7, now) == kFloodBurstReceived);
  // Whoever floods in the name of another leaves it a share by other links, and has used up its own link.
  CHECK(passing(window, 1, 10'000, 8, now) == kFloodBurstReceived);
  CHECK(window.see(2, 1, 7, true, now) == FloodWindow::Seen::link_storm);
  CHECK(window.see(2, 2, 9, true, now) == FloodWindow::Seen::first);
  int64_t through = 0;
  for (uint32_t i = 0; i < 10'000; ++i) {
    through += window.see(1000 + i, 1, 10, false, now) == FloodWindow::Seen::first ? 1 : 0;
  }
  CHECK(through == kFloodBurstReceived);
  CHECK(passing(window, 1, 20'000, 7, now + kSecond) == kFloodRate);
}

RUN_ALL()
