#include "segmenter.h"

#include <algorithm>
#include <cstring>

namespace evio {
namespace {

/// Below this many bytes of payload a segment, headers would be most of what travels: better fragment.
constexpr size_t kSmallestPayload = 64;
constexpr uint8_t kOnlyInLast = kTcpFin | kTcpPsh;
/// A packet with one of these is about its own sequence number, so it is not cut.
constexpr uint8_t kNeverCut = kTcpSyn | kTcpRst | kTcpUrg;

}  // namespace

std::optional<Segmenter> Segmenter::plan(const VnetHeader &vnet, Bytes frame, size_t largest_segment) {
  const std::optional<PacketHeaders> headers = parse_headers(frame);
  if (!headers) return std::nullopt;
  const size_t payload = frame.size() - headers->payload;
  const bool gso = vnet.gso_type != kGsoNone;
  if (payload == 0) return std::nullopt;
  if (gso) {
    if (vnet.gso_size == 0 || !gso_matches(vnet, *headers)) return std::nullopt;
  } else {
    const bool can_be_cut = headers->tcp && (frame[headers->transport + kTcpFlags] & kNeverCut) == 0;
    if ((vnet.flags & kVnetNeedsChecksum) == 0 || !can_be_cut) return std::nullopt;
  }
  size_t size = gso ? vnet.gso_size : payload;
  if (headers->tcp && largest_segment >= headers->payload + kSmallestPayload) {
    size = std::min(size, largest_segment - headers->payload);
  }
  return Segmenter(frame, *headers, std::min(size, payload));
}

Segmenter::Segmenter(Bytes frame, const PacketHeaders &headers, size_t size)
    : frame_(frame), headers_(headers), size_(size), count_((frame.size() - headers.payload + size - 1) / size) {
  uint8_t *at = template_.data();
  std::memcpy(at, frame.data(), headers.payload);
  write_lengths(headers, template_, headers.payload - headers.transport + size);
  write_u16(at + headers.transport + headers.checksum_offset(), 0);
  if (!headers.ipv6) {
    identification_ = read_u16(at + headers.network + kIpv4Identification);
    write_u16(at + headers.network + kIpv4Checksum, 0);
  }
  if (headers.tcp) {
    sequence_ = read_u32(at + headers.transport + kTcpSequence);
    at[headers.transport + kTcpFlags] &= static_cast<uint8_t>(~(kOnlyInLast | kTcpCwr));
  }
}

SegmentHint Segmenter::hint(size_t index, uint16_t first_number) const {
  const size_t group = index / kMostSegments;
  const size_t in_group = std::min(count_ - group * kMostSegments, kMostSegments);
  return {.number = static_cast<uint16_t>(first_number + group),
          .index = static_cast<uint8_t>(index % kMostSegments),
          .count = static_cast<uint8_t>(in_group)};
}

Bytes Segmenter::payload_of(size_t index) const {
  const Bytes payload = frame_.subspan(headers_.payload);
  const size_t start = index * size_;
  return payload.subspan(start, std::min(size_, payload.size() - start));
}

size_t Segmenter::write_headers(size_t index, MutableBytes out) const {
  const PacketHeaders &h = headers_;
  if (out.size() < h.payload) return 0;
  std::memcpy(out.data(), template_.data(), h.payload);
  const bool last = index + 1 == count_;
  if (last) write_lengths(h, out, h.payload - h.transport + payload_of(index).size());
  if (!h.ipv6) {
    write_u16(&out[h.network + kIpv4Identification], static_cast<uint16_t>(identification_ + index));
  }
  if (h.tcp) {
    write_u32(&out[h.transport + kTcpSequence], static_cast<uint32_t>(sequence_ + index * size_));
    const uint8_t original = frame_[h.transport + kTcpFlags];
    uint8_t &flags = out[h.transport + kTcpFlags];
    if (index == 0) flags |= original & kTcpCwr;
    if (last) flags |= original & kOnlyInLast;
  }
  return h.payload;
}

size_t Segmenter::write(size_t index, MutableBytes out) const {
  const Bytes payload = payload_of(index);
  if (out.size() < headers_.payload + payload.size()) return 0;
  write_headers(index, out);
  std::memcpy(&out[headers_.payload], payload.data(), payload.size());
  return headers_.payload + payload.size();
}

}  // namespace evio
