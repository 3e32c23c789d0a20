#include "transmitter.h"

#include <poll.h>

#include <algorithm>

namespace evio {
namespace {

/// Between two reports of the same size to the same peer.
constexpr Micros kTooBigPause = 100 * kMillisecond;

}  // namespace

void SocketTransmitter::transmit(const Shipment &shipment) {
  const Bytes bytes = shipment.bytes;
  if (shipment.path.on_stream()) {
    for (size_t at = 0; at < bytes.size(); at += shipment.segment) {
      const Bytes one = bytes.subspan(at, std::min(shipment.segment, bytes.size() - at));
      const bool taken = post_(shipment.path.stream, one);
      count(taken ? SendResult::sent : SendResult::blocked, shipment, one, 1);
    }
    return;
  }
  UdpSocket *socket = sockets_.of(shipment.path.to);
  if (socket == nullptr) {
    counters_.add(Counter::dropNoSocket, shipment.count);
    return;
  }
  if (shipment.count == 1 || socket->segments()) {
    const size_t segment = shipment.count == 1 ? 0 : shipment.segment;
    const SendResult result = send(*socket, shipment, bytes, segment);
    if (result != SendResult::no_segmentation) return count(result, shipment, bytes, shipment.count);
    counters_.add(Counter::gsoFallbacks);
  }
  bool refused = false;
  for (size_t at = 0; at < bytes.size(); at += shipment.segment) {
    const Bytes one = bytes.subspan(at, std::min(shipment.segment, bytes.size() - at));
    const SendResult result = send(*socket, shipment, one, 0);
    refused = refused || result != SendResult::sent;
    count(result, shipment, one, 1);
  }
  // Each went well alone: it is the kernel or the device that does not do UDP_SEGMENT.
  if (!refused && socket->segments()) socket->give_up_segments();
}

SendResult SocketTransmitter::send(UdpSocket &socket, const Shipment &shipment, Bytes bytes,
                                   size_t segment) {
  counters_.add(Counter::txSends);
  const Path &path = shipment.path;
  SendResult result = socket.send(path.to, path.source, bytes, segment);
  if (result == SendResult::blocked && patience_ > 0) {
    pollfd room{socket.fd(), POLLOUT, 0};
    ::poll(&room, 1, patience_);
    result = socket.send(path.to, path.source, bytes, segment);
  }
  return result;
}

void SocketTransmitter::count(SendResult result, const Shipment &shipment, Bytes bytes,
                              size_t datagrams) {
  switch (result) {
    case SendResult::sent:
      counters_.add(Counter::txDatagrams, datagrams);
      counters_.add(Counter::txBytes, bytes.size());
      return;
    case SendResult::blocked:
      counters_.add(shipment.path.on_stream() ? Counter::dropStreamFull : Counter::dropSendBlocked, datagrams);
      return;
    case SendResult::too_big:
      counters_.add(Counter::dropTooBig, datagrams);
      report_too_big(shipment.peer, bytes.size());
      return;
    case SendResult::unreachable:
      counters_.add(Counter::dropUnreachable, datagrams);
      return;
    case SendResult::no_segmentation:
    case SendResult::failed:
      counters_.add(Counter::dropSendFailed, datagrams);
      return;
  }
}

void SocketTransmitter::report_too_big(PeerId peer, size_t bytes) {
  if (peer == 0) return;
  const Micros now = now_micros();
  if (peer == too_big_peer_ && bytes == too_big_bytes_ && now - too_big_at_ < kTooBigPause) return;
  too_big_peer_ = peer;
  too_big_bytes_ = bytes;
  too_big_at_ = now;
  events_.push(event::TooBig{peer, static_cast<uint32_t>(bytes)});
}

}  // namespace evio
