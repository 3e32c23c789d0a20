// Internet checksum (RFC 1071) and the pseudo-headers of TCP and UDP (RFC 9293 §3.1, RFC 768,
// RFC 8200 §8.1). Sums are of 16-bit words in network order, kept unfolded in 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "bytes.h"

namespace evio {

/// Adds `bytes` to a running sum. All pieces but the last must have an even length.
inline uint64_t checksum_add(uint64_t sum, Bytes bytes) {
  const uint8_t *at = bytes.data();
  size_t left = bytes.size();
  // Four bytes a step: 2^32 such steps fit into 64 bits, and the fold below is exact for any width,
  // because 2^16 is 1 modulo 2^16 - 1.
  for (; left >= 4; at += 4, left -= 4) sum += read_u32(at);
  if (left >= 2) {
    sum += read_u16(at);
    at += 2;
    left -= 2;
  }
  if (left == 1) sum += static_cast<uint64_t>(*at) << 8;
  return sum;
}

/// Folds a running sum to 16 bits; not inverted.
inline uint16_t checksum_fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace evio
