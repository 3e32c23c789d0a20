// Where the headers of an Ethernet frame with plain TCP or UDP lie. This is the one parser that both
// sides use: what it refuses is never segmented, never merged, and never marked "checksum needed".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "bytes.h"

namespace evio {

inline constexpr size_t kEthernetHeaderBytes = 14;
inline constexpr size_t kVlanTagBytes = 4;
/// Largest IPv4 total length and IPv6 payload length (RFC 791 §3.1, RFC 8200 §3).
inline constexpr size_t kLargestIpLength = 65535;
/// Ethernet, two VLAN tags, IPv4 with options (IPv6 has 40), TCP with options.
inline constexpr size_t kLargestHeaderBytes = kEthernetHeaderBytes + 2 * kVlanTagBytes + 60 + 60;
/// Largest frame the datapath handles: Ethernet, two VLAN tags, a full IPv6 packet.
inline constexpr size_t kLargestFrameBytes = kEthernetHeaderBytes + 2 * kVlanTagBytes + 40 + kLargestIpLength;

/// Offsets are bytes from the start of the frame, so they count the Ethernet header and VLAN tags,
/// as `csum_start` does on a TAP.
struct PacketHeaders {
  uint16_t network;    // IPv4 or IPv6 header
  uint16_t transport;  // TCP or UDP header
  uint16_t payload;    // first byte after the transport header
  bool ipv6;
  bool tcp;  // else UDP

  /// Bytes that the IP length field counts in addition to transport header and payload: IPv4's own
  /// header, nothing for IPv6.
  size_t counted_network_bytes() const { return ipv6 ? 0 : size_t{transport} - network; }
  /// Where the transport checksum lies behind `transport` (RFC 9293 §3.1: 16; RFC 768: 6).
  uint16_t checksum_offset() const { return tcp ? 16 : 6; }
};

// TCP header (RFC 9293 §3.1): offsets and the flags of byte 13.
inline constexpr size_t kTcpSequence = 4;
inline constexpr size_t kTcpFlags = 13;
inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpUrg = 0x20;
inline constexpr uint8_t kTcpCwr = 0x80;
// IPv4 header (RFC 791 §3.1).
inline constexpr size_t kIpv4Identification = 4;
inline constexpr size_t kIpv4Checksum = 10;

/// Finds the headers of a frame that is exactly one unfragmented IPv4 or IPv6 packet with TCP or UDP
/// directly inside, behind at most two VLAN tags. Every length field must agree with the frame's
/// length to the byte. Anything else (IPv6 extension headers, fragments, padding) gives nullopt.
std::optional<PacketHeaders> parse_headers(Bytes frame);

/// Folded, not inverted sum of the pseudo-header with the addresses in the frame's headers: what the
/// kernel expects in the checksum field of a packet whose checksum is still to be computed.
/// `transport_bytes`: transport header and payload, all segments together for a super-frame.
uint16_t pseudo_header_sum(const PacketHeaders &headers, Bytes frame, size_t transport_bytes);

/// Sets the length fields of IP and UDP for that many transport bytes (header and payload).
void write_lengths(const PacketHeaders &headers, MutableBytes frame, size_t transport_bytes);

/// Recomputes the IPv4 header checksum in place (RFC 791 §3.1); does nothing for IPv6.
void write_ipv4_checksum(const PacketHeaders &headers, MutableBytes frame);

}  // namespace evio
