// Multicast goes where it has listeners: what IGMP and MLD frames say, who is sent what, and when it ends.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "../group_frames.h"

#include "../checksum.h"
#include "check.h"
#include "test_ring.h"

using namespace evio;
using namespace evio::test;

namespace {

using Kind = GroupMessage::Kind;

constexpr IpBits kGroup = ipv4_bits(0xef010203);  // 239.1.2.3
constexpr IpBits kGroup6 = static_cast<IpBits>(0xff05000000000000) << 64 | 0x1234;
constexpr MacBits kPod = 0x02000000aaaa;

/// An IGMPv1 or IGMPv2 message of a host.
Buffer igmp(uint8_t type, uint32_t group, uint32_t source = 0x0a090001) {
  Buffer frame(60);
  write_u16(&frame[0], 0x0100);
  write_u32(&frame[2], 0x5e000000 | (group & 0x7fffff));
  write_u32(&frame[8], 0xaaaa);
  frame[6] = 2;
  write_u16(&frame[12], 0x0800);
  frame[14] = 0x45;
  write_u16(&frame[16], 28);
  frame[22] = 1;
  frame[23] = 2;
  write_u32(&frame[26], source);
  write_u32(&frame[30], group);
  frame[34] = type;
  write_u32(&frame[38], group);
  write_u16(&frame[36], static_cast<uint16_t>(~checksum_fold(checksum_add(0, Bytes(frame).subspan(34, 8)))));
  return frame;
}

Buffer to_group(IpBits group, unsigned seed = 1) {
  const bool four = group >> 32 == 0xffff;
  Buffer frame = test_frame(0, kPod, 100, seed);
  if (four) {
    write_u16(&frame[0], 0x0100);
    write_u32(&frame[2], 0x5e000000 | (static_cast<uint32_t>(group) & 0x7fffff));
    write_u16(&frame[12], 0x0800);
    frame[14] = 0x45;
    write_u16(&frame[16], 86);
    frame[23] = 17;
    write_u32(&frame[30], static_cast<uint32_t>(group));
  } else {
    write_u16(&frame[0], 0x3333);
    write_u32(&frame[2], static_cast<uint32_t>(group));
    write_u16(&frame[12], 0x86dd);
    frame[14] = 0x60;
    write_u16(&frame[18], 46);
    frame[20] = 17;
    write_node_id(&frame[38], group);
  }
  return frame;
}

Buffer report(const std::vector<GroupChange> &changes) {
  return group_reports(GroupSpeaker::of(kPod), changes).at(0);
}

/// Five nodes, all linked, that have been together for long enough.
struct Party {
  TestRing ring{5};

  Party() {
    for (int i = 1; i <= 5; ++i) {
      for (int j = i + 1; j <= 5; ++j) ring.link(i, j);
    }
    ring.set_neighbours();
    pass(0);
    for (int i = 1; i <= 5; ++i) ring.node(i).delivered();
    pass(GroupTable::kSettling);
  }
  /// Lets time go by, in steps of a second.
  void pass(Micros time) {
    for (Micros left = time; left >= 0; left -= kSecond) {
      for (int i = 1; i <= 5; ++i) {
        TestNode &node = ring.node(i);
        node.sender->flush_pending(*node.registry.view(), node.now);
        node.sender->expire(*node.registry.view(), node.now);
      }
      ring.run();
      if (left == 0) break;
      for (int i = 1; i <= 5; ++i) ring.node(i).now += kSecond;
    }
  }
  /// Which nodes' hosts get what node `from` sends.
  std::set<int> reached(int from, const Buffer &frame) {
    for (int i = 1; i <= 5; ++i) ring.node(i).delivered();
    ring.node(from).send_batch({frame});
    ring.run();
    std::set<int> got;
    for (int i = 1; i <= 5; ++i) {
      const auto frames = ring.node(i).delivered();
      const auto copies = std::count(frames.begin(), frames.end(), frame);
      CHECK(copies <= 1);
      if (copies == 1) got.insert(i);
    }
    return got;
  }
  /// A host behind a node reports; no other host hears it.
  void say(int from, const Buffer &frame) {
    CHECK(reached(from, frame).empty());
    pass(kSecond);
  }
};

}  // namespace

TEST("reports of every version are read") {
  const auto changes = [](const Buffer &frame) {
    const auto message = read_group_message(frame);
    CHECK(message && message->kind == Kind::report);
    return message ? message->changes : std::vector<GroupChange>{};
  };
  CHECK(changes(igmp(0x12, 0xef010203)) == std::vector<GroupChange>({{kGroup, true}}));
  CHECK(changes(igmp(0x16, 0xef010203)) == std::vector<GroupChange>({{kGroup, true}}));
  CHECK(changes(igmp(0x17, 0xef010203)) == std::vector<GroupChange>({{kGroup, false}}));
  CHECK(changes(igmp(0x16, 0xe00000fb)).empty());  // mDNS goes to all
  for (const bool joins : {true, false}) {
    CHECK(changes(report({{kGroup, joins}})) == std::vector<GroupChange>({{kGroup, joins}}));
    CHECK(changes(report({{kGroup6, joins}})) == std::vector<GroupChange>({{kGroup6, joins}}));
  }
  Buffer wrong = igmp(0x16, 0xef010203);
  wrong[41] ^= 1;
  CHECK(!read_group_message(wrong));
  CHECK(read_group_message(igmp(0x11, 0xe0000001))->kind == Kind::query);
  CHECK(read_group_message(igmp(0x11, 0xe0000001, 0))->kind == Kind::proxy_query);
}

TEST("what a node makes itself is well-formed, cut or twisted it is nothing dangerous") {
  std::vector<GroupChange> many;
  for (uint32_t i = 0; i < 200; ++i) many.push_back({ipv4_bits(0xef020000 + i), i % 2 == 0});
  for (uint32_t i = 0; i < 130; ++i) many.push_back({kGroup6 + i, true});
  std::vector<GroupChange> back;
  std::vector<Buffer> frames = group_reports(GroupSpeaker::of(kPod), many);
  CHECK(frames.size() == 2 + 3);
  for (const Buffer &frame : frames) {
    CHECK(frame.size() < 1300);
    const auto message = read_group_message(frame);
    back.insert(back.end(), message->changes.begin(), message->changes.end());
  }
  CHECK(back == many);
  const auto queries = group_queries(GroupSpeaker::of(kPod), false);
  CHECK(read_group_message(queries[0])->kind == Kind::proxy_query && read_group_message(queries[1])->kind == Kind::query);
  CHECK(read_group_message(queries[2])->kind == Kind::router && read_group_message(queries[3])->kind == Kind::router);
  frames = queries;
  frames.push_back(report({{kGroup, true}, {kGroup + 1, false}}));
  frames.push_back(report({{kGroup6, true}}));
  for (const Buffer &good : frames) {
    for (size_t size = 0; size < good.size(); ++size) CHECK(!read_group_message(Bytes(good).first(size)));
    Buffer twisted = good;
    for (size_t at = 0; at < twisted.size(); ++at) {
      for (const uint8_t value : {0, 1, 0x7f, 0xff}) {
        twisted[at] = value;
        read_group_message(twisted);
        prunable_group(twisted);
      }
      twisted[at] = good[at];
    }
  }
}

TEST("link-local groups, tagged frames and what is no IP are for all") {
  CHECK(prunable_group(to_group(kGroup)) == kGroup && prunable_group(to_group(kGroup6)) == kGroup6);
  CHECK(!prunable_group(to_group(ipv4_bits(0xe00000fb))));
  for (const uint64_t scope : {0xff01, 0xff02}) {
    CHECK(!prunable_group(to_group(static_cast<IpBits>(scope) << 112 | 0xfb)));
  }
  CHECK(!prunable_group(test_frame(0x0180c2000000, kPod, 60)));
  Buffer tagged = to_group(kGroup);
  write_u16(&tagged[12], 0x8100);
  CHECK(!prunable_group(tagged));
}

TEST("a group goes only to those that listen, once everybody could say so") {
  Party party;
  for (const IpBits group : {kGroup, kGroup6}) {
    CHECK(party.reached(1, to_group(group)).empty());
    party.say(3, report({{group, true}}));
    CHECK(party.reached(1, to_group(group)) == std::set<int>{3});
    party.say(5, report({{group, true}}));
    CHECK((party.reached(1, to_group(group)) == std::set<int>{3, 5}));
    CHECK(party.reached(3, to_group(group)) == std::set<int>{5});
  }
  CHECK((party.reached(1, to_group(ipv4_bits(0xe00000fb))) == std::set<int>{2, 3, 4, 5}));
  CHECK(party.ring.node(1).count(Counter::groupFrames) == 4);
  CHECK(party.ring.node(1).count(Counter::groupFramesUnwanted) == 2);
}

TEST("listeners are asked, and forgotten when none answers; who leaves is forgotten sooner") {
  Party party;
  party.say(3, report({{kGroup, true}}));
  // The host answers each question.
  for (int i = 0; i < 6; ++i) {
    party.pass(60 * kSecond);
    size_t asked = 0;
    for (const Buffer &frame : party.ring.node(3).delivered()) {
      const auto message = read_group_message(frame);
      asked += message && message->kind == Kind::proxy_query;
    }
    if (asked > 0) party.say(3, report({{kGroup, true}}));
    CHECK(party.reached(1, to_group(kGroup)) == std::set<int>{3});
  }
  party.pass(GroupTable::kReported);
  CHECK(party.reached(1, to_group(kGroup)).empty());
  party.say(3, report({{kGroup, true}}));
  CHECK(party.reached(1, to_group(kGroup)) == std::set<int>{3});
  // One leaves, and another behind the same bridge says that it stays.
  party.ring.node(3).send_batch({igmp(0x17, 0xef010203)});
  bool soon = false;
  for (const Buffer &frame : party.ring.node(3).delivered()) soon |= frame.size() == 50 && frame[39] == 10;
  CHECK(soon);
  party.pass(kSecond);
  party.say(3, igmp(0x16, 0xef010203));
  party.pass(10 * kSecond);
  CHECK(party.reached(1, to_group(kGroup)) == std::set<int>{3});
  party.say(3, igmp(0x17, 0xef010203));
  party.pass(GroupTable::kLastListener + kSecond);
  CHECK(party.reached(1, to_group(kGroup)).empty());
}

TEST("a lost announcement costs a second; a node that vanishes without a word is forgotten") {
  Party party;
  party.ring.node(3).send_batch({report({{kGroup, true}})});
  party.ring.node(3).network.sent.clear();
  party.pass(2 * kSecond);
  CHECK(party.reached(1, to_group(kGroup)) == std::set<int>{3});
  const PeerId three = party.ring.peer(1, 3);
  CHECK(party.ring.node(1).overlay->groups.way(kGroup, party.ring.node(1).now).owners ==
        std::vector<Owner>{slot_of(three)});
  CHECK(party.ring.node(1).overlay->groups.way(kGroup, party.ring.node(1).now + GroupTable::kAnnounced).owners.empty());
  party.ring.node(1).registry.remove_peer(three);
  CHECK(party.ring.node(1).overlay->groups.way(kGroup, party.ring.node(1).now).owners.empty());
}

TEST("who is new sends to all, until it may have heard everybody") {
  Party party;
  party.say(3, report({{kGroup, true}}));
  GroupTable fresh;
  const Micros now = party.ring.node(1).now;
  CHECK(fresh.way(kGroup, now).all && fresh.wanted_here(kGroup, now));
  fresh.joined(true, now);
  CHECK(fresh.way(kGroup, now + GroupTable::kSettling - 1).all);
  CHECK(!fresh.way(kGroup, now + GroupTable::kSettling).all);
  fresh.joined(false, now);
  CHECK(fresh.way(kGroup, now + GroupTable::kSettling).all);
}

TEST("a router gets every group and all announcements") {
  Party party;
  CHECK((party.reached(4, igmp(0x11, 0xe0000001)) == std::set<int>{1, 2, 3, 5}));
  CHECK(party.reached(1, to_group(kGroup)) == std::set<int>{4});
  party.ring.node(3).send_batch({report({{kGroup, true}})});
  party.ring.run();
  const auto at_router = party.ring.node(4).delivered();
  CHECK(at_router.size() == 1 && read_group_message(at_router[0])->changes == std::vector<GroupChange>({{kGroup, true}}));
  CHECK((party.reached(1, to_group(kGroup)) == std::set<int>{3, 4}));
}

TEST("many listeners get a flood; tables are bounded, and then send to all") {
  GroupTable table;
  const Micros now = TestNode::kStart;
  table.joined(true, now - GroupTable::kSettling);
  const GroupMessage join{Kind::report, {{kGroup, true}}};
  for (Owner owner = 1; owner <= GroupTable::kFew; ++owner) table.note_there(owner, join, now);
  CHECK(table.way(kGroup, now).owners.size() == GroupTable::kFew);
  table.note_there(99, join, now);
  CHECK(table.way(kGroup, now).all);
  // A listener that is no peer of ours can only be flooded to.
  table.note_there(kStranger, {Kind::report, {{kGroup + 1, true}}}, now);
  CHECK(table.way(kGroup + 1, now).all && table.way(kGroup + 2, now).owners.empty() && !table.way(kGroup + 2, now).all);
  const uint32_t each = GroupTable::kMaxOfOwner;
  for (uint32_t i = 0; i < GroupTable::kMaxThere; ++i) {
    table.note_there(static_cast<Owner>(100 + i / each), {Kind::report, {{ipv4_bits(0xef100000 + i), true}}}, now);
  }
  table.note_there(7, {Kind::report, {{kGroup + 3, true}}}, now);
  CHECK(table.way(kGroup + 2, now).all);
  const Micros later = now + GroupTable::kAnnounced;
  table.note_there(7, join, later);
  CHECK(!table.way(kGroup + 2, later).all && table.way(kGroup, later).owners == std::vector<Owner>{7});
}

TEST("who announces more groups than a node may gets every group, and nobody else does") {
  GroupTable table;
  const Micros now = TestNode::kStart;
  table.joined(true, now - GroupTable::kSettling);
  for (const Owner owner : {Owner{7}, kStranger}) {
    for (uint32_t i = 0; i < GroupTable::kMaxThere; ++i) {
      table.note_there(owner, {Kind::report, {{ipv4_bits(0xef100000 + i), true}}}, now);
    }
  }
  table.note_there(8, {Kind::report, {{kGroup, true}}}, now);
  CHECK((table.way(kGroup, now).owners == std::vector<Owner>{7, 8}) && !table.way(kGroup, now).all);
  CHECK(table.way(kGroup + 1, now).owners == std::vector<Owner>{7} && !table.way(kGroup + 1, now).all);
  // Once they are too old, or were left, there is room again.
  const Micros later = now + GroupTable::kAnnounced;
  table.note_there(7, {Kind::report, {{kGroup, true}}}, later);
  CHECK(table.way(kGroup, later).owners == std::vector<Owner>{7} && table.way(kGroup + 1, later).owners.empty());
  for (uint32_t i = 0; i < 2 * GroupTable::kMaxOfOwner; ++i) {
    table.note_there(7, {Kind::report, {{kGroup + 5, true}}}, later);
    table.note_there(7, {Kind::report, {{kGroup + 5, false}}}, later);
  }
  CHECK(table.way(kGroup + 1, later).owners.empty());
}

RUN_ALL()
