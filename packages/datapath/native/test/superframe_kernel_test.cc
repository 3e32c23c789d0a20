// Segmenter and merger between two real kernels (two network namespaces with a TAP each): TCP and UDP
// with segmentation offload, over IPv4, IPv6 and a VLAN, with and without loss and reordering. No write
// to a TAP may be refused. Needs root; says so and passes when it is not. The namespaces live and die
// with this process.
// sources: ../packet_headers.cc ../vnet_header.cc ../segmenter.cc ../merger.cc
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include "../file_descriptor.h"
#include "../merger.h"
#include "../segmenter.h"
#include "check.h"

using namespace evio;

namespace {

constexpr unsigned kOffloadUso = 0x20 | 0x40;  // TUN_F_USO4, TUN_F_USO6 (Linux 6.2)
constexpr size_t kRoom = 1414;                 // what TAPs with an MTU of 1400 give

void run_in(int network_namespace, const std::function<void()> &work) {
  std::thread([&] {
    CHECK(setns(network_namespace, CLONE_NEWNET) == 0);
    work();
  }).join();
}

void shell(const std::string &command) { CHECK(std::system(command.c_str()) == 0); }

/// A network namespace with a TAP, 10.9.0.N and fd09::N, and the same on VLAN 7 (10.7.0.N) where
/// the kernel has VLANs.
struct Host {
  FileDescriptor network_namespace;
  FileDescriptor tap;
  bool has_vlan = false;  // not every kernel has 802.1Q

  explicit Host(int number) {
    std::thread([&] {
      CHECK(unshare(CLONE_NEWNET) == 0);
      network_namespace = FileDescriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
      tap = FileDescriptor(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
      ifreq request{};
      std::strcpy(request.ifr_name, "tap0");
      request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
      CHECK(ioctl(tap.get(), TUNSETIFF, &request) == 0);
      const unsigned offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
      if (ioctl(tap.get(), TUNSETOFFLOAD, offload | kOffloadUso) != 0) {
        CHECK(ioctl(tap.get(), TUNSETOFFLOAD, offload) == 0);
      }
      const std::string n = std::to_string(number);
      shell("ip link set lo up && ip link set tap0 mtu 1400 && ip addr add 10.9.0." + n +
            "/24 dev tap0 && ip addr add fd09::" + n + "/64 dev tap0 nodad && ip link set tap0 up && " +
            "sysctl -qw net.ipv4.tcp_ecn=1");
      has_vlan = std::system("ip link add link tap0 name tap0.7 type vlan id 7 2>&-") == 0;
      if (has_vlan) shell("ip addr add 10.7.0." + n + "/24 dev tap0.7 && ip link set tap0.7 mtu 1396 up");
    }).join();
  }
};

/// One direction between the two TAPs.
class Direction final : public FrameSink {
 public:
  Direction(int from, int to) : from_(from), to_(to), buffer_(kVnetHeaderBytes + kLargestFrameBytes) {}

  std::atomic<int> loss_permille{0};
  std::atomic<int> reorder_permille{0};
  std::atomic<uint64_t> refused{0}, super_frames_read{0}, super_frames_written{0}, dropped{0};

  /// Carries what waits, as one batch.
  void carry() {
    std::vector<Datagram> batch;
    for (int i = 0; i < 16; ++i) {
      const ssize_t got = read(from_, buffer_.data(), buffer_.size());
      if (got <= static_cast<ssize_t>(kVnetHeaderBytes)) break;
      take(MutableBytes(buffer_).first(static_cast<size_t>(got)), batch);
    }
    std::erase_if(batch, [&](const Datagram &) { return chance(loss_permille); });
    for (size_t i = 1; i < batch.size(); ++i) {
      if (chance(reorder_permille)) std::swap(batch[i], batch[i - 1]);
    }
    for (Datagram &one : batch) {
      if (one.hint) {
        CHECK(merger_.segment(1, *one.hint, one.frame));
      } else {
        CHECK(merger_.frame(1, one.frame, one.checksum_needed));
      }
    }
    merger_.end_of_batch();
  }

  void write(MergerPeer, const VnetHeader &vnet, std::span<const iovec> parts) override {
    std::vector<iovec> all{{const_cast<VnetHeader *>(&vnet), kVnetHeaderBytes}};
    all.insert(all.end(), parts.begin(), parts.end());
    if (vnet.gso_type != kGsoNone) ++super_frames_written;
    if (writev(to_, all.data(), static_cast<int>(all.size())) < 0) {
      ++refused;
      std::fprintf(stderr, "  TAP: %s, gso_type %u gso_size %u, %zu parts\n", std::strerror(errno), vnet.gso_type,
                   vnet.gso_size, parts.size());
    }
  }

 private:
  struct Datagram {
    std::optional<SegmentHint> hint;
    bool checksum_needed = false;
    std::vector<uint8_t> frame;
  };

  bool chance(int permille) { return static_cast<int>(random_() % 1000) < permille; }

  void take(MutableBytes packet, std::vector<Datagram> &batch) {
    const VnetHeader vnet = *read_vnet_header(packet);
    const MutableBytes frame = packet.subspan(kVnetHeaderBytes);
    const TapFrame kind = classify_tap_frame(vnet, frame);
    if (kind == TapFrame::super_frame) {
      ++super_frames_read;
      const auto plan = Segmenter::plan(vnet, frame, kRoom);
      for (size_t i = 0; plan && i < plan->count(); ++i) {
        batch.push_back({plan->hint(i, number_), true, std::vector<uint8_t>(plan->segment_bytes(i))});
        plan->write(i, batch.back().frame);
      }
      if (plan) number_ = static_cast<uint16_t>(number_ + plan->numbers());
    } else if (kind == TapFrame::plain || kind == TapFrame::checksum_needed) {
      batch.push_back({std::nullopt, kind == TapFrame::checksum_needed, {frame.begin(), frame.end()}});
    } else {
      ++dropped;
    }
  }

  int from_, to_;
  std::vector<uint8_t> buffer_;
  uint16_t number_ = 65500;
  Merger merger_{*this};
  std::mt19937 random_{1};
};

/// The two hosts and the wire between them, running.
struct Network {
  Host a{1}, b{2};
  Direction there{a.tap.get(), b.tap.get()}, back{b.tap.get(), a.tap.get()};
  std::atomic<bool> stop{false};
  std::thread wire{[this] {
    while (!stop) {
      pollfd waiting[2] = {{a.tap.get(), POLLIN, 0}, {b.tap.get(), POLLIN, 0}};
      if (poll(waiting, 2, 20) <= 0) continue;
      if (waiting[0].revents != 0) there.carry();
      if (waiting[1].revents != 0) back.carry();
    }
  }};
  ~Network() {
    stop = true;
    wire.join();
  }
};

/// A socket address of "10.9.0.2" or "fd09::2".
socklen_t address(const char *text, uint16_t port, sockaddr_storage &out) {
  out = {};
  auto *v4 = reinterpret_cast<sockaddr_in *>(&out);
  auto *v6 = reinterpret_cast<sockaddr_in6 *>(&out);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  CHECK(inet_pton(AF_INET6, text, &v6->sin6_addr) == 1);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return sizeof *v6;
}

FileDescriptor bound_socket(const Host &host, int type, const char *own) {
  FileDescriptor result;
  run_in(host.network_namespace.get(), [&] {
    sockaddr_storage at;
    const socklen_t length = address(own, 7000, at);
    result = FileDescriptor(socket(at.ss_family, type | SOCK_CLOEXEC, 0));
    const int yes = 1;
    setsockopt(result.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const timeval limit{10, 0};
    setsockopt(result.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    CHECK(bind(result.get(), reinterpret_cast<sockaddr *>(&at), length) == 0);
  });
  return result;
}

FileDescriptor connected_socket(const Host &host, int type, const char *remote) {
  FileDescriptor result;
  run_in(host.network_namespace.get(), [&] {
    sockaddr_storage at;
    const socklen_t length = address(remote, 7000, at);
    result = FileDescriptor(socket(at.ss_family, type | SOCK_CLOEXEC, 0));
    CHECK(connect(result.get(), reinterpret_cast<sockaddr *>(&at), length) == 0);
  });
  return result;
}

uint8_t byte_at(size_t position) { return static_cast<uint8_t>(position * 2654435761u >> 13); }

/// One TCP stream from a to b; whether every byte came.
void transfer(Network &network, const char *remote, size_t bytes) {
  const FileDescriptor listener = bound_socket(network.b, SOCK_STREAM, remote);
  CHECK(listen(listener.get(), 1) == 0);
  size_t right = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::thread receiver([&] {
    const FileDescriptor from(accept(listener.get(), nullptr, nullptr));
    std::vector<uint8_t> buffer(1 << 18);
    for (;;) {
      const ssize_t got = recv(from.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      for (ssize_t i = 0; i < got; ++i, ++right) {
        if (buffer[static_cast<size_t>(i)] != byte_at(right)) return;
      }
    }
  });
  {
    const FileDescriptor to = connected_socket(network.a, SOCK_STREAM, remote);
    std::vector<uint8_t> buffer(1 << 18);
    for (size_t sent = 0; sent < bytes;) {
      const size_t now = std::min(buffer.size(), bytes - sent);
      for (size_t i = 0; i < now; ++i) buffer[i] = byte_at(sent + i);
      const ssize_t took = send(to.get(), buffer.data(), now, MSG_NOSIGNAL);
      CHECK(took > 0);
      if (took <= 0) break;
      sent += static_cast<size_t>(took);
    }
  }
  receiver.join();
  CHECK(right == bytes);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("       %s: %.1f MB in %.2f s\n", remote, static_cast<double>(bytes) / 1e6, seconds);
}

/// Bursts of UDP datagrams that the kernel hands over as one (UDP_SEGMENT); whether they come singly.
void burst(Network &network, const char *remote) {
  const FileDescriptor receiver = bound_socket(network.b, SOCK_DGRAM, remote);
  const FileDescriptor sender = connected_socket(network.a, SOCK_DGRAM, remote);
  const int size = 1000;
  CHECK(setsockopt(sender.get(), SOL_UDP, UDP_SEGMENT, &size, sizeof size) == 0);
  for (uint8_t round = 0; round < 20; ++round) {
    std::vector<uint8_t> bytes(40 * 1000 - 300);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(byte_at(i) + round);
    CHECK(send(sender.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    for (size_t k = 0; k < 40; ++k) {
      uint8_t datagram[2000];
      const ssize_t got = recv(receiver.get(), datagram, sizeof datagram, 0);
      CHECK(got == (k < 39 ? 1000 : 700));
      if (got <= 0) return;
      CHECK(std::equal(datagram, datagram + got, bytes.begin() + static_cast<long>(k * 1000)));
    }
  }
}

Network *network = nullptr;

std::vector<const char *> remotes() {
  std::vector<const char *> all{"10.9.0.2", "fd09::2"};
  if (network->b.has_vlan) all.push_back("10.7.0.2");
  return all;
}

}  // namespace

TEST("TCP streams of a real kernel pass whole over IPv4, IPv6 and a VLAN") {
  for (const char *remote : remotes()) {
    const uint64_t before = network->there.super_frames_written;
    transfer(*network, remote, 32 << 20);
    CHECK(network->there.super_frames_written > before);
  }
}

TEST("TCP streams survive loss and reordering") {
  network->there.loss_permille = 5;
  network->there.reorder_permille = 20;
  network->back.loss_permille = 5;
  for (const char *remote : remotes()) transfer(*network, remote, 3 << 20);
  network->there.loss_permille = network->there.reorder_permille = network->back.loss_permille = 0;
}

TEST("UDP bursts keep their datagrams") {
  for (const char *remote : remotes()) burst(*network, remote);
}

TEST("no write was refused, and nothing from the TAP was left behind") {
  CHECK(network->there.refused == 0 && network->back.refused == 0);
  CHECK(network->there.dropped == 0 && network->back.dropped == 0);
  std::printf("       super-frames: %lu read, %lu written\n", network->there.super_frames_read.load(),
              network->there.super_frames_written.load());
}

int main() {
  if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
    std::printf("skipped: needs root and /dev/net/tun\n");
    return 0;
  }
  Network running;
  network = &running;
  if (!running.b.has_vlan) std::printf("       this kernel has no VLANs: not tried\n");
  return evio::test::runAll();
}
