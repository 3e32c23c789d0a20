// ARP and neighbour discovery answered on the host, MACs that move, and loops.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "../address_frames.h"

#include "../checksum.h"
#include "check.h"
#include "test_ring.h"

using namespace evio;
using namespace evio::test;

namespace {

constexpr uint32_t kOurs = 0x0a090001;
constexpr uint32_t kTheirs = 0x0a090002;
constexpr MacBits kPod = 0x02000000aaaa;

void put_mac(uint8_t *p, MacBits mac) {
  for (int i = 0; i < 6; ++i) p[i] = static_cast<uint8_t>(mac >> (40 - 8 * i));
}

Buffer arp(uint16_t operation, MacBits from, uint32_t sender, uint32_t target, MacBits to = kBroadcast) {
  Buffer frame(42);
  put_mac(&frame[0], to);
  put_mac(&frame[6], from);
  write_u16(&frame[12], 0x0806);
  write_u16(&frame[14], 1);
  write_u16(&frame[16], 0x0800);
  frame[18] = 6;
  frame[19] = 4;
  write_u16(&frame[20], operation);
  put_mac(&frame[22], from);
  write_u32(&frame[28], sender);
  if (to != kBroadcast) put_mac(&frame[32], to);
  write_u32(&frame[38], target);
  return frame;
}

constexpr IpBits ip6(uint64_t host) { return static_cast<IpBits>(0xfd00000000000000) << 64 | host; }

/// A solicitation (135) or advertisement (136).
Buffer nd(uint8_t type, MacBits from, IpBits source, IpBits target, uint8_t flags = 0, bool option = true) {
  Buffer frame(option ? 86 : 78);
  put_mac(&frame[0], type == 135 ? 0x3333ff000000 | (static_cast<uint64_t>(target) & 0xffffff) : 0x333300000001);
  put_mac(&frame[6], from);
  write_u16(&frame[12], 0x86dd);
  frame[14] = 0x60;
  write_u16(&frame[18], static_cast<uint16_t>(frame.size() - 54));
  frame[20] = 58;
  frame[21] = 255;
  write_node_id(&frame[22], source);
  write_node_id(&frame[38], static_cast<IpBits>(0xff02000000000000) << 64 | 1);
  frame[54] = type;
  frame[58] = flags;
  write_node_id(&frame[62], target);
  if (option) {
    frame[78] = type == 135 ? 1 : 2;
    frame[79] = 1;
    put_mac(&frame[80], from);
  }
  return frame;
}

}  // namespace

TEST("an ARP request for an address of a node record is answered here, before there is a session") {
  TestNode a(1);
  const PeerId peer = *a.registry.add_peer(1, node_of(2));
  a.overlay->macs.pin(kPod, slot_of(peer));
  a.overlay->addresses.learn(ipv4_bits(kTheirs), kPod);
  a.send(arp(1, a.mac(), kOurs, kTheirs));
  const auto answers = a.delivered();
  CHECK(answers.size() == 1 && answers[0] == arp(2, kPod, kTheirs, kOurs, a.mac()));
  CHECK(a.count(Counter::answeredLocally) == 1 && a.count(Counter::floodedFrames) == 0);
  // So the frame that asked for it waits for the session, not for the kernel's next attempt.
  a.send(test_frame(kPod, a.mac(), 100));
  CHECK(a.count(Counter::queuedFrames) == 1 && a.events_of<event::Wanted>().size() == 1);
  // An hour later as well.
  a.now += 3600 * kSecond;
  a.send(arp(1, a.mac(), kOurs, kTheirs));
  CHECK(a.delivered().size() == 1);
  a.overlay->addresses.forget(ipv4_bits(kTheirs));
  a.send(arp(1, a.mac(), kOurs, kTheirs));
  CHECK(a.delivered().empty() && a.count(Counter::floodedFrames) == 1);
}

TEST("a question that came before the first node record is answered when the record has come") {
  TestNode a(1);
  a.send(arp(1, a.mac(), kOurs, kTheirs));
  CHECK(a.delivered().empty() && a.count(Counter::queuedFrames) == 1);
  a.sender->flush_pending(*a.registry.view(), a.now);
  CHECK(a.delivered().empty());
  const PeerId peer = *a.registry.add_peer(1, node_of(2));
  a.overlay->macs.pin(kPod, slot_of(peer));
  a.overlay->addresses.learn(ipv4_bits(kTheirs), kPod);
  a.sender->flush_pending(*a.registry.view(), a.now);
  const auto answers = a.delivered();
  CHECK(answers.size() == 1 && answers[0] == arp(2, kPod, kTheirs, kOurs, a.mac()));
  CHECK(a.count(Counter::answeredLocally) == 1 && a.network.sent.empty());
}

TEST("a question that came before the first peer, of which nobody told, goes to the peer") {
  TestNode a(1);
  a.send(arp(1, a.mac(), kOurs, kTheirs));
  const PeerId peer = *a.registry.add_peer(1, node_of(2));
  a.sender->flush_pending(*a.registry.view(), a.now);
  CHECK(a.network.sent.empty() && a.events_of<event::Wanted>().empty());
  a.add_session(peer, 2, Role::initiator);
  a.registry.set_path(peer, direct_path(2));
  a.sender->flush_pending(*a.registry.view(), a.now);
  CHECK(a.network.sent.size() == 1);
}

TEST("neighbour solicitations are answered with a checksum that is right") {
  TestNode a(1);
  a.overlay->addresses.learn(ip6(2), kPod);
  a.send(nd(135, a.mac(), ip6(1), ip6(2)));
  const auto answers = a.delivered();
  CHECK(answers.size() == 1);
  const Buffer &answer = answers[0];
  CHECK(answer.size() == 86 && read_mac(&answer[0]) == a.mac() && read_mac(&answer[6]) == kPod);
  CHECK(read_node_id(&answer[22]) == ip6(2) && read_node_id(&answer[38]) == ip6(1));
  CHECK(answer[54] == 136 && answer[58] == 0x40 && read_node_id(&answer[62]) == ip6(2));
  CHECK(answer[78] == 2 && answer[79] == 1 && read_mac(&answer[80]) == kPod);
  const uint64_t sum = checksum_add(checksum_add(32 + 58, Bytes(answer).subspan(22, 32)), Bytes(answer).subspan(54));
  CHECK(checksum_fold(sum) == 0xffff);
  CHECK(read_address_claim(answer)->ip == ip6(2) && read_address_claim(answer)->router == false);
}

TEST("what peers show of themselves is known for a minute; a router stays one") {
  TestLink link;
  link.a.send_batch({arp(1, link.a.mac(), kTheirs, 0x0a090009), nd(136, link.a.mac(), ip6(2), ip6(2), 0x80)});
  link.b.receive_all(link.a);
  link.b.delivered();
  link.b.send(arp(1, link.b.mac(), kOurs, kTheirs));
  link.b.send(nd(135, link.b.mac(), ip6(1), ip6(2)));
  const auto answers = link.b.delivered();
  CHECK(answers.size() == 2 && read_mac(&answers[0][22]) == link.a.mac() && answers[1][58] == 0xc0);
  link.b.now += AddressTable::kMaxAge + 1;
  link.b.send(arp(1, link.b.mac(), kOurs, kTheirs));
  CHECK(link.b.delivered().empty());
}

TEST("probes, announcements, tagged frames, questions to one node and those asked again go to all") {
  TestLink link;
  TestNode &a = link.a;
  a.overlay->addresses.learn(ipv4_bits(kTheirs), kPod);
  a.overlay->addresses.learn(ip6(2), kPod);
  Buffer tagged = arp(1, a.mac(), kOurs, kTheirs);
  tagged.insert(tagged.begin() + 12, {0x81, 0x00, 0x00, 0x05});
  const std::vector<Buffer> passing = {
      arp(1, a.mac(), 0, kTheirs),
      arp(1, a.mac(), kTheirs, kTheirs),
      arp(2, a.mac(), kOurs, kTheirs),
      tagged,
      nd(135, a.mac(), 0, ip6(2), 0, false),
      nd(136, a.mac(), ip6(1), ip6(1)),
  };
  a.send_batch(passing);
  link.b.receive_all(a);
  CHECK(link.b.delivered() == passing && a.delivered().empty());

  TestLink again;
  again.a.overlay->addresses.learn(ipv4_bits(kTheirs), kPod);
  again.a.send(arp(1, again.a.mac(), kOurs, kTheirs));
  CHECK(again.a.count(Counter::answeredLocally) == 1);
  again.a.now += kSecond;
  again.a.send(arp(1, again.a.mac(), kOurs, kTheirs));
  CHECK(again.a.count(Counter::floodedFrames) == 1);
  again.a.send(arp(1, 0x020000000077, kOurs + 5, kTheirs));  // another host behind the same bridge
  CHECK(again.a.count(Counter::answeredLocally) == 2);
}

TEST("an address on this host is not answered for, nor by a frame that speaks for another") {
  TestLink link;
  link.a.overlay->addresses.learn(ipv4_bits(kOurs), link.a.mac());
  link.a.send(arp(1, 0x020000000077, kOurs + 5, kOurs));
  CHECK(link.a.delivered().empty());
  // A pod here has it now, whatever was seen of peers.
  link.a.overlay->addresses.see(ipv4_bits(kTheirs), kPod, {}, AddressTable::Side::remote, link.a.now);
  link.a.send(arp(1, kPod, kTheirs, kTheirs));
  link.a.send(arp(1, link.a.mac(), kOurs, kTheirs));
  CHECK(link.a.delivered().empty());
  // The MAC inside is not the sender's.
  Buffer lying = arp(2, link.b.mac(), kTheirs + 1, kOurs);
  put_mac(&lying[22], kPod);
  CHECK(!read_address_claim(lying));
  // A node record counts more than a frame.
  link.a.overlay->addresses.learn(ipv4_bits(kTheirs + 2), kPod);
  link.a.overlay->addresses.see(ipv4_bits(kTheirs + 2), 0x0200000000ee, {}, AddressTable::Side::remote, link.a.now);
  CHECK(link.a.overlay->addresses.answer(ipv4_bits(kTheirs + 2), 1, link.a.now)->mac == kPod);
}

TEST("the table of addresses is bounded, whatever is invented") {
  AddressTable table;
  const Micros now = 1'000 * kSecond;
  for (uint32_t i = 0; i < 20'000; ++i) table.see(ipv4_bits(i), kPod, {}, AddressTable::Side::remote, now);
  CHECK(table.answer(ipv4_bits(5), 1, now) && !table.answer(ipv4_bits(19'000), 1, now));
  table.see(ipv4_bits(30'000), kPod, {}, AddressTable::Side::remote, now + AddressTable::kMaxAge + kSecond);
  CHECK(table.answer(ipv4_bits(30'000), 1, now + AddressTable::kMaxAge + kSecond));
}

TEST("cut and twisted ARP and ND frames are nothing") {
  for (const Buffer &good : {arp(1, kPod, kOurs, kTheirs), nd(135, kPod, ip6(1), ip6(2)), nd(136, kPod, ip6(1), ip6(1))}) {
    for (size_t size = 0; size < good.size(); ++size) {
      const Bytes cut = Bytes(good).first(size);
      // A solicitation needs no option to be a question.
      CHECK(!read_address_claim(cut));
      CHECK(!read_address_question(cut));
    }
    Buffer twisted = good;
    for (size_t at = 0; at < twisted.size(); ++at) {
      for (const uint8_t value : {0, 1, 0x7f, 0xff}) {
        twisted[at] = value;
        read_address_claim(twisted);
        read_address_question(twisted);
      }
      twisted[at] = good[at];
    }
  }
}

TEST("a pod that moves once is followed at once, and is no loop") {
  TestLink link;
  const auto at_b = [&] {
    link.b.send_batch({test_frame(kBroadcast, kPod, 60)});
    link.a.receive_all(link.b);
    return link.a.delivered().size() == 1;
  };
  link.a.receiver->ask_echo(link.b_at_a, link.a.now);
  link.b.receive_all(link.a);
  link.a.receive_all(link.b);
  CHECK(at_b());
  link.a.send_batch({test_frame(kBroadcast, kPod, 60)});
  CHECK(link.a.overlay->macs.find(kPod, link.a.now) == kLocalOwner);
  link.a.now += 100 * kMillisecond;
  CHECK(at_b());
  CHECK(link.a.overlay->macs.find(kPod, link.a.now) == slot_of(link.b_at_a));
  CHECK(link.a.events_of<event::Loop>().empty() && link.a.count(Counter::dropLoop) == 0);
}

TEST("two bridged hosts that form a loop are told of, and frames stop going round") {
  TestRing ring(3);
  ring.link(1, 2);
  ring.link(2, 3);
  ring.link(1, 3);
  ring.set_neighbours();
  TestNode &a = ring.node(1);
  TestNode &b = ring.node(2);
  // The bridges of 1 and 2 share a wire: what comes out of one TAP goes into the other. A host behind 1's
  // bridge speaks; each round is all that is under way at one moment.
  std::vector<Buffer> into_a{test_frame(kBroadcast, kPod, 60, 1)};
  std::vector<Buffer> into_b = into_a;
  size_t rounds = 0;
  size_t got = 0;
  for (; rounds < 1000 && (!into_a.empty() || !into_b.empty()); ++rounds) {
    a.send_batch(std::exchange(into_a, {}));
    b.send_batch(std::exchange(into_b, {}));
    ring.run();
    into_b = a.delivered();
    into_a = b.delivered();
    got += ring.node(3).delivered().size();
    for (int i = 1; i <= 3; ++i) ring.node(i).now += kMillisecond;
  }
  CHECK(rounds < 100 && got < 100);
  const auto at_a = a.events_of<event::Loop>();
  const auto at_b = b.events_of<event::Loop>();
  CHECK(at_a.size() + at_b.size() >= 1 && at_a.size() <= 1 && at_b.size() <= 1);
  for (const auto &loop : at_b) CHECK(loop.mac == kPod && loop.peer == ring.peer(2, 1));
  CHECK(a.count(Counter::dropLoop) + b.count(Counter::dropLoop) > 0);
  // Others are not touched by it, and after the hold it counts anew.
  a.send_batch({test_frame(kBroadcast, a.mac(), 60)});
  ring.run();
  CHECK(ring.node(3).delivered().size() == 1);
}

TEST("a broadcast that goes round in one direction only is stopped by the one host that has noticed") {
  FlapWatch watch;
  const Micros now = TestNode::kStart;
  const Buffer frame = test_frame(kBroadcast, kPod, 60);
  CHECK(!watch.repeats(kPod, frame, now) && !watch.repeats(kPod, frame, now));  // no loop: anybody may repeat himself
  for (int i = 1; i < FlapWatch::kMoves; ++i) CHECK(!watch.moved(kPod, kLocalOwner, now));
  CHECK(watch.moved(kPod, kLocalOwner, now));
  CHECK(!watch.repeats(kPod, frame, now) && watch.repeats(kPod, frame, now + kSecond));
  CHECK(!watch.repeats(kPod, test_frame(kBroadcast, kPod, 60, 2), now));
  CHECK(!watch.repeats(kPod + 1, frame, now) && !watch.repeats(kPod + 1, frame, now));
  CHECK(!watch.repeats(kPod, frame, now + FlapWatch::kHold));
}

TEST("frames that go round in one direction, whose MAC is the bridge's own, are stopped by a beacon") {
  TestRing ring(3);
  ring.link(1, 2);
  ring.link(2, 3);
  ring.link(1, 3);
  ring.set_neighbours();
  TestNode &a = ring.node(1);
  TestNode &b = ring.node(2);
  // Only from 2's bridge to 1's does the cable carry.
  std::vector<Buffer> into_a{test_frame(kBroadcast, a.mac(), 60)};
  size_t rounds = 0;
  for (; rounds < 200 && !into_a.empty(); ++rounds) {
    std::vector<Buffer> into_b;
    a.send_batch(std::exchange(into_a, {}));
    ring.run();
    into_a = b.delivered();
    for (const Buffer &frame : a.delivered()) into_b.push_back(frame);
    b.send_batch(into_b);  // 1's beacon reaches 2 by the cable
    for (int i = 1; i <= 3; ++i) ring.node(i).now += kMillisecond;
  }
  CHECK(rounds <= RepeatWatch::kRepeats + 1 && b.count(Counter::loopBeacons) == 1);
  const auto told = b.events_of<event::Loop>();
  CHECK(told.size() == 1 && told[0].peer == ring.peer(2, 1));
  // Broadcast of others passes, unicast too, and everything after the hold.
  const auto arrives = [&](int from, MacBits to) {
    b.delivered();
    ring.node(from).send_batch({test_frame(to, 0x020000000050 + static_cast<MacBits>(from), 60)});
    ring.run();
    return b.delivered().size() == 1;
  };
  CHECK(arrives(3, kBroadcast) && !arrives(1, kBroadcast) && arrives(1, 0x020000000099));
  for (int i = 1; i <= 3; ++i) ring.node(i).now += FlapWatch::kHold;
  CHECK(arrives(1, kBroadcast));
}

TEST("tagged frames pass as they are, once and twice tagged, to one and to all; tagged questions are for all") {
  TestRing ring(3);
  ring.link(1, 2);
  ring.link(2, 3);
  ring.link(1, 3);
  ring.set_neighbours();
  TestNode &a = ring.node(1);
  a.overlay->macs.pin(kPod, slot_of(ring.peer(1, 2)));
  a.overlay->addresses.learn(ipv4_bits(kTheirs), kPod);
  const auto tagged = [](Buffer frame, const std::vector<uint32_t> &tags) {
    size_t at = 12;
    for (const uint32_t tag : tags) {
      std::array<uint8_t, 4> bytes{};
      write_u32(bytes.data(), tag);
      frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(), bytes.end());
      at += 4;
    }
    return frame;
  };
  for (const std::vector<uint32_t> &tags : {std::vector<uint32_t>{0x81000007}, {0x88a80007, 0x81006008}}) {
    for (const size_t size : {60, 1400, 3000}) {
      const Buffer one = tagged(test_frame(kPod, a.mac(), size), tags);
      const Buffer all = tagged(test_frame(kBroadcast, a.mac(), size), tags);
      a.send_batch({one, all});
      ring.run();
      auto at_two = ring.node(2).delivered();
      std::sort(at_two.begin(), at_two.end());
      auto both = std::vector<Buffer>{one, all};
      std::sort(both.begin(), both.end());
      CHECK(at_two == both);
      CHECK(ring.node(3).delivered() == std::vector<Buffer>{all});
    }
    // The same address may be another host's in another VLAN.
    a.send_batch({tagged(arp(1, a.mac(), kOurs, kTheirs), tags)});
    ring.run();
    CHECK(a.delivered().empty() && ring.node(3).delivered().size() == 1 && ring.node(2).delivered().size() == 1);
  }
  CHECK(ring.dropped() == 0);
}

TEST("many MACs behind a loop are all held") {
  FlapWatch watch;
  const Micros now = TestNode::kStart;
  for (MacBits mac = 1; mac <= 500; ++mac) {
    for (int i = 0; i < FlapWatch::kMoves; ++i) watch.moved(mac, kLocalOwner, now);
  }
  for (MacBits mac = 1; mac <= 500; ++mac) CHECK(watch.refuses(mac, 3, true, now) && !watch.refuses(mac, kLocalOwner, true, now));
}

RUN_ALL()
