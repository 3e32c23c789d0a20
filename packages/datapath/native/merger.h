// Puts segments together to super-frames again, on the receiving side. What comes in is authenticated
// but hostile; what goes out is never refused by the kernel's TAP.
//
// How a segment goes (one Merger per receiving thread, for all its peers):
//  1. segment() parses it and keeps a reference in the list of its flow (peer, addresses, ports).
//     Nothing is copied: the frame must stay where it is until end_of_batch().
//  2. When a super-frame is whole and the flow has enough, its list goes out at once; else it goes out
//     at end_of_batch(), or before a frame of the same flow, so that a flow keeps its order.
//  3. Going out, the list is put in the sender's order, and each stretch of segments that continue
//     each other (sequence number, identification, equal headers and sizes) becomes one super-frame
//     with a fresh virtio_net_hdr: whole super-frames, several small ones at once, or the runs that a
//     loss has left. A segment that cannot be merged (SYN, RST, URG, no payload …) goes out alone.
//
// Memory: references only, at most kMostFlows × kMostHeld of them, whatever the peers send.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bytes.h"
#include "packet_headers.h"
#include "segment_hint.h"
#include "vnet_header.h"

namespace evio {

/// Names a peer to the merger and to the sink; the merger only compares it.
using MergerPeer = uint32_t;

class FrameSink {
 public:
  /// Writes one frame to the TAP of this peer's overlay: writev of the header and `parts` (at most
  /// 256; the first begins with all the frame's headers). Must be done with them when it returns.
  virtual void write(MergerPeer peer, const VnetHeader &header, std::span<const iovec> parts) = 0;

 protected:
  ~FrameSink() = default;
};

struct MergerCounters {
  uint64_t segments = 0;      // segments taken in
  uint64_t super_frames = 0;  // super-frames written
  uint64_t merged = 0;        // segments in them
  uint64_t alone = 0;         // segments written alone
  uint64_t malformed = 0;     // segments and frames dropped: not what they claim to be
};

class Merger {
 public:
  explicit Merger(FrameSink &sink);
  ~Merger();
  Merger(const Merger &) = delete;
  Merger &operator=(const Merger &) = delete;

  /// One segment: the hint and the frame of a record of kind 2. Its headers may be changed in place;
  /// it must stay valid until end_of_batch(). False when it was dropped as malformed.
  bool segment(MergerPeer peer, const SegmentHint &hint, MutableBytes frame);
  /// One frame of kind 1, written before this returns, after what is held of its flow. With
  /// `checksum_needed` its checksum fields are written in place. False when dropped as malformed.
  bool frame(MergerPeer peer, MutableBytes frame, bool checksum_needed);
  /// After each batch of received datagrams: writes all that is held.
  void end_of_batch();
  /// Drops what is held of a peer that is gone.
  void forget(MergerPeer peer);

  const MergerCounters &counters() const { return counters_; }

  static constexpr size_t kMostFlows = 32;
  static constexpr size_t kMostHeld = 512;  // segments of one flow

 private:
  struct Held;
  struct Flow;

  Flow *find(MergerPeer peer, const PacketHeaders &headers, Bytes frame);
  Flow &open();
  void flush(Flow &flow);
  void close(Flow &flow);
  static size_t run_length(std::span<const Held> held);
  void write_run(const Flow &flow, std::span<const Held> run);

  FrameSink &sink_;
  MergerCounters counters_;
  std::vector<Flow> flows_;  // the first open_ are in use, in no order
  size_t open_ = 0;
  size_t next_victim_ = 0;  // which flow makes room for another, in turn
  std::vector<iovec> parts_;
};

}  // namespace evio
