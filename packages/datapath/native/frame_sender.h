// Sends frames of one TAP to peers: chooses record kinds, cuts super-frames and fragments, keeps the
// first frames of links that are not up. No I/O of its own, so the tests and fuzzers run all of it.
// Belongs to the TAP thread.
//
//   1. frame(header, bytes) …   for each frame that the TAP has ready: switch, then records in trains
//   2. end_batch()              when it has no more: every open train is sent
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "counters.h"
#include "event_queue.h"
#include "loop_beacon.h"
#include "pending_frames.h"
#include "train_set.h"
#include "vnet_header.h"
#include "view.h"

namespace evio {

class FrameSender {
 public:
  /// `unanswered` is called when something was sent to a peer after all before was answered.
  FrameSender(std::shared_ptr<Overlay> overlay, Transmitter &transmitter, Counters &counters,
              EventQueue &events, std::function<void()> unanswered);

  /// One frame from the TAP; may be changed in place.
  void frame(const View &view, const VnetHeader &header, MutableBytes frame, Micros now);
  void end_batch();

  /// After a change: sends what waited for links that are up now.
  void flush_pending(const View &view, Micros now);
  /// What time brings: frames that waited too long, questions and announcements of multicast.
  void expire(const View &view, Micros now);
  std::optional<Micros> deadline() const;

 private:
  static constexpr size_t kTrains = 4;

  /// Answers a question for an address that we know; whether it did.
  bool answer(Bytes frame, Micros now);
  /// Multicast: takes what hosts report, and sends what is for some only. False when it is for all.
  bool group(const View &view, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now);
  /// Takes beacons of other nodes, and sends one when frames repeat; true when it was one.
  bool beacon(const View &view, Bytes frame, Micros now);
  void group_chores(const View &view, Micros now);
  /// To all members of the overlay.
  void flood(const View &view, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now);
  void flood_whole(const View &view, const FloodTable &floods, uint8_t flags, Bytes frame, Micros now);
  void to_each_peer(const View &view, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now);
  void wait(PeerId peer, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now);
  void note_sent(Peer &peer, Micros now);
  void to_peer(const PeerEntry &entry, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now,
               bool flood);
  void send(const PeerEntry &entry, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now);
  void send_whole(Train &train, const PeerEntry &entry, uint8_t flags, Bytes frame);
  /// False when the frame cannot be cut.
  bool send_segments(Train &train, const PeerEntry &entry, const VnetHeader &header, Bytes frame);

  std::shared_ptr<Overlay> overlay_;
  Counters &counters_;
  EventQueue &events_;
  std::function<void()> unanswered_;
  PendingFrames pending_;
  RepeatWatch repeats_;
  TrainSet trains_;
  std::vector<uint8_t> segment_;  // a UDP segment that must be fragmented
};

}  // namespace evio
