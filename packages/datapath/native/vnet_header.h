// The virtio_net_hdr that a TAP opened with IFF_VNET_HDR puts before each frame (virtio 1.2 §5.1.6).
// Ten bytes, fields in the host's byte order unless TUNSETVNETLE/BE says otherwise:
//
//   0  flags       u8    1 = NEEDS_CSUM: the transport checksum is still to be computed
//   1  gso_type    u8    0 none, 1 TCPv4, 4 TCPv6, 5 UDP_L4 (Linux 6.2), 0x80 added: ECN
//   2  hdr_len     u16   bytes of all headers (a hint)
//   4  gso_size    u16   payload bytes of each segment
//   6  csum_start  u16   where to start summing; on a TAP it counts the Ethernet header
//   8  csum_offset u16   where the sum goes, behind csum_start
//
// It never travels: the receiving node builds a fresh one from the packet itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "bytes.h"
#include "packet_headers.h"

namespace evio {

inline constexpr size_t kVnetHeaderBytes = 10;
inline constexpr uint8_t kVnetNeedsChecksum = 1;

// Kept here rather than from <linux/virtio_net.h>: Debian 12's headers lack UDP_L4.
inline constexpr uint8_t kGsoNone = 0;
inline constexpr uint8_t kGsoTcp4 = 1;
inline constexpr uint8_t kGsoTcp6 = 4;
inline constexpr uint8_t kGsoUdp = 5;
inline constexpr uint8_t kGsoEcn = 0x80;

struct VnetHeader {
  uint8_t flags = 0;
  uint8_t gso_type = kGsoNone;
  uint16_t hdr_len = 0;
  uint16_t gso_size = 0;
  uint16_t csum_start = 0;
  uint16_t csum_offset = 0;
};
static_assert(sizeof(VnetHeader) == kVnetHeaderBytes, "written to and read from the TAP as it is");

/// What a frame read from our own TAP is, and so how it travels.
enum class TapFrame {
  plain,            // complete: record kind 1
  checksum_needed,  // one TCP or UDP packet without checksum: record kind 1 with the flag
  super_frame,      // Segmenter::plan() will take it: records of kind 2
  unsegmentable,    // GSO, but not plain TCP or UDP: to be counted and dropped
  invalid,          // the header contradicts the frame: to be counted and dropped
};

/// Reads the header before a frame; nullopt when `bytes` is shorter than the header.
std::optional<VnetHeader> read_vnet_header(Bytes bytes);

/// Tells what the frame behind `header` is. A checksum that the kernel left to us, but that the peer
/// could not find by parse_headers(), is computed and written into `frame` here, which then is plain.
TapFrame classify_tap_frame(const VnetHeader &header, MutableBytes frame);

/// Whether a header that asks for segmentation fits what the frame really is.
bool gso_matches(const VnetHeader &header, const PacketHeaders &headers);

/// The header of a frame whose transport checksum is still to be computed.
VnetHeader checksum_needed_header(const PacketHeaders &headers);

/// Receiving side: builds the header for one frame whose sender said "checksum needed", and writes
/// the pseudo-header sum (and the IPv4 header checksum) into the frame. The frame is hostile: nullopt
/// when it is not exactly one TCP or UDP packet; then it must be dropped.
std::optional<VnetHeader> restore_checksum_needed(MutableBytes frame);

}  // namespace evio
