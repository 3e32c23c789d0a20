// A cable with faults: copies Ethernet frames between two interfaces of its namespace, and on the
// way delays, loses and reorders them, or slows them down to a rate.
//
//   wire A B SEED      prints "ready" when it copies; then on standard input:
//
//   set FORTH BACK     from now on, for frames from A to B and from B to A, each six numbers:
//                      DELAY_US JITTER_US LOSS_PPM REORDER_PPM REORDER_US BITS_PER_SECOND
//   counters           prints copied and lost frames, A to B and B to A: four numbers
//
// Each command is answered by one line. It ends at the end of its input.
//
// Flow: 1. poll() waits for a frame, a line, or the time of the first frame in the heap;
//       2. each frame draws three numbers from its direction's generator (always three, so that the
//          fate of frame n depends on the seed and n only) and gets its time;
//       3. what is due goes out.
// Bounds: 4,096 frames or 16 MiB wait at most per direction; what comes on top is lost, as in a
// router. Frames go through with their virtio_net_hdr, since checksums between namespaces are
// mostly left to be computed by hardware that is not there.

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kMaxFrames = 4096;
constexpr std::size_t kMaxBytes = 16U << 20;
// struct virtio_net_hdr before each frame; <linux/virtio_net.h> is no C++.
constexpr std::size_t kVnetHeaderBytes = 10;
constexpr std::size_t kFrameBytes = kVnetHeaderBytes + 65536 + 64;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "wire: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

std::uint64_t now_us() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(t.tv_nsec) / 1000U;
}

// SplitMix64: small, and its first outputs are already good.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // Evenly from 0 to bound − 1; 0 when bound is 0.
  std::uint64_t below(std::uint64_t bound) {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    return bound == 0 ? 0 : z % bound;
  }

 private:
  std::uint64_t state_;
};

struct Impairment {
  std::uint64_t delay_us = 0, jitter_us = 0, loss_ppm = 0, reorder_ppm = 0, reorder_us = 0, rate = 0;
};

struct Waiting {
  std::uint64_t due_us;
  std::uint64_t order;
  std::vector<std::uint8_t> bytes;
  bool operator>(const Waiting& other) const {
    return std::pair(due_us, order) > std::pair(other.due_us, other.order);
  }
};

class Direction {
 public:
  Direction(int from, int to, std::uint64_t seed) : from_(from), to_(to), random_(seed) {}

  void set(const Impairment& impairment) { impairment_ = impairment; }

  // Takes up to 64 frames that have come in, so that the other direction gets its turn.
  void take() {
    static std::array<std::uint8_t, kFrameBytes> buffer;
    for (int i = 0; i < 64; i++) {
      sockaddr_ll from{};
      socklen_t length = sizeof from;
      const ssize_t n = recvfrom(from_, buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 0) {
        if (errno == EINTR || errno == ENETDOWN) continue;
        return;
      }
      // Our own frames come back to a packet socket as outgoing ones.
      if (from.sll_pkttype == PACKET_OUTGOING) continue;
      admit(buffer.data(), static_cast<std::size_t>(n));
    }
  }

  void send_due(std::uint64_t now) {
    while (!heap_.empty() && heap_.top().due_us <= now) {
      const auto& bytes = heap_.top().bytes;
      if (send(to_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size())) {
        copied_++;
      } else {
        lost_++;
      }
      waiting_bytes_ -= bytes.size();
      heap_.pop();
    }
  }

  // When the next frame is due; UINT64_MAX when none waits.
  std::uint64_t next_us() const { return heap_.empty() ? UINT64_MAX : heap_.top().due_us; }
  std::uint64_t copied() const { return copied_; }
  std::uint64_t lost() const { return lost_; }

 private:
  void admit(const std::uint8_t* bytes, std::size_t length) {
    const bool lost = random_.below(1'000'000) < impairment_.loss_ppm;
    const bool held = random_.below(1'000'000) < impairment_.reorder_ppm;
    const std::uint64_t jitter = random_.below(impairment_.jitter_us + 1);
    if (lost || heap_.size() >= kMaxFrames || waiting_bytes_ + length > kMaxBytes) {
      lost_++;
      return;
    }
    std::uint64_t due = now_us();
    if (impairment_.rate > 0) {
      if (free_us_ < due) free_us_ = due;
      const std::uint64_t bits = (length - kVnetHeaderBytes) * 8;
      free_us_ += bits * 1'000'000U / impairment_.rate;
      due = free_us_;
    }
    due += impairment_.delay_us + jitter;
    if (held) {
      due += impairment_.reorder_us;
    } else {
      // Jitter alone does not reorder: a frame leaves no earlier than the one before it.
      if (due < last_due_us_) due = last_due_us_;
      last_due_us_ = due;
    }
    waiting_bytes_ += length;
    heap_.push({due, order_++, {bytes, bytes + length}});
  }

  int from_, to_;
  Random random_;
  Impairment impairment_;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> heap_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t free_us_ = 0, last_due_us_ = 0, order_ = 0, copied_ = 0, lost_ = 0;
};

int open_interface(const char* name) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  if (fd < 0) fail("socket");
  const int one = 1;
  const int buffer = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) != 0) fail("PACKET_VNET_HDR");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(name));
  if (address.sll_ifindex == 0) fail(name);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  packet_mreq all{};
  all.mr_ifindex = address.sll_ifindex;
  all.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0) fail("promiscuous");
  return fd;
}

// Obeys one line and answers it.
void obey(const std::string& line, Direction& forth, Direction& back) {
  Impairment f, b;
  if (line == "counters") {
    std::printf("%lu %lu %lu %lu\n", forth.copied(), forth.lost(), back.copied(), back.lost());
  } else if (std::sscanf(line.c_str(), "set %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu", &f.delay_us,
                         &f.jitter_us, &f.loss_ppm, &f.reorder_ppm, &f.reorder_us, &f.rate, &b.delay_us,
                         &b.jitter_us, &b.loss_ppm, &b.reorder_ppm, &b.reorder_us, &b.rate) == 12) {
    forth.set(f);
    back.set(b);
    std::puts("set");
  } else {
    std::printf("did not understand \"%s\"\n", line.c_str());
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: wire A B SEED\n");
    return 2;
  }
  const int a = open_interface(argv[1]);
  const int b = open_interface(argv[2]);
  const std::uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  Direction forth(a, b, 2 * seed);
  Direction back(b, a, 2 * seed + 1);
  // poll() counts in milliseconds, frames wait for microseconds.
  const int alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (alarm < 0) fail("timerfd");
  std::puts("ready");
  std::fflush(stdout);
  std::string input;
  for (;;) {
    const std::uint64_t next = std::min(forth.next_us(), back.next_us());
    itimerspec when{};
    if (next != UINT64_MAX) {
      when.it_value.tv_sec = static_cast<time_t>(next / 1'000'000U);
      when.it_value.tv_nsec = static_cast<long>(next % 1'000'000U) * 1000 + 1;
    }
    timerfd_settime(alarm, TFD_TIMER_ABSTIME, &when, nullptr);
    std::array<pollfd, 4> fds{{{a, POLLIN, 0}, {b, POLLIN, 0}, {alarm, POLLIN, 0}, {0, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) fail("poll");
    if (fds[3].revents != 0) {
      std::array<char, 4096> bytes;
      const ssize_t n = read(0, bytes.data(), bytes.size());
      if (n <= 0) return 0;
      input.append(bytes.data(), static_cast<std::size_t>(n));
      for (std::size_t end; (end = input.find('\n')) != std::string::npos; input.erase(0, end + 1)) {
        obey(input.substr(0, end), forth, back);
      }
    }
    if (fds[0].revents != 0) forth.take();
    if (fds[1].revents != 0) back.take();
    const std::uint64_t now = now_us();
    forth.send_due(now);
    back.send_due(now);
  }
}
