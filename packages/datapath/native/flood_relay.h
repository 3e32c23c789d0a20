// What a node does with a flood that comes from a neighbour (flood_table.h): takes it once, and passes it on
// to the neighbours in its part. Belongs to the link thread.
//
//   1. receive(…)   checks the record, and against repeats and storms; passes it on; tells whether and for
//                   whom the frame is to be delivered
//   2. repair(…)    after a change of neighbours: sends what was torn open
//   3. flush()      sends what both have put together
#pragma once

#include <optional>
#include <set>

#include "flood_writer.h"

namespace evio {

class FloodRelay {
 public:
  FloodRelay(Transmitter &transmitter, Counters &counters, EventQueue &events)
      : counters_(counters), trains_(kTrains, Sender::link, transmitter, counters, events) {}

  struct Delivery {
    const PeerEntry *origin;  // none: not known yet
    MutableBytes frame;
    bool checksum_needed;
  };
  /// `body` is the record's, not yet believed. Nothing: it is not for this host, or has been here.
  std::optional<Delivery> receive(const View &view, const PeerEntry &from, MutableBytes body, Micros now);

  /// `before`: the flood table until now; `lost`: neighbours in it whose links died.
  void repair(const View &view, OverlayId overlay, const FloodTable &before, const std::set<NodeId> &lost,
              Micros now);
  void flush() { trains_.flush(); }

 private:
  void send(const View &view, const std::vector<FloodCopy> &copies, wire::FloodHeader header, Bytes frame);

  static constexpr size_t kTrains = 4;
  /// Far above the depth of any flood.
  static constexpr uint8_t kHopLimit = 64;

  Counters &counters_;
  TrainSet trains_;
};

}  // namespace evio
