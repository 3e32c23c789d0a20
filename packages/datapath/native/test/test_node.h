// A node without a kernel: the engine's own registry, receiver and frame sender, with a socket pair for
// the TAP and a list for the network. Two of them make a link whose every datagram a test can hold.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../event_queue.h"
#include "../frame_sender.h"
#include "../receiver.h"
#include "../registry.h"

namespace evio::test {

using Buffer = std::vector<uint8_t>;

/// Keeps what is sent, cut into datagrams as UDP_SEGMENT would.
class RecordingTransmitter final : public Transmitter {
 public:
  struct Sent {
    Path path;
    Buffer bytes;
  };
  std::vector<Sent> sent;
  std::vector<size_t> trains;  // datagrams of each call

  void transmit(const Shipment &shipment) override {
    size_t count = 0;
    for (size_t at = 0; at < shipment.bytes.size(); at += shipment.segment, ++count) {
      const Bytes one = shipment.bytes.subspan(at, std::min(shipment.segment, shipment.bytes.size() - at));
      sent.push_back({shipment.path, {one.begin(), one.end()}});
    }
    trains.push_back(count);
  }
};

inline Endpoint test_endpoint(int host, uint16_t port = 4000) {
  return *Endpoint::parse("192.0.2." + std::to_string(host), port);
}

inline Path direct_path(int host, uint16_t port = 4000) {
  Path path;
  path.to = path.remote = test_endpoint(host, port);
  return path;
}

/// Ids in the order of the numbers, up to 255.
inline NodeId node_of(int number) { return static_cast<NodeId>(number) << 120 | static_cast<NodeId>(number); }

class TestNode {
 public:
  static constexpr Micros kStart = 1'000 * kSecond;

  explicit TestNode(int number)
      : number_(number), registry([] {}), events([] {}), now(kStart) {
    int pair[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) != 0) std::abort();
    const int room = 4 << 20;
    ::setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    host_ = FileDescriptor(pair[1]);
    overlay = std::make_shared<Overlay>(1, Tap::over(FileDescriptor(pair[0]), mac()), 7, node_of(number_));
    registry.add_overlay(overlay);
    const auto count = [this] { ++unanswered; };
    link_forwarder = std::make_unique<Forwarder>(Sender::link, registry.published(), network, counters, events, count);
    tap_forwarder = std::make_unique<Forwarder>(Sender::frames, registry.published(), network, counters, events, count);
    receiver = std::make_unique<Receiver>(registry, *link_forwarder, counters, events);
    sender = std::make_unique<FrameSender>(overlay, *tap_forwarder, counters, events, count);
  }

  MacBits mac() const { return 0x020000000000 + static_cast<MacBits>(number_); }
  Endpoint endpoint() const { return test_endpoint(number_); }

  /// Adds the keys between this node and its peer; index and keys follow from the two numbers.
  void add_session(PeerId peer, int to, Role role, uint32_t generation = 0,
                   Cipher cipher = Cipher::aes256gcm) {
    const auto key = [&](int from) {
      Buffer bytes(kKeyBytes, static_cast<uint8_t>(from));
      write_u32(bytes.data(), generation);
      return bytes;
    };
    auto make = [&](Aead::Direction direction, int from) {
      return std::move(*Aead::create(cipher, direction, key(from)));
    };
    registry.add_session(std::make_shared<Session>(
        index(number_, generation), index(to, generation), peer, role, now + generation,
        make(Aead::Direction::seal, number_), make(Aead::Direction::seal, number_),
        make(Aead::Direction::open, to)));
  }
  static uint32_t index(int node, uint32_t generation) {
    return static_cast<uint32_t>(node) * 0x01000000 + generation;
  }
  std::shared_ptr<Session> session(uint32_t generation = 0) {
    return registry.view()->sessions.at(index(number_, generation));
  }

  /// A frame that this host's kernel sends.
  void send(Bytes frame, const VnetHeader &header = {}) {
    Buffer copy(frame.begin(), frame.end());
    sender->frame(*registry.view(), header, copy, now);
  }
  void send_batch(const std::vector<Buffer> &frames) {
    for (const Buffer &frame : frames) send(frame);
    sender->end_batch();
  }

  void receive(Bytes datagram, const Endpoint &from) {
    received_.emplace_back(datagram.begin(), datagram.end());
    receiver->datagram(received_.back(), Arrival{from, endpoint(), 0}, now);
  }
  void end_batch() {
    receiver->end_batch();
    received_.clear();
  }
  /// Takes in all that another node has sent.
  void receive_all(TestNode &from) {
    for (const auto &one : std::exchange(from.network.sent, {})) receive(one.bytes, from.endpoint());
    end_batch();
  }

  /// The frames that came out of the TAP, without their vnet headers.
  std::vector<Buffer> delivered() {
    std::vector<Buffer> frames;
    Buffer buffer(70'000);
    for (;;) {
      const ssize_t n = ::recv(host_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n < static_cast<ssize_t>(kVnetHeaderBytes)) return frames;
      frames.emplace_back(buffer.begin() + kVnetHeaderBytes, buffer.begin() + n);
    }
  }

  uint64_t count(Counter counter) const { return counters.get(counter); }
  template <typename Event>
  std::vector<Event> events_of() {
    std::vector<Event> found;
    for (event::Any &any : events.drain()) {
      if (auto *one = std::get_if<Event>(&any)) found.push_back(std::move(*one));
    }
    return found;
  }

 private:
  const int number_;
  FileDescriptor host_;
  std::vector<Buffer> received_;

 public:
  Registry registry;
  EventQueue events;
  Counters counters;
  RecordingTransmitter network;
  std::shared_ptr<Overlay> overlay;
  std::unique_ptr<Forwarder> link_forwarder;
  std::unique_ptr<Forwarder> tap_forwarder;
  std::unique_ptr<Receiver> receiver;
  std::unique_ptr<FrameSender> sender;
  Micros now;
  int unanswered = 0;
};

/// Two nodes with a path and a session each way.
struct TestLink {
  TestNode a{1};
  TestNode b{2};
  PeerId b_at_a;
  PeerId a_at_b;

  explicit TestLink(Cipher cipher = Cipher::aes256gcm)
      : b_at_a(*a.registry.add_peer(1, node_of(2))), a_at_b(*b.registry.add_peer(1, node_of(1))) {
    a.registry.set_path(b_at_a, direct_path(2));
    b.registry.set_path(a_at_b, direct_path(1));
    a.add_session(b_at_a, 2, Role::initiator, 0, cipher);
    b.add_session(a_at_b, 1, Role::responder, 0, cipher);
    a.receiver->refresh();
    b.receiver->refresh();
  }
};

/// An Ethernet frame of `size` bytes with an EtherType for experiments and random contents.
inline Buffer test_frame(MacBits to, MacBits from, size_t size, unsigned seed = 1) {
  Buffer frame(size);
  std::mt19937 random(seed);
  for (uint8_t &byte : frame) byte = static_cast<uint8_t>(random());
  for (int i = 0; i < 6; ++i) {
    frame[static_cast<size_t>(i)] = static_cast<uint8_t>(to >> (40 - 8 * i));
    frame[static_cast<size_t>(6 + i)] = static_cast<uint8_t>(from >> (40 - 8 * i));
  }
  write_u16(&frame[12], 0x88b5);
  return frame;
}

inline constexpr MacBits kBroadcast = 0xffffffffffff;

}  // namespace evio::test
