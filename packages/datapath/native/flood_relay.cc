#include "flood_relay.h"

#include "switch.h"

namespace evio {

std::optional<FloodRelay::Delivery> FloodRelay::receive(const View &view, const PeerEntry &from, MutableBytes body,
                                                        Micros now) {
  const auto drop = [&](Counter reason) {
    counters_.add(reason);
    return std::nullopt;
  };
  const std::optional<wire::FloodHeader> header = wire::read_flood_header(body);
  const OverlayEntry *home = view.overlay(from.peer->overlay);
  if (!header || home == nullptr || body.size() < wire::flood_header_bytes(*header) + kEthernetMinBytes) {
    return drop(Counter::dropFloodMalformed);
  }
  Overlay &overlay = *home->overlay;
  if (header->origin == overlay.node) {
    // A number that we have not come to yet is not ours: somebody speaks in our name.
    const uint32_t ahead = header->sequence - overlay.next_flood.load(std::memory_order_relaxed);
    return drop(ahead < uint32_t{1} << 31 ? Counter::dropFloodForged : Counter::dropFloodOwn);
  }
  // Only its origin sends a flood that has made no hop.
  if (header->hops == 0 && header->origin != from.peer->node) return drop(Counter::dropFloodForged);
  if (header->hops >= kHopLimit) return drop(Counter::dropFloodHops);
  const MutableBytes frame = body.subspan(wire::flood_header_bytes(*header));
  const PeerEntry *origin = view.peer_of(*home, header->origin);
  const bool member = origin != nullptr;
  const bool carries = overlay.carries.load(std::memory_order_relaxed);
  FloodPart part{header->begin, header->end};
  bool first = false;
  const auto refuse = [&](FloodWindow::Seen seen) {
    return drop(seen == FloodWindow::Seen::storm ? Counter::dropFloodStorm : Counter::dropFloodLinkStorm);
  };
  if (!home->floods || home->floods->inside(part)) {
    const auto seen = overlay.floods_seen.see(*header, frame, from.peer->id, member, now);
    switch (seen) {
      case FloodWindow::Seen::storm:
      case FloodWindow::Seen::link_storm:
        return refuse(seen);
      case FloodWindow::Seen::again:
        counters_.add(Counter::floodDuplicates);
        // Of what is handed over, the stretch before us may still be news to others.
        if (!part.begin || *part.begin == overlay.node) return {};
        part.end = overlay.node;
        break;
      case FloodWindow::Seen::first:
        counters_.add(Counter::floodsReceived);
        first = true;
        if (carries) overlay.flood_log.add(*header, frame, now);
        break;
    }
  } else {
    const auto seen = overlay.floods_seen.hand_on(header->origin, from.peer->id, member, now);
    if (seen != FloodWindow::Seen::first) return refuse(seen);
  }
  // Before it is delivered, which changes it.
  if (home->floods && carries) send(view, home->floods->pass(header->origin, part), *header, frame);
  if (!first) return {};
  return Delivery{origin, frame, (header->flags & wire::kFlagFloodChecksumNeeded) != 0};
}

void FloodRelay::send(const View &view, const std::vector<FloodCopy> &copies, wire::FloodHeader header,
                      Bytes frame) {
  ++header.hops;
  write_flood_copies(view, copies, header, frame, Sender::link, trains_, counters_, [](Peer &) {});
}

void FloodRelay::repair(const View &view, OverlayId id, const FloodTable &before, const std::set<NodeId> &lost,
                        Micros now) {
  const OverlayEntry *home = view.overlay(id);
  if (home == nullptr || !home->floods || !home->overlay->carries.load(std::memory_order_relaxed)) return;
  for (const FloodLog::Entry &entry : home->overlay->flood_log.recent(now)) {
    const auto copies = home->floods->repair(before, lost, entry.header.origin, entry.header.end);
    if (copies.empty()) continue;
    counters_.add(Counter::floodRepairs, copies.size());
    send(view, copies, entry.header, entry.frame);
  }
  trains_.flush();
}

}  // namespace evio
