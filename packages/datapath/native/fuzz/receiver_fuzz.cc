// The whole receiving path against a hostile network and a hostile peer. The input is a list of
// datagrams: some as they are, some sealed with a right key, so that what is behind the AEAD is reached
// as well. Nothing may crash, leak or grow.
// sources: ../aead.cc ../endpoint.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
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

Buffer sealed(Aead &aead, uint64_t counter, Bytes text) {
  Buffer datagram(wire::kOverheadBytes + text.size());
  wire::write_header(datagram.data(), {0, TestNode::index(2, 0), counter});
  std::copy(text.begin(), text.end(), datagram.begin() + wire::kHeaderBytes);
  const MutableBytes inside(datagram.data() + wire::kHeaderBytes, text.size());
  aead.seal(counter, Bytes(datagram).first(wire::kHeaderBytes), inside, inside.data() + inside.size());
  return datagram;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static TestLink link;
  static Aead aead = std::move(*Aead::create(Cipher::aes256gcm, Aead::Direction::seal, first_key()));
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
    switch (how & 3) {
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
    }
  }
  node.end_batch();
  node.delivered();
  node.events.drain();
  node.network.sent.clear();
  node.network.trains.clear();
  return 0;
}
