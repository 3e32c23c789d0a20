// The hint before each segment of a super-frame: the first bytes of the body of a record of kind 2.
//
//   0  number  u16 BE  super-frame number: counted up by the sender for each super-frame to this peer
//   2  index   u8      position of this segment, 0 … count - 1
//   3  count   u8      segments in this super-frame, 1 … 255
//   4  frame           the segment: Ethernet, VLAN tags, IP, TCP or UDP headers and its payload
//
// In the segment all lengths, the sequence number (TCP) and the identification (IPv4: that of segment
// 0 plus index) are its own. All segments have equally much payload but the last, which may have less.
// FIN and PSH are only in segment count - 1, CWR only in segment 0. The IPv4 header checksum and the
// transport checksum are 0 when sent and ignored when received: the AEAD protects the bytes, and the
// receiver computes the first and leaves the second to its kernel.
//
// A GSO frame of more than 255 segments travels as several super-frames with successive numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "bytes.h"

namespace evio {

inline constexpr size_t kSegmentHintBytes = 4;
inline constexpr size_t kMostSegments = 255;

struct SegmentHint {
  uint16_t number;
  uint8_t index;
  uint8_t count;
};

/// Writes the hint; the caller has made sure that kSegmentHintBytes are there.
inline void write_segment_hint(const SegmentHint &hint, uint8_t *at) {
  write_u16(at, hint.number);
  at[2] = hint.index;
  at[3] = hint.count;
}

/// Reads the hint of a record body (hostile); nullopt when it is too short or contradicts itself.
inline std::optional<SegmentHint> read_segment_hint(Bytes body) {
  if (body.size() < kSegmentHintBytes) return std::nullopt;
  const SegmentHint hint{read_u16(&body[0]), body[2], body[3]};
  if (hint.count == 0 || hint.index >= hint.count) return std::nullopt;
  return hint;
}

}  // namespace evio
