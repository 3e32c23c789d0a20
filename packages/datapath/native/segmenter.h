// Cuts a GSO frame from our own TAP into segments that each are a complete Ethernet frame.
//
//   const auto plan = Segmenter::plan(vnet, frame, room);   // room: bytes a segment frame may have
//   for (size_t i = 0; i < plan->count(); ++i) {
//     write_segment_hint(plan->hint(i, number), at);
//     plan->write(i, {at + kSegmentHintBytes, plan->segment_bytes(i)});
//   }
//   number += plan->numbers();
//
// Allocates nothing. The plan points into `frame`, which must outlive it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bytes.h"
#include "packet_headers.h"
#include "segment_hint.h"
#include "vnet_header.h"

namespace evio {

class Segmenter {
 public:
  /// Plans the segments of a frame that classify_tap_frame() called a super-frame. A TCP segment has
  /// the payload that `vnet.gso_size` asks for, or as much as makes its frame fit in
  /// `largest_segment` bytes (headers and payload), whichever is less. UDP datagrams keep their
  /// borders, so `largest_segment` does not count for them (nor for TCP when it leaves less than
  /// 64 bytes of payload): the caller fragments what does not fit.
  ///
  /// Also takes a TCP frame that needs only its checksum but is longer than `largest_segment`: cut in
  /// segments it stands a loss better than in fragments.
  ///
  /// nullopt when the frame is none of these.
  static std::optional<Segmenter> plan(const VnetHeader &vnet, Bytes frame, size_t largest_segment);

  /// Segments in all; at least 1.
  size_t count() const { return count_; }
  /// Super-frame numbers that the hints take: one for each 255 segments.
  uint16_t numbers() const { return static_cast<uint16_t>((count_ + kMostSegments - 1) / kMostSegments); }
  /// Bytes of segment `index`: its headers and its payload. All but the last have the same.
  size_t segment_bytes(size_t index) const { return headers_.payload + payload_of(index).size(); }
  /// Bytes of the headers at the start of each segment.
  size_t header_bytes() const { return headers_.payload; }
  /// The hint of segment `index`, when the first super-frame has the number `first_number`.
  SegmentHint hint(size_t index, uint16_t first_number) const;

  /// Writes segment `index` to `out`, which must have at least segment_bytes(index) bytes (nothing is
  /// written and 0 returned when it has not). Returns the bytes written.
  size_t write(size_t index, MutableBytes out) const;
  /// Only the headers of segment `index`, for a caller that gathers; same rules as write().
  size_t write_headers(size_t index, MutableBytes out) const;
  /// The payload of segment `index`, inside the frame.
  Bytes payload_of(size_t index) const;

 private:
  Segmenter(Bytes frame, const PacketHeaders &headers, size_t size);

  Bytes frame_;
  PacketHeaders headers_;
  size_t size_;   // payload bytes of each segment but the last
  size_t count_;
  uint32_t sequence_ = 0;        // TCP sequence number of segment 0
  uint16_t identification_ = 0;  // IPv4 identification of segment 0
  // Headers of a middle segment: flags cleared, checksums 0, lengths set.
  std::array<uint8_t, kLargestHeaderBytes> template_;
};

}  // namespace evio
