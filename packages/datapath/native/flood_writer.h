// Writes copies of a flood into trains, in fragments where they exceed the path MTU of their hop.
#pragma once

#include <algorithm>
#include <functional>

#include "flood_table.h"
#include "train_set.h"

namespace evio {

/// Which of a peer's two series of fragment numbers: each sending thread has its own.
inline uint32_t next_fragment_number(Peer &peer, Sender sender) {
  return sender == Sender::frames ? peer.next_fragmented++ & ~wire::kLinkNumber
                                  : peer.next_fragmented_link++ | wire::kLinkNumber;
}

/// `sent` is called for each neighbour that a copy went to.
inline void write_flood_copies(const View &view, const std::vector<FloodCopy> &copies, wire::FloodHeader header,
                               Bytes frame, Sender sender, TrainSet &trains, Counters &counters,
                               const std::function<void(Peer &)> &sent) {
  std::vector<uint8_t> whole;
  for (const FloodCopy &copy : copies) {
    const PeerEntry *entry = view.find(copy.peer);
    if (entry == nullptr || !entry->neighbour()) {
      counters.add(Counter::dropFloodNoNeighbour);
      continue;
    }
    header.end = copy.part.end;
    header.begin = copy.part.begin;
    const size_t head = wire::flood_header_bytes(header);
    Train &train = trains.to(*entry);
    if (head + frame.size() <= Train::room(*entry)) {
      uint8_t *body = train.add(wire::Kind::flood, 0, head + frame.size());
      wire::write_flood_header(body, header);
      std::copy(frame.begin(), frame.end(), body + head);
    } else if (head + frame.size() > 65535) {
      counters.add(Counter::dropFrameTooLarge);
      continue;
    } else {
      whole.resize(head + frame.size());
      wire::write_flood_header(whole.data(), header);
      std::copy(frame.begin(), frame.end(), whole.begin() + static_cast<std::ptrdiff_t>(head));
      train.add_fragments(wire::kFlagOfFlood, whole, next_fragment_number(*entry->peer, sender));
    }
    counters.add(Counter::floodCopies);
    sent(*entry->peer);
  }
}

}  // namespace evio
