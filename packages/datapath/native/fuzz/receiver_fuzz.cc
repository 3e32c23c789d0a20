// The whole receiving path against a hostile network and a hostile peer. The input is a list of
// datagrams: some as they are, some sealed with a right key, so that what is behind the AEAD is reached
// as well. Nothing may crash, leak or grow.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "../test/test_node.h"

using namespace evio;
using namespace evio::test;

namespace {

/// The one of node 1 (test_node.h).
Buffer first_key() {
  Buffer key(kKeyBytes, 1);
  write_u32(key.data(), 0);
  return key;
}

constexpr uint32_t kFarGeneration = 9;

Buffer sealed(Aead &aead, uint64_t counter, Bytes text, uint32_t index = TestNode::index(2, 0)) {
  Buffer datagram(wire::kOverheadBytes + text.size());
  wire::write_header(datagram.data(), {0, index, counter});
  std::copy(text.begin(), text.end(), datagram.begin() + wire::kHeaderBytes);
  const MutableBytes inside(datagram.data() + wire::kHeaderBytes, text.size());
  aead.seal(counter, Bytes(datagram).first(wire::kHeaderBytes), inside, inside.data() + inside.size());
  return datagram;
}

Buffer record(wire::Kind kind, Bytes head, Bytes body) {
  Buffer text(wire::kRecordHeaderBytes);
  wire::write_record_header(text.data(), kind, 0, head.size() + body.size());
  text.insert(text.end(), head.begin(), head.end());
  text.insert(text.end(), body.begin(), body.end());
  return text;
}

/// One of the nodes there are, or nobody.
NodeId some_node(uint8_t choice) { return node_of(1 + choice % 5); }

/// Between two neighbours: node 2 has a link to 1 and to 4, and reaches 3 through 1.
struct Scene : TestLink {
  PeerId far = *b.registry.add_peer(1, node_of(3));
  PeerId other = *b.registry.add_peer(1, node_of(4));

  Scene() {
    Path path;
    path.carrier = Carrier::overlay;
    b.registry.set_path(far, path);
    b.add_session(far, 3, Role::initiator, kFarGeneration);
    b.registry.set_path(other, direct_path(4));
    b.add_session(other, 4, Role::initiator, kFarGeneration + 1);
    b.registry.set_routes(1, {{node_of(1), a_at_b}, {node_of(3), a_at_b}, {node_of(4), other}});
    std::shared_ptr<const FloodTable> before;
    b.registry.set_neighbours(1, {{node_of(1), a_at_b}, {node_of(4), other}}, before);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Scene link;
  static Aead aead = std::move(*Aead::create(Cipher::aes256gcm, Aead::Direction::seal, first_key()));
  Buffer far_key(kKeyBytes, 3);
  write_u32(far_key.data(), kFarGeneration);
  static Aead far = std::move(*Aead::create(Cipher::aes256gcm, Aead::Direction::seal, far_key));
  static uint64_t counter = 0;
  Bytes input(data, size);
  TestNode &node = link.b;
  node.registry.bind_channel({test_endpoint(9), 0, 0x4001}, link.a.endpoint());
  while (input.size() >= 4) {
    const uint8_t how = input[0];
    node.now += Micros{input[1]} * kMillisecond;
    const size_t length = std::min<size_t>(read_u16(&input[2]), input.size() - 4);
    const Bytes body = input.subspan(4, length);
    input = input.subspan(4 + length);
    const Endpoint from = test_endpoint(how >> 4);
    switch (how & 7) {
      case 0:
        node.receive(body, from);
        break;
      case 1:
      case 2:
        node.receive(sealed(aead, counter++, body), from);
        break;
      case 3:
        node.end_batch();
        node.receiver->expire(node.now);
        break;
      case 4: {
        Buffer head(wire::kForwardHeaderBytes);
        const uint8_t choice = body.empty() ? uint8_t{0} : body[0];
        wire::write_forward_header(head.data(), {some_node(choice), some_node(choice >> 3), choice, choice, kFirstBound});
        node.receive(sealed(aead, counter++, record(wire::Kind::forward, head, body)), from);
        break;
      }
      case 5: {
        wire::FloodHeader flood{some_node(how >> 3), some_node(input.empty() ? 0 : input[0]),
                                static_cast<uint32_t>(counter / 2), how, static_cast<uint8_t>(how & 1), {}};
        if ((how & 8) != 0) flood.begin = some_node(how >> 4);
        Buffer head(wire::flood_header_bytes(flood));
        wire::write_flood_header(head.data(), flood);
        node.receive(sealed(aead, counter++, record(wire::Kind::flood, head, body)), from);
        break;
      }
      case 6: {
        // Sealed by 3, carried by 1.
        const Buffer inner = sealed(far, counter, body, TestNode::index(2, kFarGeneration));
        Buffer head(wire::kForwardHeaderBytes);
        wire::write_forward_header(head.data(), {node_of(2), node_of(3), 9, 0, 0});
        node.receive(sealed(aead, counter++, record(wire::Kind::forward, head, inner)), from);
        break;
      }
      case 7:
        node.send(body);
        node.sender->end_batch();
        node.sender->expire(*node.registry.view(), node.now);
        break;
    }
  }
  node.end_batch();
  node.delivered();
  node.events.drain();
  // What is counted as dropped must not have been carried on: bounded work for each input.
  if (node.network.sent.size() > 64 * (size + 1)) std::abort();
  node.network.sent.clear();
  node.network.trains.clear();
  return 0;
}
