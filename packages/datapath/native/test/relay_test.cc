// Datagrams through other nodes: A – R – B (– …), each a whole node without a kernel. The test holds every
// datagram, and so stands for a relay that plays foul as well.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "check.h"
#include "hostile_relay.h"

using namespace evio;
using namespace evio::test;

namespace {

/// A (1) and B (3) have no link, R (2) has one to each. A and B have a session.
struct Triple {
  TestRing ring{3};
  TestNode &a = ring.node(1);
  TestNode &r = ring.node(2);
  TestNode &b = ring.node(3);

  Triple() {
    ring.link(1, 2);
    ring.link(2, 3);
    ring.link_through_overlay(1, 3);
    ring.set_routes();
  }
};

Buffer unicast(TestNode &from, TestNode &to, size_t size, unsigned seed = 1) {
  return test_frame(to.mac(), from.mac(), size, seed);
}

}  // namespace

TEST("frames of every size go through a relay byte for byte, and back") {
  Triple t;
  t.ring.learn_macs();
  for (size_t size = 60; size <= 9018; size += size < 1600 ? 13 : 611) {
    const Buffer there = unicast(t.a, t.b, size, static_cast<unsigned>(size));
    t.a.send_batch({there});
    t.ring.run();
    CHECK(t.b.delivered() == std::vector<Buffer>{there});
    const Buffer back = unicast(t.b, t.a, size, static_cast<unsigned>(size) + 1);
    t.b.send_batch({back});
    t.ring.run();
    CHECK(t.a.delivered() == std::vector<Buffer>{back});
  }
  CHECK(t.r.delivered().empty());
  CHECK(t.r.count(Counter::forwardsRelayed) > 0);
  CHECK(t.r.count(Counter::forwardsRelayed) == t.a.count(Counter::forwardsSent) + t.b.count(Counter::forwardsSent));
  CHECK(t.ring.dropped() == 0);
}

TEST("many records for one next hop leave as one train") {
  Triple t;
  t.ring.learn_macs();
  t.a.send_batch({unicast(t.a, t.b, 9000)});
  const size_t count = t.a.network.sent.size();
  CHECK(count >= 8 && t.a.network.trains == std::vector<size_t>{count});
  t.r.receive_all(t.a);
  CHECK(t.r.network.trains == std::vector<size_t>{count});
}

TEST("no key of the relay opens what it carries, nor shows a byte of it") {
  Triple t;
  t.ring.learn_macs();
  Buffer frame = unicast(t.a, t.b, 600);
  const std::string secret = "a sentence that only A and B may read";
  std::copy(secret.begin(), secret.end(), frame.begin() + 100);
  t.a.send_batch({frame});
  const auto plain_of = [&](const Buffer &datagram, TestNode &node) {
    // What the receiver of this hop's seal sees.
    const auto header = wire::read_header(datagram.data());
    Buffer copy = datagram;
    const MutableBytes text(copy.data() + wire::kHeaderBytes, copy.size() - wire::kOverheadBytes);
    const auto view = node.registry.view();
    const auto session = view->sessions.find(header->receiver);
    if (session == view->sessions.end()) return Buffer{};
    const bool opened = session->second->open.open(header->counter, Bytes(copy).first(wire::kHeaderBytes), text,
                                                   text.data() + text.size());
    return opened ? Buffer(text.begin(), text.end()) : Buffer{};
  };
  const Buffer outer = t.a.network.sent.at(0).bytes;
  const Buffer text = plain_of(outer, t.r);
  CHECK(text.size() > 600 && text[0] == static_cast<uint8_t>(wire::Kind::forward));
  CHECK(std::search(text.begin(), text.end(), secret.begin(), secret.end()) == text.end());
  const size_t skip = wire::kRecordHeaderBytes + wire::kForwardHeaderBytes;
  const Buffer inner(text.begin() + static_cast<std::ptrdiff_t>(skip), text.end());
  CHECK(inner[0] == wire::kTransport);
  // With every session that R has, whatever index the datagram names.
  for (const auto &[index, session] : t.r.registry.view()->sessions) {
    Buffer copy = inner;
    write_u32(&copy[4], index);
    CHECK(plain_of(copy, t.r).empty());
    copy = inner;
    const MutableBytes body(copy.data() + wire::kHeaderBytes, copy.size() - wire::kOverheadBytes);
    CHECK(!session->open.open(wire::read_header(copy.data())->counter, Bytes(copy).first(wire::kHeaderBytes), body,
                              body.data() + body.size()));
  }
  // B does.
  const Buffer read = plain_of(inner, t.b);
  CHECK(std::search(read.begin(), read.end(), secret.begin(), secret.end()) != read.end());
}

TEST("a relay that alters or replays what it carries is not believed") {
  Triple t;
  t.ring.learn_macs();
  t.a.send_batch({unicast(t.a, t.b, 200)});
  t.r.receive_all(t.a);
  const PeerId b_at_r = t.ring.peer(2, 3);
  // R wraps it anew, under its own good keys, with any bit of the datagram inside changed.
  const Buffer hop = std::exchange(t.r.network.sent, {}).at(0).bytes;
  t.b.receive(hop, t.r.endpoint());
  t.b.end_batch();
  CHECK(t.b.delivered().size() == 1);
  t.a.send_batch({unicast(t.a, t.b, 200)});
  Buffer captured = t.ring.opened(t.a.network.sent.at(0).bytes, 2);
  captured.erase(captured.begin(), captured.begin() + wire::kRecordHeaderBytes);
  for (size_t bit = wire::kForwardHeaderBytes * 8; bit < captured.size() * 8; bit += 3) {
    Buffer bad = captured;
    bad[bit / 8] = static_cast<uint8_t>(bad[bit / 8] ^ 1 << bit % 8);
    t.r.receiver->send_record(b_at_r, wire::Kind::forward, 0, bad);
    t.b.receive_all(t.r);
  }
  CHECK(t.b.delivered().empty());
  t.r.receiver->send_record(b_at_r, wire::Kind::forward, 0, captured);
  t.r.receiver->send_record(b_at_r, wire::Kind::forward, 0, captured);
  t.b.receive_all(t.r);
  CHECK(t.b.delivered().size() == 1);
  CHECK(t.b.count(Counter::dropReplayed) >= 1);
}

TEST("whatever a relay alters, cuts, repeats, holds back or drops: what arrives was sent, and arrives once") {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    HostileRelay play;
    std::mt19937 random(seed);
    const auto below = [&](size_t limit) { return random() % limit; };
    for (int i = 0; i < 400; ++i) play.step(below);
    CHECK(play.honest());
    CHECK(play.delivered() > 20 && play.refused() > 100);
    // Nothing vanishes without being counted: each record was delivered as a frame or part of one, or dropped.
    uint64_t known = 0;
    for (const Counter one : {Counter::dropForged, Counter::dropReplayed, Counter::dropUnknownIndex,
                              Counter::dropHeaderInvalid, Counter::dropTruncatedDatagram, Counter::dropUnknownType,
                              Counter::dropHandshakeMalformed, Counter::dropForwardMalformed,
                              Counter::dropCounterExhausted, Counter::dropUpQueueFull}) {
      known += play.b.count(one);
    }
    known += play.b.events_of<event::Datagram>().size();
    // What was opened: whole frames and fragments of them.
    known += play.b.count(Counter::fragmentsReceived) +
             (play.b.count(Counter::rxFrames) - play.b.count(Counter::framesReassembled));
    CHECK(known == play.passed());
  }
}

TEST("first frames to a node without a session wait, and go through the relay once there is one") {
  Triple t;
  t.ring.learn_macs();
  t.a.registry.remove_session(TestNode::index(1, 1 * 256 + 3));
  std::vector<Buffer> frames;
  for (unsigned i = 0; i < PendingFrames::kMaxFrames; ++i) frames.push_back(unicast(t.a, t.b, 100, i));
  t.a.send_batch(frames);
  t.a.send_batch({unicast(t.a, t.b, 100, 99)});
  t.ring.run();
  CHECK(t.b.delivered().empty() && t.a.events_of<event::Wanted>().size() == 1);
  CHECK(t.a.count(Counter::queuedFrames) == frames.size() && t.a.count(Counter::dropQueueFull) == 1);
  t.a.add_session(t.ring.peer(1, 3), 3, Role::initiator, 1 * 256 + 3);
  t.a.sender->flush_pending(*t.a.registry.view(), t.a.now);
  t.ring.run();
  CHECK(t.b.delivered() == frames && t.a.count(Counter::flushedFrames) == frames.size());
}

TEST("records that are malformed, nested, looping or lost are counted by reason") {
  Triple t;
  const PeerId r_at_a = t.ring.peer(1, 2);
  const auto forward = [&](wire::ForwardHeader header, size_t size = 40, uint8_t first = wire::kTransport) {
    Buffer body(wire::kForwardHeaderBytes + size);
    wire::write_forward_header(body.data(), header);
    if (size > 0) body[wire::kForwardHeaderBytes] = first;
    t.a.receiver->send_record(r_at_a, wire::Kind::forward, 0, body);
    t.r.receive_all(t.a);
  };
  const NodeId a = node_of(1), r = node_of(2), b = node_of(3);
  forward({b, a, 32, 0, kFirstBound}, 0);
  forward({b, a, 32, 0, kFirstBound}, 40, 0x00);  // STUN has no business here
  forward({b, b, 32, 0, kFirstBound});
  CHECK(t.r.count(Counter::dropForwardMalformed) == 3);
  forward({b, r, 32, 0, kFirstBound});
  CHECK(t.r.count(Counter::dropForwardLoop) == 1);
  forward({b, a, 1, 0, kFirstBound});
  forward({b, a, 0, 0, kFirstBound});
  CHECK(t.r.count(Counter::dropForwardHopLimit) == 2);
  forward({r + 5, a, 32, 0, kFirstBound});  // nobody is nearer to that than R
  CHECK(t.r.count(Counter::dropForwardNoRoute) == 1);
  forward({b, a, 32, 0, kFirstBound}, 1120);
  CHECK(t.r.count(Counter::dropForwardTooBig) == 0);
  t.r.registry.set_path_mtu(t.ring.peer(2, 3), 1000);
  forward({b, a, 32, 0, kFirstBound}, 1120);
  CHECK(t.r.count(Counter::dropForwardTooBig) == 1);
  t.r.overlay->carries = false;
  forward({b, a, 32, 0, kFirstBound});
  CHECK(t.r.count(Counter::dropForwardLeaf) == 1);
  t.r.overlay->carries = true;
  t.r.registry.set_path(t.ring.peer(2, 3), {});
  forward({b, a, 32, 0, kFirstBound});
  CHECK(t.r.count(Counter::dropForwardNoNeighbour) == 1);

  // A record inside of a record: A's peer B seals one for A, and R carries it.
  Triple other;
  Buffer body(wire::kForwardHeaderBytes + 40);
  wire::write_forward_header(body.data(), {r, b, 32, 0, kFirstBound});
  body[wire::kForwardHeaderBytes] = wire::kTransport;
  other.a.receiver->send_record(other.ring.peer(1, 3), wire::Kind::forward, 0, body);
  other.ring.run();
  CHECK(other.b.count(Counter::dropForwardNested) == 1);
}

TEST("handshakes travel through the overlay, and their source is told for the reply") {
  Triple t;
  Buffer message(300, 7);
  message[0] = wire::kInitiation;
  t.a.link_forwarder->originate(1, node_of(3), message, t.a.now);
  t.ring.run();
  const auto up = t.b.events_of<event::Datagram>();
  CHECK(up.size() == 1 && up[0].bytes == message && up[0].via.through_overlay());
  CHECK(up[0].via.node == node_of(1) && up[0].via.overlay == 1);
  CHECK(t.r.events_of<event::Datagram>().empty());
  message[0] = wire::kResponse;
  t.b.link_forwarder->originate(up[0].via.overlay, up[0].via.node, message, t.b.now);
  t.ring.run();
  const auto back = t.a.events_of<event::Datagram>();
  CHECK(back.size() == 1 && back[0].bytes == message && back[0].via.node == node_of(3));
}

TEST("probes measure the whole way; the path moves only when TypeScript says so") {
  Triple t;
  for (const size_t size : {500, 1100, 1124}) {
    Buffer body(wire::kEchoBytes);
    wire::write_echo(body.data(), {7, static_cast<uint64_t>(t.a.now), static_cast<uint16_t>(size)});
    t.a.receiver->send_record(t.ring.peer(1, 3), wire::Kind::echo_request, 0, body, size);
    t.ring.run();
    const auto echoes = t.a.events_of<event::Echo>();
    CHECK(echoes.size() == 1 && echoes[0].datagram_bytes == size);
  }
  Buffer body(wire::kEchoBytes);
  wire::write_echo(body.data(), {8, static_cast<uint64_t>(t.a.now), 1125});
  t.a.receiver->send_record(t.ring.peer(1, 3), wire::Kind::echo_request, 0, body, 1125);
  t.ring.run();
  CHECK(t.a.events_of<event::Echo>().empty() && t.a.count(Counter::dropForwardTooBig) == 1);
  CHECK(t.a.registry.view()->find(t.ring.peer(1, 3))->path->through_overlay());
  CHECK(t.a.registry.view()->find(t.ring.peer(1, 3))->path_mtu == wire::kDefaultOverlayPathMtu);
  t.a.registry.set_path(t.ring.peer(1, 3), direct_path(3));
  CHECK(t.a.registry.view()->find(t.ring.peer(1, 3))->path_mtu == wire::kDefaultPathMtu);
}

TEST("a way of many hops: every pair of a ring with two links a node") {
  TestRing ring(12);
  for (int i = 1; i <= 12; ++i) ring.link(i, i % 12 + 1);
  for (int i = 1; i <= 12; ++i) {
    for (int j = i + 1; j <= 12; ++j) {
      if (!ring.linked(i, j)) ring.link_through_overlay(i, j);
    }
  }
  ring.set_routes();
  ring.learn_macs();
  for (int i = 1; i <= 12; ++i) {
    for (int j = 1; j <= 12; ++j) {
      if (i == j) continue;
      const Buffer frame = unicast(ring.node(i), ring.node(j), 100, static_cast<unsigned>(i * 100 + j));
      ring.node(i).send_batch({frame});
      ring.run();
      CHECK(ring.node(j).delivered() == std::vector<Buffer>{frame});
    }
  }
  CHECK(ring.dropped() == 0);
}

RUN_ALL()
