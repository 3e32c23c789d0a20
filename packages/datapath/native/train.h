// Builds a train of datagrams to one peer: packs records into datagrams, seals each in place, and sends
// equal ones with one call. Belongs to one sending thread.
//
//   1. begin(entry)                     whom to, by which path, under which session
//   2. add(kind, flags, length) …       room for a record's body, in the open datagram or a new one
//   3. end_datagram()                   optional: the next record starts a new datagram
//   4. flush()                          seals the open datagram and sends what there is
//
// Nothing waits here for more to come: the owner flushes as soon as it has no frame at hand.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "counters.h"
#include "transmitter.h"
#include "view.h"

namespace evio {

class Train {
 public:
  /// UDP_SEGMENT's bound (UDP_MAX_SEGMENTS) in kernels before 6.9; later ones take more.
  static constexpr size_t kMaxSegments = 64;

  Train(Sender sender, Transmitter &transmitter, Counters &counters, EventQueue &events)
      : sender_(sender), transmitter_(transmitter), counters_(counters), events_(events),
        buffer_(wire::kMaxDatagramBytes) {}

  /// Starts a train. The entry must be linked; what it refers to is kept alive.
  void begin(const PeerEntry &entry);
  bool active() const { return peer_ != nullptr; }
  PeerId peer() const { return peer_->id; }

  /// Bytes that the body of a record may have to fit in one datagram, with the path MTU set.
  static size_t room(const PeerEntry &entry) {
    return entry.path_mtu - entry.path->prefix_bytes() - wire::kOverheadBytes - wire::kRecordHeaderBytes;
  }

  /// The place for a record's body of `length` bytes, at most room(). Opens a datagram when needed.
  uint8_t *add(wire::Kind kind, uint8_t flags, size_t length);
  /// A body that exceeds the path MTU, in fragment records.
  void add_fragments(uint8_t flags, Bytes whole, uint32_t number);
  /// Fills the open datagram up to `bytes` in all, prefix included, with padding.
  void pad_to(size_t bytes);
  /// Bytes that a further record's body may have in the open datagram; 0 when none is open.
  size_t room_left() const;
  /// Seals the open datagram, if there is one.
  void end_datagram();
  /// Seals and sends everything, and forgets the peer.
  void flush();

  /// For probes: the datagrams may be as large as this, whatever the path MTU.
  void set_limit(size_t bytes) { limit_ = bytes; }

 private:
  void send();
  bool open() const { return cursor_ != start_; }

  const Sender sender_;
  Transmitter &transmitter_;
  Counters &counters_;
  EventQueue &events_;
  std::vector<uint8_t> buffer_;

  std::shared_ptr<Peer> peer_;
  std::shared_ptr<Session> session_;
  Path path_;
  size_t prefix_ = 0;   // bytes of ChannelData header before each datagram
  size_t limit_ = 0;    // bytes a datagram may have, prefix included

  // The sealed datagrams not yet sent are [first_, start_); the open one is [start_, cursor_).
  size_t first_ = 0;
  size_t start_ = 0;
  size_t cursor_ = 0;
  size_t segment_ = 0;  // bytes of each sealed one but the last
  size_t count_ = 0;
  bool closed_ = false;  // the last sealed one is shorter: no more may follow it
};

}  // namespace evio
