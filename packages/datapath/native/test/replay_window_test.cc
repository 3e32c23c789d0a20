// The anti-replay window against a plain set of all counters seen.
#include "../replay_window.h"

#include <random>
#include <set>

#include "check.h"

using namespace evio;

TEST("each counter is accepted once, in whatever order, within reach") {
  std::mt19937_64 random(1);
  ReplayWindow window;
  std::set<uint64_t> seen;
  uint64_t newest = 0;
  for (int i = 0; i < 200'000; ++i) {
    uint64_t counter = newest + random() % 64;
    if (random() % 3 == 0) counter = newest > 9000 ? newest - random() % 9000 : random() % (newest + 1);
    if (random() % 1000 == 0) counter = newest + random() % 20'000;
    const bool too_old = !seen.empty() && counter < newest && newest + 1 - counter > ReplayWindow::kReach;
    const bool expected = !too_old && !seen.contains(counter);
    CHECK(window.fresh(counter) == expected);
    if (!expected) continue;
    CHECK(window.accept(counter) == (seen.empty() || counter > newest));
    seen.insert(counter);
    newest = std::max(newest, counter);
  }
}

TEST("a jump over the whole window forgets it, and no further") {
  ReplayWindow window;
  for (uint64_t counter = 0; counter < 100; ++counter) window.accept(counter);
  window.accept(uint64_t{1} << 59);
  CHECK(!window.fresh(50));
  CHECK(!window.fresh(uint64_t{1} << 59));
  CHECK(window.fresh((uint64_t{1} << 59) - 1));
  CHECK(window.fresh((uint64_t{1} << 59) + 1));
}

RUN_ALL()
