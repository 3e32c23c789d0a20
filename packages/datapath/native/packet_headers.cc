#include "packet_headers.h"

#include "checksum.h"

namespace evio {
namespace {

constexpr uint16_t kTypeIpv4 = 0x0800;
constexpr uint16_t kTypeIpv6 = 0x86dd;
constexpr uint16_t kTypeVlan = 0x8100;         // IEEE 802.1Q
constexpr uint16_t kTypeServiceVlan = 0x88a8;  // IEEE 802.1ad
constexpr uint8_t kProtocolTcp = 6;
constexpr uint8_t kProtocolUdp = 17;
constexpr size_t kIpv4HeaderBytes = 20;
constexpr size_t kIpv6HeaderBytes = 40;
constexpr size_t kTcpHeaderBytes = 20;
constexpr size_t kUdpHeaderBytes = 8;
constexpr uint16_t kIpv4MoreFragmentsOrOffset = 0x3fff;

bool is_vlan(uint16_t type) { return type == kTypeVlan || type == kTypeServiceVlan; }

/// Finds the transport header and its protocol behind the IPv4 header at `network`.
std::optional<uint8_t> parse_ipv4(Bytes frame, PacketHeaders &headers) {
  const size_t left = frame.size() - headers.network;
  if (left < kIpv4HeaderBytes) return std::nullopt;
  const uint8_t *ip = &frame[headers.network];
  const size_t header_bytes = size_t{4} * (ip[0] & 0x0f);
  if (ip[0] >> 4 != 4 || header_bytes < kIpv4HeaderBytes || header_bytes > left) return std::nullopt;
  if (read_u16(ip + 2) != left) return std::nullopt;
  if ((read_u16(ip + 6) & kIpv4MoreFragmentsOrOffset) != 0) return std::nullopt;
  headers.transport = static_cast<uint16_t>(headers.network + header_bytes);
  return ip[9];
}

/// The same for IPv6; only a transport header directly behind the fixed one is found.
std::optional<uint8_t> parse_ipv6(Bytes frame, PacketHeaders &headers) {
  const size_t left = frame.size() - headers.network;
  if (left < kIpv6HeaderBytes) return std::nullopt;
  const uint8_t *ip = &frame[headers.network];
  if (ip[0] >> 4 != 6 || read_u16(ip + 4) != left - kIpv6HeaderBytes) return std::nullopt;
  headers.transport = static_cast<uint16_t>(headers.network + kIpv6HeaderBytes);
  return ip[6];
}

}  // namespace

std::optional<PacketHeaders> parse_headers(Bytes frame) {
  if (frame.size() < kEthernetHeaderBytes) return std::nullopt;
  size_t network = kEthernetHeaderBytes;
  uint16_t type = read_u16(&frame[network - 2]);
  for (int tags = 0; tags < 2 && is_vlan(type); ++tags) {
    network += kVlanTagBytes;
    if (frame.size() < network) return std::nullopt;
    type = read_u16(&frame[network - 2]);
  }
  if (type != kTypeIpv4 && type != kTypeIpv6) return std::nullopt;

  PacketHeaders headers{};
  headers.network = static_cast<uint16_t>(network);
  headers.ipv6 = type == kTypeIpv6;
  const std::optional<uint8_t> protocol =
      headers.ipv6 ? parse_ipv6(frame, headers) : parse_ipv4(frame, headers);
  if (!protocol) return std::nullopt;

  const size_t left = frame.size() - headers.transport;
  size_t header_bytes = kUdpHeaderBytes;
  if (*protocol == kProtocolTcp) {
    if (left < kTcpHeaderBytes) return std::nullopt;
    header_bytes = size_t{4} * (frame[headers.transport + 12] >> 4);
    if (header_bytes < kTcpHeaderBytes || header_bytes > left) return std::nullopt;
    headers.tcp = true;
  } else if (*protocol == kProtocolUdp) {
    if (left < kUdpHeaderBytes || read_u16(&frame[headers.transport + 4]) != left) return std::nullopt;
  } else {
    return std::nullopt;
  }
  headers.payload = static_cast<uint16_t>(headers.transport + header_bytes);
  return headers;
}

uint16_t pseudo_header_sum(const PacketHeaders &headers, Bytes frame, size_t transport_bytes) {
  const Bytes addresses = headers.ipv6 ? frame.subspan(headers.network + 8, 32) : frame.subspan(headers.network + 12, 8);
  return checksum_fold(checksum_add(transport_bytes + (headers.tcp ? kProtocolTcp : kProtocolUdp), addresses));
}

void write_lengths(const PacketHeaders &headers, MutableBytes frame, size_t transport_bytes) {
  const size_t network_bytes = transport_bytes + headers.counted_network_bytes();
  write_u16(&frame[headers.network + (headers.ipv6 ? 4 : 2)], static_cast<uint16_t>(network_bytes));
  if (!headers.tcp) write_u16(&frame[headers.transport + 4], static_cast<uint16_t>(transport_bytes));
}

void write_ipv4_checksum(const PacketHeaders &headers, MutableBytes frame) {
  if (headers.ipv6) return;
  uint8_t *checksum = &frame[headers.network + kIpv4Checksum];
  write_u16(checksum, 0);
  const Bytes ip = frame.subspan(headers.network, headers.transport - headers.network);
  write_u16(checksum, static_cast<uint16_t>(~checksum_fold(checksum_add(0, ip))));
}

}  // namespace evio
