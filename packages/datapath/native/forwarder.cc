#include "forwarder.h"

#include <algorithm>

namespace evio {

Forwarder::Forwarder(Sender sender, const PublishedView &published, Transmitter &network, Counters &counters,
                     EventQueue &events, std::function<void()> unanswered)
    : network_(network), counters_(counters), view_(published),
      trains_(kTrains, sender, network, counters, events), unanswered_(std::move(unanswered)) {}

void Forwarder::transmit(const Shipment &shipment) {
  if (!shipment.path.through_overlay()) return network_.transmit(shipment);
  view_.refresh();
  const PeerEntry *to = view_->find(shipment.peer);
  const OverlayEntry *overlay = to == nullptr ? nullptr : view_->overlay(to->peer->overlay);
  if (overlay == nullptr) return counters_.add(Counter::dropPeerGone, shipment.count);
  const wire::ForwardHeader header{to->peer->node, overlay->overlay->node, kHopLimit, 0, kFirstBound};
  const Micros now = now_micros();
  for (size_t at = 0; at < shipment.bytes.size(); at += shipment.segment) {
    const size_t size = std::min(shipment.segment, shipment.bytes.size() - at);
    if (place(*view_, *overlay, header, shipment.bytes.subspan(at, size), now)) {
      counters_.add(Counter::forwardsSent);
    }
  }
  trains_.flush();
}

void Forwarder::originate(OverlayId id, NodeId destination, Bytes datagram, Micros now) {
  view_.refresh();
  const OverlayEntry *overlay = view_->overlay(id);
  if (overlay == nullptr) return counters_.add(Counter::dropPeerGone);
  if (destination == overlay->overlay->node) return counters_.add(Counter::dropForwardNoRoute);
  const wire::ForwardHeader header{destination, overlay->overlay->node, kHopLimit, 0, kFirstBound};
  if (place(*view_, *overlay, header, datagram, now)) counters_.add(Counter::forwardsSent);
  trains_.flush();
}

void Forwarder::relay(const View &view, const PeerEntry &from, const wire::ForwardHeader &header, Bytes inner,
                      Micros now) {
  const OverlayEntry *overlay = view.overlay(from.peer->overlay);
  if (overlay == nullptr) return counters_.add(Counter::dropPeerGone);
  if (!overlay->overlay->carries.load(std::memory_order_relaxed)) return counters_.add(Counter::dropForwardLeaf);
  // Our own back to us: somebody's table is wrong, or somebody plays.
  if (header.source == overlay->overlay->node) return counters_.add(Counter::dropForwardLoop);
  if (header.hop_limit <= 1) return counters_.add(Counter::dropForwardHopLimit);
  wire::ForwardHeader next = header;
  --next.hop_limit;
  if (place(view, *overlay, next, inner, now)) counters_.add(Counter::forwardsRelayed);
}

bool Forwarder::place(const View &view, const OverlayEntry &overlay, wire::ForwardHeader header, Bytes inner,
                      Micros now) {
  const auto drop = [&](Counter reason) {
    counters_.add(reason);
    return false;
  };
  if (!overlay.routes) return drop(Counter::dropForwardNoRoute);
  const RouteState state{header.bound, (header.flags & wire::kFlagPlain) != 0};
  const std::optional<RouteStep> step = overlay.routes->next(header.destination, state);
  if (!step) return drop(Counter::dropForwardNoRoute);
  const PeerEntry *hop = view.find(step->next_hop);
  if (hop == nullptr || !hop->neighbour()) return drop(Counter::dropForwardNoNeighbour);
  const size_t length = wire::kForwardHeaderBytes + inner.size();
  if (length > Train::room(*hop)) return drop(Counter::dropForwardTooBig);
  header.bound = step->state.bound;
  header.flags = step->state.plain ? wire::kFlagPlain : 0;
  uint8_t *body = trains_.to(*hop).add(wire::Kind::forward, 0, length);
  wire::write_forward_header(body, header);
  std::copy(inner.begin(), inner.end(), body + wire::kForwardHeaderBytes);
  // A next hop that is gone is noticed here too, not only by who sends to it.
  auto &since = hop->peer->unanswered_since;
  if (since.load(std::memory_order_relaxed) == 0) {
    since.store(now, std::memory_order_relaxed);
    unanswered_();
  }
  return true;
}

}  // namespace evio
