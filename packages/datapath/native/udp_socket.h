// The node's UDP socket of one address family: all links and servers share it. Sends equal datagrams in
// one call (UDP_SEGMENT) and receives them so (UDP_GRO). Any thread may send; one thread receives.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bytes.h"
#include "endpoint.h"
#include "file_descriptor.h"

namespace evio {

enum class SendResult : uint8_t { sent, blocked, too_big, unreachable, no_segmentation, failed };

class UdpSocket {
 public:
  /// Binds to all addresses; port 0 lets the kernel choose. `segments`: false to use neither UDP_SEGMENT
  /// nor UDP_GRO. nullptr, and the reason, when refused.
  static std::unique_ptr<UdpSocket> open(int family, uint16_t port, bool segments, std::string &error);

  int fd() const { return fd_.get(); }
  uint16_t port() const { return port_; }

  /// Sends `bytes` as one datagram, or cut into datagrams of `segment` bytes (the last may be
  /// shorter) when `segment` is not 0. `source` none: the kernel chooses the local address.
  SendResult send(const Endpoint &to, const Endpoint &source, Bytes bytes, size_t segment) const;

  /// False when a device on the way once refused UDP_SEGMENT; then the caller sends one by one.
  bool segments() const { return segments_.load(std::memory_order_relaxed); }
  void give_up_segments() { segments_.store(false, std::memory_order_relaxed); }

 private:
  FileDescriptor fd_;
  uint16_t port_ = 0;
  int family_ = 0;
  std::atomic<bool> segments_{true};
};

/// Datagrams of one receive: one or several of equal length (the last may be shorter) in a row.
struct Received {
  MutableBytes bytes;
  size_t segment;  // length of each
  Endpoint from;
  Endpoint local;  // the address it was sent to; port not set
};

/// Receives in batches, into buffers of its own: many small trains or a few big ones, so that other work
/// never waits long for a batch to be done.
class UdpReceiver {
 public:
  static constexpr size_t kBatch = 32;
  static constexpr size_t kBatchBytes = 256 << 10;

  UdpReceiver();
  /// What has come; valid until the next call. Empty when nothing waits.
  std::span<const Received> receive(const UdpSocket &socket);

 private:
  void adapt(size_t trains);

  struct Slot {
    sockaddr_storage from;
    alignas(16) std::array<uint8_t, 128> control;
    iovec part;
  };

  std::vector<uint8_t> buffers_;
  std::array<Slot, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_;
  std::array<Received, kBatch> received_;
  size_t wanted_ = kBatch;  // trains of the next call: by the size of those before
};

}  // namespace evio
