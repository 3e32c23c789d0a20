// Small packets in a closed loop: so many are in flight, and each that comes back is sent again.
//
//   packet-loop echo ADDRESS PORT       prints "ready", then sends back what comes, until it is killed
//   packet-loop ask ADDRESS PORT BYTES IN_FLIGHT MILLISECONDS
//                                       prints "RETURNED LOST NANOSECONDS": datagrams that came back,
//                                       those that were given up, and the time it took
//
// The loop has IN_FLIGHT places. Each holds one datagram, which carries the number of its place and
// of its turn. A datagram that is away for kLostAfter counts as lost, and its place is used again, so
// that no loss slows the loop for good; if it comes later, its turn is over and it does not count.
//
// Both ends move many datagrams with each recvmmsg and sendmmsg, so that they take little of the
// processor that they share with what is measured.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kMostBytes = 1400;
constexpr auto kLostAfter = std::chrono::milliseconds(100);
constexpr int kSocketBuffer = 4 << 20;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "packet-loop: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// What each datagram begins with; the rest is zero.
struct Label {
  std::uint32_t place;
  std::uint32_t turn;
};

// Buffers for one recvmmsg or sendmmsg; message i always has buffer i.
class Batch {
 public:
  Batch() {
    for (std::size_t i = 0; i < kBatch; i++) {
      vectors_[i] = {buffers_[i].data(), kMostBytes};
      auto& header = messages_[i].msg_hdr;
      header.msg_iov = &vectors_[i];
      header.msg_iovlen = 1;
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Waits for one datagram, as long as the socket's time-out says, and takes all that are there then;
  // with `names`, also from whom. Returns how many came.
  std::size_t receive(int fd, bool names) {
    for (std::size_t i = 0; i < kBatch; i++) {
      vectors_[i].iov_len = kMostBytes;
      messages_[i].msg_hdr.msg_name = names ? &names_[i] : nullptr;
      messages_[i].msg_hdr.msg_namelen = names ? sizeof names_[i] : 0;
    }
    const int n = recvmmsg(fd, messages_.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (n >= 0) return static_cast<std::size_t>(n);
    // ECONNREFUSED: the other end was not there yet for an earlier datagram.
    if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED) return 0;
    fail("recvmmsg");
  }

  // Sends the first `count`; what the kernel does not take is lost, as on any wire.
  void send(int fd, std::size_t count) {
    for (std::size_t sent = 0; sent < count;) {
      const int n = sendmmsg(fd, &messages_[sent], static_cast<unsigned>(count - sent), 0);
      sent += n > 0 ? static_cast<std::size_t>(n) : 1;
    }
  }

  std::span<const std::uint8_t> received(std::size_t i) const {
    return std::span(buffers_[i]).first(messages_[i].msg_len);
  }
  void keep_length(std::size_t i) { vectors_[i].iov_len = messages_[i].msg_len; }
  void write(std::size_t i, Label label, std::size_t bytes) {
    std::memcpy(buffers_[i].data(), &label, sizeof label);
    vectors_[i].iov_len = bytes;
  }

 private:
  std::array<std::array<std::uint8_t, kMostBytes>, kBatch> buffers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<sockaddr_in, kBatch> names_{};
  std::array<mmsghdr, kBatch> messages_{};
};

int open_socket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kSocketBuffer, sizeof kSocketBuffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kSocketBuffer, sizeof kSocketBuffer);
  return fd;
}

sockaddr_in endpoint(const char* address, const char* port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
  if (inet_pton(AF_INET, address, &name.sin_addr) != 1) {
    std::fprintf(stderr, "packet-loop: expected an IPv4 address, got \"%s\"\n", address);
    std::exit(2);
  }
  return name;
}

[[noreturn]] void echo(const sockaddr_in& name) {
  const int fd = open_socket();
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fail("bind");
  std::puts("ready");
  std::fflush(stdout);
  static Batch batch;
  for (;;) {
    const std::size_t n = batch.receive(fd, true);
    for (std::size_t i = 0; i < n; i++) batch.keep_length(i);
    batch.send(fd, n);
  }
}

struct Place {
  std::uint32_t turn = 0;
  Clock::time_point sent;
};

int ask(const sockaddr_in& name, std::size_t bytes, std::size_t in_flight, long milliseconds) {
  const int fd = open_socket();
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fail("connect");
  const timeval patience{0, 10'000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  static Batch batch;
  std::vector<Place> places(in_flight);
  std::uint64_t returned = 0, lost = 0;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::milliseconds(milliseconds);
  auto now = begin;

  std::size_t filled = 0;
  const auto send_from = [&](std::uint32_t place) {
    places[place].sent = now;
    batch.write(filled++, {place, ++places[place].turn}, bytes);
    if (filled == kBatch) batch.send(fd, std::exchange(filled, 0));
  };
  const auto flush = [&] { batch.send(fd, std::exchange(filled, 0)); };

  for (std::uint32_t i = 0; i < in_flight; i++) send_from(i);
  flush();
  auto next_look = begin + kLostAfter / 4;
  std::array<std::uint32_t, kBatch> free{};
  while (now < end) {
    const std::size_t n = batch.receive(fd, false);
    now = Clock::now();
    std::size_t freed = 0;
    for (std::size_t i = 0; i < n; i++) {
      const auto datagram = batch.received(i);
      if (datagram.size() != bytes) continue;
      Label label{};
      std::memcpy(&label, datagram.data(), sizeof label);
      if (label.place >= in_flight || label.turn != places[label.place].turn) continue;
      // A second copy of it will be of a turn that is over.
      places[label.place].turn++;
      free[freed++] = label.place;
    }
    returned += freed;
    for (std::size_t i = 0; i < freed; i++) send_from(free[i]);
    flush();
    if (now < next_look) continue;
    next_look = now + kLostAfter / 4;
    for (std::uint32_t i = 0; i < in_flight; i++) {
      if (now - places[i].sent < kLostAfter) continue;
      lost++;
      send_from(i);
    }
    flush();
  }
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(now - begin).count();
  std::printf("%lu %lu %ld\n", returned, lost, static_cast<long>(took));
  return 0;
}

int usage() {
  std::fprintf(stderr,
               "usage: packet-loop echo ADDRESS PORT\n"
               "       packet-loop ask ADDRESS PORT BYTES IN_FLIGHT MILLISECONDS\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "echo" && argc == 4) echo(endpoint(argv[2], argv[3]));
  if (what != "ask" || argc != 7) return usage();
  const auto bytes = std::strtoul(argv[4], nullptr, 10);
  const auto in_flight = std::strtoul(argv[5], nullptr, 10);
  const auto milliseconds = std::strtol(argv[6], nullptr, 10);
  if (bytes < sizeof(Label) || bytes > kMostBytes || in_flight < 1 || in_flight > 65536 ||
      milliseconds < 1 || milliseconds > 60'000) {
    return usage();
  }
  return ask(endpoint(argv[2], argv[3]), bytes, in_flight, milliseconds);
}
