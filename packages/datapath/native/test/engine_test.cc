// Two engines with all their threads on real TAPs and sockets, while JavaScript's part (here: main)
// changes sessions, paths and peers under load. Needs root; says so and passes when it is not. The
// network namespace lives and dies with this process.
// sanitizer: thread
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../engine.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../link_thread.cc ../mac_table.cc ../merger.cc ../network_state.cc ../network_watch.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../tap_port.cc ../tap_thread.cc ../tls_context.cc ../train.cc ../transmitter.cc ../turn_deframer.cc ../turn_stream.cc ../udp_socket.cc ../vnet_header.cc
#include "../engine.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <array>
#include <atomic>
#include <thread>

#include "check.h"

using namespace evio;

namespace {

constexpr uint16_t kEtherType = 0x88b5;

void bring_up(const char *name) {
  const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM, 0));
  ifreq request{};
  std::string(name).copy(request.ifr_name, IFNAMSIZ - 1);
  ::ioctl(control.get(), SIOCGIFFLAGS, &request);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  CHECK(::ioctl(control.get(), SIOCSIFFLAGS, &request) == 0);
}

FileDescriptor packet_socket(const char *device) {
  FileDescriptor fd(::socket(AF_PACKET, SOCK_RAW, htons(kEtherType)));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kEtherType);
  address.sll_ifindex = static_cast<int>(if_nametoindex(device));
  CHECK(::bind(fd.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
  return fd;
}

Path loopback(uint16_t port) {
  Path path;
  path.to = path.remote = *Endpoint::parse("127.0.0.1", port);
  return path;
}

struct Side {
  const char *device;
  std::unique_ptr<Engine> engine;
  std::shared_ptr<Overlay> overlay;
  PeerId peer = 0;

  Side(const char *name, NodeId own, NodeId other, bool tap_threads) : device(name) {
    std::string error;
    Engine::Options options;
    options.secret = 1;
    options.tap_threads = tap_threads;
    engine = Engine::open(options, [] {}, error);
    CHECK(engine != nullptr);
    overlay = engine->open_tap({name, 1400, {}}, own, true, error);
    CHECK(overlay != nullptr);
    bring_up(name);
    peer = *engine->add_peer(overlay->id, other);
  }

  void add_session(uint32_t index, uint8_t send, uint8_t receive, Role role) {
    const std::array<uint8_t, kKeyBytes> send_key{send, static_cast<uint8_t>(index)};
    const std::array<uint8_t, kKeyBytes> receive_key{receive, static_cast<uint8_t>(index)};
    std::string error;
    CHECK(engine->add_session({peer, index, index, send_key, receive_key, Cipher::aes256gcm, role}, error));
  }
};

void change_everything_under_load(bool tap_threads) {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) {
    std::printf("skipped: needs root\n");
    return;
  }
  bring_up("lo");
  Side a("tapa", 1, 2, tap_threads);
  Side b("tapb", 2, 1, tap_threads);
  a.engine->set_path(a.peer, loopback(b.engine->port4()));
  b.engine->set_path(b.peer, loopback(a.engine->port4()));

  a.engine->learn(a.overlay->id, 0x0200000000bb, a.peer);

  std::atomic<bool> done{false};
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> received{0};
  const FileDescriptor out = packet_socket("tapa");
  const FileDescriptor in = packet_socket("tapb");
  const timeval patience{0, 50'000};
  ::setsockopt(in.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int room = 16 << 20;  // a busy machine may let the receiver wait
  ::setsockopt(in.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  std::thread sender([&] {
    std::array<uint8_t, 1400> frame{};
    frame[6] = 2;
    write_u16(&frame[12], kEtherType);
    while (!done.load()) {
      for (int i = 0; i < 8; ++i) {
        // Few are for all: floods are limited.
        write_u32(&frame[0], i == 0 ? 0xffffffff : 0x02000000);
        write_u16(&frame[4], i == 0 ? 0xffff : 0x00bb);
        frame[11] = static_cast<uint8_t>(i + 1);  // several senders, as behind a bridge
        if (::send(out.get(), frame.data(), i % 2 == 0 ? 100 : frame.size(), 0) > 0) sent.fetch_add(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::thread receiver([&] {
    std::array<uint8_t, 2000> buffer{};
    while (!done.load()) {
      sockaddr_ll from{};
      socklen_t length = sizeof from;
      const ssize_t n = ::recvfrom(in.get(), buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr *>(&from), &length);
      if (n > 0 && from.sll_pkttype != PACKET_OUTGOING) received.fetch_add(1);
    }
  });

  size_t established = 0;
  for (uint32_t index = 1; index <= 40; ++index) {
    b.add_session(index, 2, 1, Role::responder);
    a.add_session(index, 1, 2, Role::initiator);
    a.engine->set_path_mtu(a.peer, index % 3 == 0 ? 600 : 1400);
    a.engine->probe(a.peer, index, 500);
    b.engine->send_control(b.peer, std::array<uint8_t, 3>{1, 2, 3});
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    // So long at least; on a busy machine until the session is up.
    for (int tries = 0; tries < 500 && established < index; ++tries) {
      if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      for (const event::Any &event : b.engine->events()) {
        if (std::holds_alternative<event::Established>(event)) ++established;
      }
    }
    if (index > 1) {
      a.engine->remove_session(index - 1);
      b.engine->remove_session(index - 1);
    }
    if (index % 10 == 0) {
      // A second peer comes, gets what is flooded, and goes.
      const PeerId other = *a.engine->add_peer(a.overlay->id, index + 10);
      a.engine->set_path(other, loopback(9));
      a.engine->learn(a.overlay->id, 0x020000000099, other);
      a.engine->learn_address(a.overlay->id, *Endpoint::parse("10.9.0.9", 0), 0x020000000099);
      // From the first time on, what is broadcast goes by flood.
      a.engine->set_routes(a.overlay->id, {{2, a.peer}, {index + 10, other}});
      a.engine->set_neighbours(a.overlay->id, {{2, a.peer}, {index + 10, other}}, {});
      Path through;
      through.carrier = Carrier::overlay;
      const PeerId far = *a.engine->add_peer(a.overlay->id, index + 100);
      a.engine->set_path(far, through);
      through.overlay = a.overlay->id;
      through.node = 2;
      a.engine->send(std::array<uint8_t, 30>{wire::kInitiation}, through);
      a.engine->remove_peer(far);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      a.engine->set_neighbours(a.overlay->id, {{2, a.peer}}, {index + 10});
      a.engine->remove_peer(other);
    }
    a.engine->events();
    a.engine->counter(Counter::txFrames);
  }
  done.store(true);
  sender.join();
  receiver.join();
  CHECK(established == 40);
  CHECK(sent.load() > 200);
  // The first few wait for the first session; after that nothing is lost but what the kernel drops.
  CHECK(received.load() * 10 > sent.load() * 9);
  CHECK(a.engine->counter(Counter::dropForged) + b.engine->counter(Counter::dropForged) == 0);
  a.engine->close_tap(a.overlay->id);
}

}  // namespace

TEST("frames flow while sessions, paths and peers change, TAPs read by threads of their own") {
  change_everything_under_load(true);
}

TEST("frames flow while sessions, paths and peers change, TAPs read by the link thread") {
  change_everything_under_load(false);
}

RUN_ALL()
