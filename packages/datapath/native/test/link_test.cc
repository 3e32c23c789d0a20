// The whole way of a frame, from one node's TAP to the other's, without a kernel in between: the test
// holds every datagram and the clock.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "check.h"
#include "test_node.h"

using namespace evio;
using namespace evio::test;

TEST("frames of every size arrive byte for byte, with both ciphers") {
  for (const Cipher cipher : {Cipher::aes256gcm, Cipher::chacha20poly1305}) {
    for (const size_t mtu : {548, 1200, 1472, 9000}) {
      TestLink link(cipher);
      link.a.registry.set_path_mtu(link.b_at_a, mtu);
      for (size_t size = 60; size <= 9018; size += size < 1600 ? 7 : 311) {
        const Buffer frame = test_frame(kBroadcast, link.a.mac(), size, static_cast<unsigned>(size));
        link.a.send_batch({frame});
        for (const auto &one : link.a.network.sent) CHECK(one.bytes.size() <= mtu);
        link.b.receive_all(link.a);
        const auto delivered = link.b.delivered();
        CHECK(delivered.size() == 1 && delivered[0] == frame);
      }
      CHECK(link.b.count(Counter::dropForged) == 0);
    }
  }
}

TEST("small frames that are ready together share a datagram") {
  TestLink link;
  std::vector<Buffer> frames;
  for (unsigned i = 0; i < 40; ++i) frames.push_back(test_frame(kBroadcast, link.a.mac(), 60 + i, i));
  link.a.send_batch(frames);
  CHECK(link.a.network.sent.size() <= 4);
  CHECK(link.a.network.trains.size() <= 4);
  link.b.receive_all(link.a);
  CHECK(link.b.delivered() == frames);
}

TEST("equal datagrams go out as one train, the last may be shorter") {
  TestLink link;
  const Buffer frame = test_frame(kBroadcast, link.a.mac(), 9000);
  link.a.send_batch({frame});
  CHECK(link.a.network.trains.size() == 1);
  CHECK(link.a.network.trains[0] == link.a.network.sent.size());
  link.b.receive_all(link.a);
  CHECK(link.b.delivered().size() == 1);
}

TEST("a replayed datagram is dropped, and so is a forged one") {
  TestLink link;
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  const Buffer datagram = link.a.network.sent[0].bytes;
  link.b.receive(datagram, link.a.endpoint());
  link.b.receive(datagram, link.a.endpoint());
  CHECK(link.b.count(Counter::dropReplayed) == 1);
  CHECK(link.b.delivered().size() == 1);
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  const Buffer good = link.a.network.sent[1].bytes;
  uint64_t refused = 0;
  // Any bit of header, text or tag.
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Buffer bad = good;
    bad[bit / 8] = static_cast<uint8_t>(bad[bit / 8] ^ 1 << bit % 8);
    link.b.receive(bad, link.a.endpoint());
    ++refused;
  }
  CHECK(link.b.delivered().empty());
  const uint64_t counted = link.b.count(Counter::dropForged) + link.b.count(Counter::dropUnknownIndex) +
                           link.b.count(Counter::dropHeaderInvalid) + link.b.count(Counter::dropUnknownType) +
                           link.b.count(Counter::dropReplayed) - 1 + link.b.count(Counter::dropHandshakeMalformed) +
                           link.b.count(Counter::dropChannelMalformed) + link.b.count(Counter::dropChannelUnknown) +
                           link.b.count(Counter::dropCounterExhausted) + link.b.events_of<event::Datagram>().size();
  CHECK(counted == refused);
  link.b.receive(good, link.a.endpoint());
  CHECK(link.b.delivered().size() == 1);
}

TEST("the responder sends with a session after the first authenticated datagram, once") {
  TestLink link;
  link.b.send_batch({test_frame(kBroadcast, link.b.mac(), 100)});
  CHECK(link.b.network.sent.empty());
  link.a.receiver->ask_echo(link.b_at_a, link.a.now);
  link.b.receive_all(link.a);
  CHECK(link.b.events_of<event::Established>().size() == 1);
  link.b.sender->flush_pending(*link.b.registry.view(), link.b.now);
  CHECK(link.b.count(Counter::flushedFrames) == 1);
  link.a.now += 3 * kMillisecond;
  link.a.receive_all(link.b);
  CHECK(link.a.delivered().size() == 1);
  CHECK(link.a.registry.view()->find(link.b_at_a)->peer->rtt.load() == 3 * kMillisecond);
}

TEST("no frame is lost while keys change") {
  TestLink link;
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  link.b.receive_all(link.a);
  size_t delivered = link.b.delivered().size();
  for (uint32_t generation = 1; generation < 8; ++generation) {
    link.b.add_session(link.a_at_b, 1, Role::responder, generation);
    link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100, 2 * generation)});  // still the old key
    link.a.add_session(link.b_at_a, 2, Role::initiator, generation);
    link.b.send_batch({test_frame(kBroadcast, link.b.mac(), 100, generation)});
    link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100, 2 * generation + 1)});  // the new one
    link.a.receive_all(link.b);
    CHECK(link.a.delivered().size() == 1);
    link.b.receive_all(link.a);
    delivered += link.b.delivered().size();
    CHECK(link.b.registry.view()->find(link.a_at_b)->sending == link.b.session(generation));
    link.a.registry.remove_session(TestNode::index(1, generation - 1));
    link.b.registry.remove_session(TestNode::index(2, generation - 1));
  }
  CHECK(delivered == 15);
}

TEST("a late datagram under old keys does not bring them back") {
  TestLink link;
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  const Buffer late = std::exchange(link.a.network.sent, {})[0].bytes;
  link.a.add_session(link.b_at_a, 2, Role::initiator, 1);
  link.b.add_session(link.a_at_b, 1, Role::responder, 1);
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  link.b.receive_all(link.a);
  link.b.receive(late, link.a.endpoint());
  link.b.end_batch();
  CHECK(link.b.delivered().size() == 2);
  CHECK(link.b.registry.view()->find(link.a_at_b)->sending == link.b.session(1));
  link.b.send_batch({test_frame(kBroadcast, link.b.mac(), 100)});
  link.a.receive_all(link.b);
  CHECK(link.a.registry.view()->find(link.b_at_a)->sending == link.a.session(1));
}

TEST("when the session in use goes, the newest confirmed one takes over") {
  TestLink link;
  link.a.add_session(link.b_at_a, 2, Role::initiator, 1);
  link.a.add_session(link.b_at_a, 2, Role::responder, 2);
  link.a.registry.remove_session(TestNode::index(1, 1));
  CHECK(link.a.registry.view()->find(link.b_at_a)->sending == link.a.session(0));
  link.a.registry.remove_session(TestNode::index(1, 0));
  CHECK(!link.a.registry.view()->find(link.b_at_a)->sending);
}

TEST("frames wait for a link, few and not for long, and want one") {
  TestNode a(1);
  const PeerId peer = *a.registry.add_peer(1, node_of(2));
  a.overlay->macs.learn(0x020000000002, slot_of(peer), a.now);
  for (int i = 0; i < 100; ++i) a.send(test_frame(0x020000000002, a.mac(), 100));
  CHECK(a.count(Counter::queuedFrames) == PendingFrames::kMaxFrames);
  CHECK(a.count(Counter::dropQueueFull) == 100 - PendingFrames::kMaxFrames);
  CHECK(a.events_of<event::Wanted>().size() == 1);
  a.sender->expire(*a.registry.view(), a.now + PendingFrames::kMaxWait);
  CHECK(a.count(Counter::dropQueueTimeout) == PendingFrames::kMaxFrames);
  CHECK(a.sender->deadline() == a.overlay->groups.due());
}

TEST("unicast goes to the owner, the rest to all; a MAC that moves is followed") {
  TestNode a(1);
  TestNode b(2);
  TestNode c(3);
  const PeerId b_at_a = *a.registry.add_peer(1, node_of(2));
  const PeerId c_at_a = *a.registry.add_peer(1, node_of(3));
  const PeerId a_at_b = *b.registry.add_peer(1, node_of(1));
  const PeerId a_at_c = *c.registry.add_peer(1, node_of(1));
  a.registry.set_path(b_at_a, direct_path(2));
  a.registry.set_path(c_at_a, direct_path(3));
  b.registry.set_path(a_at_b, direct_path(1));
  c.registry.set_path(a_at_c, direct_path(1));
  a.add_session(b_at_a, 2, Role::initiator, 1);
  a.add_session(c_at_a, 3, Role::initiator, 2);
  b.add_session(a_at_b, 1, Role::initiator, 1);
  c.add_session(a_at_c, 1, Role::initiator, 2);
  const MacBits pod = 0x02000000aaaa;

  a.send_batch({test_frame(pod, a.mac(), 100)});
  CHECK(a.network.sent.size() == 2);  // unknown: to both
  b.send_batch({test_frame(kBroadcast, pod, 100)});
  a.receive_all(b);
  CHECK(a.network.sent.size() == 2);  // split horizon: nothing goes on to the other peer
  a.network.sent.clear();
  a.send_batch({test_frame(pod, a.mac(), 100)});
  CHECK(a.network.sent.size() == 1 && a.network.sent[0].path.to == b.endpoint());
  a.network.sent.clear();

  c.send_batch({test_frame(kBroadcast, pod, 100)});  // the pod is now there
  a.receive_all(c);
  CHECK(a.count(Counter::macMoves) == 1);
  a.send_batch({test_frame(pod, a.mac(), 100)});
  CHECK(a.network.sent.size() == 1 && a.network.sent[0].path.to == c.endpoint());
  a.network.sent.clear();

  a.overlay->macs.learn(pod, slot_of(b_at_a), a.now);  // told by a node record
  a.send_batch({test_frame(pod, a.mac(), 100)});
  CHECK(a.network.sent[0].path.to == b.endpoint());

  a.registry.remove_peer(b_at_a);
  a.network.sent.clear();
  a.send_batch({test_frame(pod, a.mac(), 100)});
  CHECK(a.network.sent.size() == 1);  // unknown again: to all that are left
}

TEST("a frame with our own MAC as its source does not come in") {
  TestLink link;
  link.a.send_batch({test_frame(kBroadcast, link.b.mac(), 100)});
  link.b.receive_all(link.a);
  CHECK(link.b.delivered().empty());
  CHECK(link.b.count(Counter::dropOwnSourceMac) == 1);
}

TEST("a peer that moves is followed after a moment of silence, not at once") {
  TestLink link;
  const auto from_a = [&](const Endpoint &at) {
    link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
    link.b.receive(std::exchange(link.a.network.sent, {})[0].bytes, at);
    link.b.end_batch();
  };
  from_a(link.a.endpoint());
  const Endpoint moved = test_endpoint(77, 5555);
  link.b.now += 200 * kMillisecond;
  from_a(moved);
  CHECK(link.b.events_of<event::Roamed>().empty());
  link.b.now += 100 * kMillisecond;
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  const Buffer old = std::exchange(link.a.network.sent, {})[0].bytes;
  from_a(moved);
  const auto roamed = link.b.events_of<event::Roamed>();
  CHECK(roamed.size() == 1 && roamed[0].path.to == moved);
  CHECK(link.b.registry.view()->find(link.a_at_b)->path->to == moved);
  // A late datagram from the old address is delivered, and moves nothing.
  link.b.now += kSecond;
  link.b.receive(old, link.a.endpoint());
  CHECK(link.b.registry.view()->find(link.a_at_b)->path->to == moved);
}

TEST("a relayed path does not move by itself") {
  TestLink link;
  Path relayed = direct_path(1);
  relayed.carrier = Carrier::turn_udp;
  relayed.to = test_endpoint(9, 3478);
  relayed.channel = 0x4000;
  link.b.registry.set_path(link.a_at_b, relayed);
  link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  link.b.receive_all(link.a);
  CHECK(link.b.registry.view()->find(link.a_at_b)->path == relayed);
  CHECK(link.b.delivered().size() == 1);
}

TEST("datagrams travel in TURN channels, many in one send") {
  TestLink link;
  const Endpoint server = test_endpoint(9, 3478);
  Path relayed = direct_path(2);
  relayed.carrier = Carrier::turn_udp;
  relayed.to = server;
  relayed.channel = 0x4001;
  link.a.registry.set_path(link.b_at_a, relayed);
  link.b.registry.bind_channel({server, 0, 0x4001}, link.a.endpoint());
  const Buffer frame = test_frame(kBroadcast, link.a.mac(), 5000);
  link.a.send_batch({frame});
  CHECK(link.a.network.trains.size() == 1);
  for (const auto &one : link.a.network.sent) {
    CHECK(one.path.to == server && one.bytes.size() <= wire::kDefaultPathMtu);
    CHECK(read_u16(&one.bytes[0]) == 0x4001 && read_u16(&one.bytes[2]) == one.bytes.size() - 4);
    link.b.receive(one.bytes, server);
  }
  link.b.end_batch();
  const auto delivered = link.b.delivered();
  CHECK(delivered.size() == 1 && delivered[0] == frame);
  Buffer unbound = link.a.network.sent[0].bytes;
  unbound[1] = 2;
  link.b.receive(unbound, server);
  CHECK(link.b.count(Counter::dropChannelUnknown) == 1);
}

TEST("STUN and handshakes go up with the way back, and a flood of them is bounded") {
  TestLink link;
  const Buffer stun(20, 0);
  Buffer handshake(100, 0);
  handshake[0] = wire::kInitiation;
  link.b.receive(stun, test_endpoint(50));
  link.b.receive(handshake, test_endpoint(51));
  const auto up = link.b.events_of<event::Datagram>();
  CHECK(up.size() == 2 && up[0].via.to == test_endpoint(50) && up[1].bytes == handshake);
  for (int i = 0; i < 10'000; ++i) link.b.receive(stun, test_endpoint(50));
  CHECK(link.b.events_of<event::Datagram>().size() == EventQueue::kMaxDatagrams);
  CHECK(link.b.count(Counter::dropUpQueueFull) == 10'000 - EventQueue::kMaxDatagrams);
}

TEST("control messages arrive whole, in fragments when they must") {
  TestLink link;
  for (const size_t size : {0, 1, 500, 1164, 1165, 5000, 32768}) {
    const Buffer message(size, 7);
    link.a.receiver->send_control(link.b_at_a, message);
    for (const auto &one : link.a.network.sent) CHECK(one.bytes.size() <= wire::kDefaultPathMtu);
    link.b.receive_all(link.a);
    const auto control = link.b.events_of<event::Control>();
    CHECK(control.size() == 1 && control[0].bytes == message);
  }
}

TEST("a probe has the size that was asked for, and its reply is small") {
  TestLink link;
  for (const size_t size : {100, 548, 1472, 9000}) {
    Buffer body(wire::kEchoBytes);
    wire::write_echo(body.data(), {42, static_cast<uint64_t>(link.a.now), static_cast<uint16_t>(size)});
    link.a.receiver->send_record(link.b_at_a, wire::Kind::echo_request, 0, body, size);
    CHECK(link.a.network.sent[0].bytes.size() == size);
    link.b.receive_all(link.a);
    CHECK(link.b.network.sent[0].bytes.size() < 60);
    link.a.receive_all(link.b);
    const auto echoes = link.a.events_of<event::Echo>();
    CHECK(echoes.size() == 1 && echoes[0].token == 42 && echoes[0].datagram_bytes == size);
  }
}

TEST("a key is never used past its limit") {
  TestLink link;
  link.a.session()->next_counter.store(wire::kCounterLimit - 1);
  for (int i = 0; i < 5; ++i) link.a.send_batch({test_frame(kBroadcast, link.a.mac(), 100)});
  CHECK(link.a.network.sent.size() == 1);
  CHECK(link.a.events_of<event::Exhausted>().size() == 1);
  CHECK(link.a.count(Counter::dropSessionExhausted) == 4);
}

RUN_ALL()
