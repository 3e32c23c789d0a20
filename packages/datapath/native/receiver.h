// Decides what a datagram from the network is, opens it, and hands frames to the TAP. No I/O and no
// clock of its own, so the tests and fuzzers run all of it. Belongs to the link thread.
//
//   1. datagram(bytes, arrival, now)   first byte (RFC 7983): STUN goes up, ChannelData is unwrapped,
//                                      handshakes go up, transport datagrams:
//   2.   session by receiver index, replay window, AEAD, replay window again (now marked)
//   3.   first of a responder's session: switch to it; a new address: roam
//   4.   each record: frame, segment, fragment → MAC table → merger → TAP; echo → reply; control → up;
//                    forward → on its way, or if it is for us, from step 1 again with what is in it
//   5. end_batch()                     after what one receive call gave
//
// Nothing in a datagram is believed before step 2, and what a peer says in step 4 is checked as if it
// came from a stranger. Each drop is counted by reason.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "counters.h"
#include "event_queue.h"
#include "flood_relay.h"
#include "forwarder.h"
#include "merger.h"
#include "reassembly.h"
#include "registry.h"
#include "train.h"
#include "wire.h"

namespace evio {

/// How a datagram came.
struct Arrival {
  Endpoint from;        // UDP source; none on a stream
  Endpoint local;       // our address it was sent to
  StreamId stream = 0;  // the stream, when it came on one
};

class Receiver final : private FrameSink {
 public:
  Receiver(Registry &registry, Forwarder &forwarder, Counters &counters, EventQueue &events);

  /// One datagram, or one message of a stream; opened in place.
  void datagram(MutableBytes bytes, const Arrival &arrival, Micros now);
  void end_batch();

  /// Seals and sends one record to a peer, from the link thread; counted when there is no session or
  /// path. With `datagram_bytes` it is padded to that size and may exceed the path MTU.
  void send_record(PeerId peer, wire::Kind kind, uint8_t flags, Bytes body, size_t datagram_bytes = 0);
  /// A message of TypeScript, in fragments when it does not fit; at most 32 KiB.
  void send_control(PeerId peer, Bytes message);
  /// Asks a peer for an echo that the datapath itself wants.
  void ask_echo(PeerId peer, Micros now);

  /// Sends again what a change of neighbours tore open; `before`: the flood table until now.
  void repair_floods(OverlayId overlay, const FloodTable &before, const std::set<NodeId> &lost, Micros now);

  bool reassembling() const { return !reassembly_.empty(); }
  void expire(Micros now);
  /// Drops what is held of a peer that is gone.
  void forget(PeerId peer);
  /// Takes the newest view, so that removed keys do not live on in an idle thread.
  void refresh() {
    view_.refresh();
    forwarder_.refresh();
  }

 private:
  void up(Bytes bytes, Path via, const Arrival &arrival);
  void channel(MutableBytes bytes, const Arrival &arrival, Micros now);
  void ours(MutableBytes bytes, const Path &via, const Arrival &arrival, Micros now);
  void transport(MutableBytes bytes, const Path &via, Micros now);
  void heard(const std::shared_ptr<Session> &session, const PeerEntry &entry, const Path &via, bool newest,
             size_t bytes, Micros now);
  void records(const PeerEntry &entry, const Path &via, MutableBytes payload, Micros now);
  void forward(const PeerEntry &entry, const Path &via, MutableBytes body, Micros now);
  /// A flood: to the TAP when it is the first of its number, and on to the neighbours in its part.
  void flood(const PeerEntry &from, MutableBytes body, Micros now);
  void reply_echo(const PeerEntry &entry, uint8_t flags, Bytes body);
  void frame(const PeerEntry &entry, MutableBytes frame, bool checksum_needed, Micros now);
  void segment(const PeerEntry &entry, MutableBytes body, Micros now);
  void fragment(const PeerEntry &entry, uint8_t flags, MutableBytes body, Micros now);
  void control(const PeerEntry &entry, Bytes body);
  const PeerEntry *linked(PeerId peer);
  bool enter(const PeerEntry &entry, Bytes frame, Micros now);
  /// Whether a group frame is wanted on this host; learns from `owner`'s announcements (group_table.h).
  bool wanted(Overlay &overlay, Owner owner, Bytes frame, Micros now);
  void echo_reply(const PeerEntry &entry, uint8_t flags, Bytes body, Micros now);
  void write(MergerPeer peer, const VnetHeader &header, std::span<const iovec> parts) override;
  void sum_merger_counters();

  Registry &registry_;
  ViewReader view_;
  Forwarder &forwarder_;
  Counters &counters_;
  EventQueue &events_;
  Train train_;
  FloodRelay flood_relay_;
  Merger merger_;
  MergerCounters merged_;  // those already added to counters_
  Reassembly reassembly_;
  /// What came to us in forward records of the datagram at hand; handled when that is done with, because
  /// each datagram may change the view.
  struct Inner {
    OverlayId overlay;
    NodeId source;
    MutableBytes datagram;
  };
  std::vector<Inner> inner_;
  /// Of the datagram before: mostly the next one's as well. One for hops and one for what is inside.
  std::array<std::shared_ptr<Session>, 2> last_;
};

}  // namespace evio
