// The MAC table: learning, moving, ageing, bounds.
// sources: ../mac_table.cc
#include "../mac_table.h"

#include "check.h"

using namespace evio;

constexpr MacBits kMac = 0x020000000001;

TEST("an address is found behind who was last heard with it") {
  MacTable table(1);
  CHECK(!table.find(kMac, 0));
  CHECK(table.learn(kMac, 5, 0) == Learned::added);
  CHECK(table.find(kMac, 0) == Owner{5});
  CHECK(table.learn(kMac, 5, kSecond) == Learned::known);
  CHECK(table.learn(kMac, 6, kSecond) == Learned::moved);
  CHECK(table.find(kMac, kSecond) == Owner{6});
  CHECK(table.entries(kSecond).size() == 1);
}

TEST("an address not heard of for 300 s is forgotten") {
  MacTable table(1);
  table.learn(kMac, 5, 0);
  CHECK(table.find(kMac, 300 * kSecond) == Owner{5});
  CHECK(!table.find(kMac, 300 * kSecond + 1));
  CHECK(table.entries(301 * kSecond).empty());
  table.learn(kMac, 5, 200 * kSecond);
  CHECK(table.find(kMac, 450 * kSecond) == Owner{5});
}

TEST("group addresses and the zero address are never learned") {
  MacTable table(1);
  table.learn(0xffffffffffff, 5, 0);
  table.learn(0x01005e000001, 5, 0);
  table.learn(0, 5, 0);
  CHECK(table.entries(0).empty());
}

TEST("an owner that goes takes its addresses with it") {
  MacTable table(1);
  for (MacBits i = 0; i < 100; ++i) table.learn(kMac + i, static_cast<Owner>(i % 2 + 1), 0);
  table.forget(1);
  CHECK(table.entries(0).size() == 50);
}

TEST("a flood of addresses stays within bounds and pushes out the oldest") {
  MacTable table(1);
  for (MacBits i = 0; i < 100'000; ++i) table.learn(kMac + i, 1, static_cast<Micros>(i));
  CHECK(table.entries(100'000).size() <= MacTable::kSets * MacTable::kWays);
  CHECK(table.find(kMac + 99'999, 100'000) == Owner{1});
  CHECK(!table.find(kMac, 100'000));
}

TEST("a thousand addresses find room") {
  MacTable table(0x1234);
  for (MacBits i = 0; i < 1000; ++i) table.learn(kMac + i, 1, 0);
  CHECK(table.entries(0).size() == 1000);
}

RUN_ALL()
