// The parts of a flood: the cases of packages/topology's flood table, and whole rings.
// sources: ../flood_table.cc
#include "../flood_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
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

namespace {

using Seen = FloodWindow::Seen;
constexpr Micros kNow = 1'000 * kSecond;

/// The flood that an origin sends with a number; `content`: of its frame.
Seen see(FloodWindow &window, NodeId origin, uint32_t sequence, PeerId link, bool member = true, Micros now = kNow,
         uint8_t content = 0) {
  const std::vector<uint8_t> frame(60, content);
  return window.see({origin, origin, sequence, 1, 0, {}}, frame, link, member, now);
}

/// How many of 10,000 floods of one origin pass.
int64_t passing(FloodWindow &window, NodeId origin, uint32_t first, PeerId link, Micros now) {
  int64_t through = 0;
  for (uint32_t i = 0; i < 10'000; ++i) through += see(window, origin, first + i, link, true, now) == Seen::first;
  return through;
}

}  // namespace

TEST("the hash is that of its authors") {
  std::vector<uint8_t> bytes(15);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  CHECK(siphash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, bytes) == 0xa129ca6149be45e5);
}

TEST("each flood of an origin counts once, in any order, across the wrap") {
  FloodWindow window;
  for (const uint32_t start : {0u, 0xffffff00u}) {
    const NodeId origin = start + 1;
    for (uint32_t i = 0; i < 400; i += 2) CHECK(see(window, origin, start + i, 7) == Seen::first);
    for (uint32_t i = 1; i < 400; i += 2) CHECK(see(window, origin, start + i, 7) == Seen::first);
    for (uint32_t i = 0; i < 400; ++i) CHECK(see(window, origin, start + i, 8) == Seen::again);
  }
  CHECK(see(window, 1, 5, 9, true, kNow + FloodMarks::kRemember + 1) == Seen::first);
}

TEST("a number that others have used with other content, or flags, is as good as new") {
  FloodWindow window;
  CHECK(see(window, 1, 99, 7) == Seen::first);
  for (uint32_t ahead = 0; ahead < 1024; ++ahead) CHECK(see(window, 1, 99 + ahead, 8, true, kNow, 1) == Seen::first);
  for (uint32_t ahead = 1; ahead < 1024; ++ahead) CHECK(see(window, 1, 99 + ahead, 7) == Seen::first);
  CHECK(see(window, 1, 99, 7) == Seen::again);
  const std::vector<uint8_t> frame(60);
  const auto flags = [&](uint8_t of) { return window.see({2, 2, 1, 1, of, {}}, frame, 7, true, kNow); };
  CHECK(flags(0) == Seen::first && flags(wire::kFlagFloodChecksumNeeded) == Seen::first && flags(0) == Seen::again);
}

TEST("what was refused as a storm counts as not seen") {
  FloodWindow window;
  CHECK(passing(window, 1, 0, 7, kNow) == kFloodBurstReceived);
  CHECK(see(window, 1, 9'999, 8) == Seen::first);
}

TEST("storms are limited for each origin and link, and for all invented origins together") {
  FloodWindow window;
  CHECK(passing(window, 1, 0, 7, kNow) == kFloodBurstReceived);
  // Whoever floods in the name of another leaves it a share by other links, and has used up its own link.
  CHECK(passing(window, 1, 10'000, 8, kNow) == kFloodBurstReceived);
  CHECK(see(window, 2, 1, 7) == Seen::link_storm);
  CHECK(see(window, 2, 2, 9) == Seen::first);
  for (const PeerId link : {10, 11}) {
    int64_t through = 0;
    for (uint32_t i = 0; i < 10'000; ++i) through += see(window, 1000 + i, 1 + link, link, false) == Seen::first;
    CHECK(through == kFloodBurstReceived);
  }
  CHECK(passing(window, 1, 20'000, 7, kNow + kSecond) == kFloodRate);
}

TEST("invented origins push out no member, and of members the one that was silent longest goes") {
  FloodWindow window;
  for (const PeerId link : {7, 8}) passing(window, 1, 10'000 * link, link, kNow);
  for (uint32_t i = 0; i < 5'000; ++i) see(window, 1000 + i, 1, 9 + i / 2'500, false);
  CHECK(see(window, 1, 1, 11) == Seen::storm);
  for (uint32_t i = 0; i < FloodWindow::kMaxOrigins - 1; ++i) see(window, 10'000 + i, 1, 12 + i / 2'500);
  CHECK(see(window, 1, 1, 14) == Seen::storm);
  see(window, 20'000, 1, 14);
  CHECK(see(window, 1, 1, 14) == Seen::storm);
  for (uint32_t i = 0; i < FloodWindow::kMaxOrigins; ++i) see(window, 30'000 + i, 1, 15 + i / 2'500);
  CHECK(see(window, 1, 1, 17) == Seen::first);
}

RUN_ALL()
