// Broadcast through rings of whole nodes: every member once, also when links go, and never a storm.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "check.h"
#include "test_ring.h"

using namespace evio;
using namespace evio::test;

namespace {

/// Two successors each side, and one shortcut a node.
void link_ring(TestRing &ring) {
  const int n = ring.size();
  for (int i = 1; i <= n; ++i) {
    for (const int step : {1, 2, 5}) {
      const int j = (i - 1 + step) % n + 1;
      if (i != j && !ring.linked(i, j)) ring.link(i, j);
    }
  }
}

Buffer broadcast(TestNode &from, size_t size = 100, unsigned seed = 1) {
  return test_frame(kBroadcast, from.mac(), size, seed);
}

}  // namespace

TEST("a broadcast reaches every member once, whoever sends it and however long it is") {
  TestRing ring(16);
  link_ring(ring);
  ring.set_neighbours();
  unsigned seed = 0;
  for (int from = 1; from <= 16; ++from) {
    for (const size_t size : {60, 1100, 1130, 1500, 9000}) {
      const Buffer frame = broadcast(ring.node(from), size, ++seed);
      ring.node(from).send_batch({frame});
      ring.run();
      for (int i = 1; i <= 16; ++i) {
        const auto delivered = ring.node(i).delivered();
        CHECK(i == from ? delivered.empty() : delivered == std::vector<Buffer>{frame});
      }
    }
  }
  CHECK(ring.dropped() == 0);
  for (int i = 1; i <= 16; ++i) CHECK(ring.node(i).count(Counter::floodDuplicates) == 0);
}

TEST("a burst of 500 broadcasts arrives exactly once everywhere, in order") {
  TestRing ring(16);
  link_ring(ring);
  ring.set_neighbours();
  std::vector<Buffer> frames;
  for (unsigned i = 0; i < 500; ++i) frames.push_back(broadcast(ring.node(3), 64, i));
  ring.node(3).send_batch(frames);
  ring.run();
  for (int i = 1; i <= 16; ++i) {
    if (i != 3) CHECK(ring.node(i).delivered() == frames);
  }
}

TEST("leafs get what others get, and their own broadcasts are carried by one neighbour") {
  TestRing ring(16);
  link_ring(ring);
  const std::set<int> leafs{4, 9};
  ring.set_neighbours(leafs);
  for (const int from : {1, 4, 9}) {
    ring.node(from).send_batch({broadcast(ring.node(from))});
    ring.run();
    for (int i = 1; i <= 16; ++i) CHECK(ring.node(i).delivered().size() == (i == from ? 0u : 1u));
  }
  CHECK(ring.node(4).count(Counter::floodCopies) == 1);
}

TEST("the source's MAC is learned for the origin, not for the neighbour that passed it on") {
  TestRing ring(16);
  link_ring(ring);
  ring.set_neighbours();
  ring.node(1).send_batch({broadcast(ring.node(1))});
  ring.run();
  const auto owner = ring.node(9).overlay->macs.find(ring.node(1).mac(), ring.node(9).now);
  CHECK(owner && *owner == slot_of(ring.peer(9, 1)));
}

TEST("a copy that comes again is not delivered again") {
  TestRing ring(3);
  ring.link(1, 2);
  ring.link(2, 3);
  ring.link(1, 3);
  ring.set_neighbours();
  ring.node(1).send_batch({broadcast(ring.node(1))});
  const Buffer record = ring.opened(ring.node(1).network.sent.at(0).bytes, 2);
  Buffer body(record.begin() + wire::kRecordHeaderBytes, record.end());
  ++body[36];  // as one who passes it on does
  ring.run();
  for (int i = 2; i <= 3; ++i) CHECK(ring.node(i).delivered().size() == 1);
  ring.node(3).receiver->send_record(ring.peer(3, 2), wire::Kind::flood, 0, body);
  ring.run();
  CHECK(ring.node(2).delivered().empty());
  CHECK(ring.node(2).count(Counter::floodDuplicates) == 1);
}

TEST("a neighbour that died takes nothing with it: its part goes another way") {
  TestRing ring(16);
  link_ring(ring);
  ring.set_neighbours();
  // 6 is dead, and nobody knows yet.
  const auto step = [&] {
    for (int i = 1; i <= 16; ++i) {
      auto &sent = ring.node(i).network.sent;
      std::erase_if(sent, [&](const auto &one) { return i == 6 || one.path.to == ring.node(6).endpoint(); });
    }
  };
  ring.node(1).send_batch({broadcast(ring.node(1))});
  step();
  ring.run();
  size_t without = 0;
  std::vector<size_t> got(17);
  for (int i = 1; i <= 16; ++i) {
    got[static_cast<size_t>(i)] = ring.node(i).delivered().size();
    if (i != 1 && i != 6 && got[static_cast<size_t>(i)] == 0) ++without;
  }
  CHECK(without > 0);
  const std::set<int> had = ring.neighbours(6);
  for (const int n : had) ring.unlink(6, n);
  for (const int n : had) {
    const auto before = ring.set_neighbours_of(n);
    ring.node(n).receiver->repair_floods(1, *before, {node_of(6)}, ring.node(n).now);
  }
  ring.run();
  for (int i = 2; i <= 16; ++i) {
    if (i != 6) CHECK(got[static_cast<size_t>(i)] + ring.node(i).delivered().size() == 1);
  }
}

TEST("what is for all waits for the first neighbour") {
  TestRing ring(2);
  ring.set_neighbours();
  ring.node(1).send_batch({broadcast(ring.node(1))});
  CHECK(ring.node(1).network.sent.empty() && ring.node(1).count(Counter::queuedFrames) == 1);
  ring.link(1, 2);
  ring.set_neighbours();
  ring.node(1).sender->flush_pending(*ring.node(1).registry.view(), ring.node(1).now);
  ring.run();
  CHECK(ring.node(2).delivered().size() == 1);
}

TEST("a storm is limited at its origin") {
  TestRing ring(2);
  ring.link(1, 2);
  ring.set_neighbours();
  for (unsigned i = 0; i < 3000; ++i) ring.node(1).send_batch({broadcast(ring.node(1))});
  CHECK(ring.node(1).count(Counter::dropFloodStorm) == 3000 - kFloodBurst);
  ring.run();
  CHECK(ring.node(2).count(Counter::dropFloodStorm) == 0);
}

TEST("whoever floods in another's name, with its next numbers, silences nobody") {
  TestRing ring(3);
  ring.link(1, 2);
  ring.link(2, 3);
  ring.link(1, 3);
  ring.set_neighbours();
  TestNode &origin = ring.node(1);
  TestNode &c = ring.node(3);
  const uint32_t next = origin.overlay->next_flood;
  for (uint32_t ahead = 0; ahead < 1023; ++ahead) {
    const wire::FloodHeader header{node_of(1), node_of(1), next + ahead, 1, 0, {}};
    Buffer body(wire::flood_header_bytes(header));
    wire::write_flood_header(body.data(), header);
    const Buffer frame = broadcast(origin, 60, 5000 + ahead);
    body.insert(body.end(), frame.begin(), frame.end());
    ring.node(2).receiver->send_record(ring.peer(2, 3), wire::Kind::flood, 0, body);
    ring.run();
  }
  CHECK(c.delivered().size() == 1023);
  std::vector<Buffer> frames;
  for (unsigned i = 0; i < 1000; ++i) frames.push_back(broadcast(origin, 60, i));
  for (const Buffer &frame : frames) origin.send_batch({frame});
  ring.run();
  CHECK(c.delivered() == frames);
}

TEST("what one link brings in another's name leaves that its share; and a link has a limit of its own") {
  using Seen = FloodWindow::Seen;
  FloodWindow window;
  const Micros now = TestNode::kStart;
  uint32_t sequence = 0;
  const std::vector<uint8_t> frame(60);
  const auto see = [&](NodeId origin, PeerId link) {
    return window.see({origin, origin, ++sequence, 1, 0, {}}, frame, link, true, now);
  };
  const auto bring = [&](NodeId origin, PeerId link, int count) {
    int taken = 0;
    for (int i = 0; i < count; ++i) taken += see(origin, link) == Seen::first;
    return taken;
  };
  CHECK(bring(7, 1, 5000) == kFloodBurstReceived);
  CHECK(bring(7, 2, 1000) == 1000);
  CHECK(bring(8, 1, 5000) == 0);  // the link has used up its own
  CHECK(see(8, 1) == Seen::link_storm);
  CHECK(bring(8, 2, 1000) == 1000);
  CHECK(window.hand_on(9, 1, false, now) == Seen::link_storm && window.hand_on(9, 3, false, now) == Seen::first);
}

TEST("hostile floods are counted by reason") {
  TestRing ring(3);
  ring.link(1, 2);
  ring.link(2, 3);
  ring.set_neighbours();
  TestNode &b = ring.node(2);
  const auto flood = [&](wire::FloodHeader header, size_t frame_bytes, bool cut = false) {
    Buffer body(wire::flood_header_bytes(header));
    wire::write_flood_header(body.data(), header);
    if (frame_bytes > 0) {
      const Buffer frame = test_frame(kBroadcast, 0x02000000beef, frame_bytes);
      body.insert(body.end(), frame.begin(), frame.end());
    }
    if (cut) body.resize(20);
    ring.node(1).receiver->send_record(ring.peer(1, 2), wire::Kind::flood, 0, body);
    b.receive_all(ring.node(1));
  };
  const NodeId other = node_of(200);
  flood({node_of(1), node_of(1), 1, 0, 0, {}}, 0);
  flood({node_of(1), node_of(1), 2, 0, 0, {}}, 14, true);
  flood({node_of(1), node_of(1), 3, 0, 0, other}, 0);
  CHECK(b.count(Counter::dropFloodMalformed) == 3);
  b.overlay->next_flood = 5;
  flood({node_of(2), node_of(1), 4, 1, 0, {}}, 60);
  CHECK(b.count(Counter::dropFloodOwn) == 1);
  flood({node_of(2), node_of(1), 5, 1, 0, {}}, 60);
  CHECK(b.count(Counter::dropFloodForged) == 1);
  flood({other, node_of(1), 5, 0, 0, {}}, 60);
  CHECK(b.count(Counter::dropFloodForged) == 2);
  flood({node_of(1), node_of(1), 5, 255, 0, {}}, 60);
  CHECK(b.count(Counter::dropFloodHops) == 1);
  CHECK(b.delivered().empty() && b.network.sent.empty());
  // Of an origin that nobody knows: delivered and passed on, and nothing is learned.
  flood({other, node_of(1), 6, 1, 0, {}}, 60);
  CHECK(b.delivered().size() == 1 && b.network.sent.size() == 1);
  CHECK(!b.overlay->macs.find(0x02000000beef, b.now));
}

RUN_ALL()
