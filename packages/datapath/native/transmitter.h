// Puts sealed datagrams on their way: UDP or stream. One for each sending thread, because it counts and
// because a refused UDP_SEGMENT is retried one by one here.
#pragma once

#include <functional>

#include "counters.h"
#include "event_queue.h"
#include "path.h"
#include "udp_socket.h"

namespace evio {

/// The node's sockets; either may be missing.
struct Sockets {
  std::unique_ptr<UdpSocket> v4;
  std::unique_ptr<UdpSocket> v6;

  UdpSocket *of(const Endpoint &to) const {
    return to.family == 4 ? v4.get() : to.family == 6 ? v6.get() : nullptr;
  }
};

/// A train: `count` datagrams in a row, `segment` bytes each, the last possibly shorter. Prefixes
/// (ChannelData) are part of the datagrams.
struct Shipment {
  const Path &path;
  Bytes bytes;
  size_t segment;
  size_t count;
  PeerId peer;  // 0: no peer's
};

class Transmitter {
 public:
  virtual ~Transmitter() = default;
  virtual void transmit(const Shipment &shipment) = 0;
};

/// Hands datagrams for a stream to the thread that owns it; false when its queue is full.
using StreamPost = std::function<bool(StreamId, Bytes)>;

class SocketTransmitter final : public Transmitter {
 public:
  /// `patience`: for how many milliseconds to wait when the socket's buffer is full, to slow down who fills
  /// it; then what was to be sent is dropped.
  SocketTransmitter(const Sockets &sockets, StreamPost post, Counters &counters, EventQueue &events,
                    int patience)
      : sockets_(sockets), post_(std::move(post)), counters_(counters), events_(events),
        patience_(patience) {}

  void transmit(const Shipment &shipment) override;

 private:
  SendResult send(UdpSocket &socket, const Shipment &shipment, Bytes bytes, size_t segment);
  void count(SendResult result, const Shipment &shipment, Bytes bytes, size_t datagrams);

  void report_too_big(PeerId peer, size_t bytes);

  const Sockets &sockets_;
  StreamPost post_;
  Counters &counters_;
  EventQueue &events_;
  const int patience_;
  PeerId too_big_peer_ = 0;
  size_t too_big_bytes_ = 0;
  Micros too_big_at_ = 0;
};

}  // namespace evio
