#include "vnet_header.h"

#include "checksum.h"

namespace evio {
namespace {

/// Computes the checksum that `header` asks for and writes it into the frame. The field holds the
/// pseudo-header sum already, so that a plain sum over all of it is right for any protocol.
void complete_checksum(const VnetHeader &header, MutableBytes frame) {
  const uint16_t sum = checksum_fold(checksum_add(0, frame.subspan(header.csum_start)));
  // A UDP checksum of 0 would mean "none"; 0xffff is the same number (RFC 768).
  const uint16_t checksum = sum == 0xffff ? 0xffff : static_cast<uint16_t>(~sum);
  write_u16(&frame[size_t{header.csum_start} + header.csum_offset], checksum);
}

TapFrame classify_without_gso(const VnetHeader &header, MutableBytes frame) {
  if ((header.flags & kVnetNeedsChecksum) == 0) return TapFrame::plain;
  if (header.csum_start < kEthernetHeaderBytes ||
      size_t{header.csum_start} + header.csum_offset + 2 > frame.size()) {
    return TapFrame::invalid;
  }
  const std::optional<PacketHeaders> found = parse_headers(frame);
  if (found && found->transport == header.csum_start && found->checksum_offset() == header.csum_offset) {
    return TapFrame::checksum_needed;
  }
  complete_checksum(header, frame);
  return TapFrame::plain;
}

}  // namespace

std::optional<VnetHeader> read_vnet_header(Bytes bytes) {
  if (bytes.size() < kVnetHeaderBytes) return std::nullopt;
  VnetHeader header;
  std::memcpy(&header, bytes.data(), kVnetHeaderBytes);
  return header;
}

TapFrame classify_tap_frame(const VnetHeader &header, MutableBytes frame) {
  if (frame.size() < kEthernetHeaderBytes || frame.size() > kLargestFrameBytes) return TapFrame::invalid;
  if (header.gso_type == kGsoNone) return classify_without_gso(header, frame);
  if (header.gso_size == 0) return TapFrame::invalid;
  const std::optional<PacketHeaders> found = parse_headers(frame);
  if (!found || !gso_matches(header, *found)) return TapFrame::unsegmentable;
  return frame.size() - found->payload > header.gso_size ? TapFrame::super_frame : TapFrame::checksum_needed;
}

bool gso_matches(const VnetHeader &header, const PacketHeaders &headers) {
  const uint8_t type = static_cast<uint8_t>(header.gso_type & ~kGsoEcn);
  const uint8_t expected = headers.tcp ? (headers.ipv6 ? kGsoTcp6 : kGsoTcp4) : kGsoUdp;
  if (type != expected) return false;
  return (header.flags & kVnetNeedsChecksum) == 0 ||
         (header.csum_start == headers.transport && header.csum_offset == headers.checksum_offset());
}

VnetHeader checksum_needed_header(const PacketHeaders &headers) {
  return {.flags = kVnetNeedsChecksum,
          .gso_type = kGsoNone,
          .hdr_len = headers.payload,
          .gso_size = 0,
          .csum_start = headers.transport,
          .csum_offset = headers.checksum_offset()};
}

std::optional<VnetHeader> restore_checksum_needed(MutableBytes frame) {
  const std::optional<PacketHeaders> headers = parse_headers(frame);
  if (!headers) return std::nullopt;
  write_u16(&frame[headers->transport + headers->checksum_offset()],
            pseudo_header_sum(*headers, frame, frame.size() - headers->transport));
  write_ipv4_checksum(*headers, frame);
  return checksum_needed_header(*headers);
}

}  // namespace evio
