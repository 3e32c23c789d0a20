// Carries datagrams through the overlay (design: sealed end to end). What this node sends to a peer with
// an overlay path, it wraps in forward records for the next hop; what others send through this node, it
// passes on. The inner datagram is sealed for its destination; the record around it for the next hop.
//
//   1. transmit(shipment)     a train of our own: to the network as it is, or wrapped, hop sealed, sent
//      originate(…)           one datagram of our own, for a node that need not be a peer: a handshake
//      relay(…)               one that came in a forward record and is not for us
//   2. flush()                sends what relay() has put together: many records to one next hop are a train
//
// One for each sending thread. A record goes only to a neighbour that is reached without the overlay, so
// nothing is ever wrapped twice.
#pragma once

#include <functional>

#include "train_set.h"

namespace evio {

class Forwarder final : public Transmitter {
 public:
  /// `unanswered` is called when something was sent to a peer after all before was answered.
  Forwarder(Sender sender, const PublishedView &published, Transmitter &network, Counters &counters,
            EventQueue &events, std::function<void()> unanswered);

  void transmit(const Shipment &shipment) override;
  void originate(OverlayId overlay, NodeId destination, Bytes datagram, Micros now);
  /// `header` and `inner` are the record's, not yet believed; `from` is who sent it.
  void relay(const View &view, const PeerEntry &from, const wire::ForwardHeader &header, Bytes inner, Micros now);
  void flush() { trains_.flush(); }
  /// Takes the newest view, so that removed keys do not live on in an idle thread.
  void refresh() { view_.refresh(); }

 private:
  /// Adds one record to the train of the next hop; false, and counted, when there is no way.
  bool place(const View &view, const OverlayEntry &overlay, wire::ForwardHeader header, Bytes inner, Micros now);

  static constexpr size_t kTrains = 4;

  Transmitter &network_;
  Counters &counters_;
  ViewReader view_;
  TrainSet trains_;
  std::function<void()> unanswered_;
};

}  // namespace evio
