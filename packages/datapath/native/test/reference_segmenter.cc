#include "reference_segmenter.h"

namespace evio::test {
namespace {

/// Offsets, found without the parser under test.
struct Layout {
  size_t ip = 14, l4 = 0, payload = 0;
  bool v6 = false, tcp = false;
};

Layout layout_of(Bytes frame) {
  Layout l;
  while (read_u16(&frame[l.ip - 2]) == 0x8100 || read_u16(&frame[l.ip - 2]) == 0x88a8) l.ip += 4;
  l.v6 = read_u16(&frame[l.ip - 2]) == 0x86dd;
  l.l4 = l.ip + (l.v6 ? 40 : (frame[l.ip] & 15) * 4u);
  l.tcp = frame[l.ip + (l.v6 ? 6 : 9)] == 6;
  l.payload = l.l4 + (l.tcp ? (frame[l.l4 + 12] >> 4) * 4u : 8);
  return l;
}

/// The bytes that the transport checksum is over: pseudo-header, header, payload.
Frame checksummed_bytes(Bytes frame, const Layout &l) {
  Frame bytes;
  const size_t addresses = l.ip + (l.v6 ? 8 : 12);
  bytes.insert(bytes.end(), frame.begin() + static_cast<long>(addresses),
               frame.begin() + static_cast<long>(addresses + (l.v6 ? 32 : 8)));
  const size_t length = frame.size() - l.l4;
  for (size_t part : {size_t{0}, size_t{l.tcp ? 6u : 17u}, length >> 8, length & 255}) {
    bytes.push_back(static_cast<uint8_t>(part));
  }
  bytes.insert(bytes.end(), frame.begin() + static_cast<long>(l.l4), frame.end());
  return bytes;
}

}  // namespace

uint16_t plain_checksum(Bytes bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i] << 8) : bytes[i];
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<uint16_t>(0xffff - sum);
}

bool checksums_hold(Bytes frame) {
  const Layout l = layout_of(frame);
  if (!l.v6 && plain_checksum(frame.subspan(l.ip, l.l4 - l.ip)) != 0) return false;
  return plain_checksum(checksummed_bytes(frame, l)) == 0;
}

std::vector<Frame> reference_segments(Bytes frame, size_t size) {
  const Layout l = layout_of(frame);
  const size_t payload = frame.size() - l.payload;
  std::vector<Frame> segments;
  for (size_t start = 0; start == 0 || start < payload; start += size) {
    const size_t here = std::min(size, payload - start);
    const bool first = start == 0;
    const bool last = start + here == payload;
    Frame s(frame.begin(), frame.begin() + static_cast<long>(l.payload));
    s.insert(s.end(), frame.begin() + static_cast<long>(l.payload + start),
             frame.begin() + static_cast<long>(l.payload + start + here));
    const size_t index = segments.size();
    if (l.v6) {
      write_u16(&s[l.ip + 4], static_cast<uint16_t>(s.size() - l.l4));
    } else {
      write_u16(&s[l.ip + 2], static_cast<uint16_t>(s.size() - l.ip));
      write_u16(&s[l.ip + 4], static_cast<uint16_t>(read_u16(&s[l.ip + 4]) + index));
      write_u16(&s[l.ip + 10], 0);
      write_u16(&s[l.ip + 10], plain_checksum(Bytes(s).subspan(l.ip, l.l4 - l.ip)));
    }
    if (l.tcp) {
      write_u32(&s[l.l4 + 4], static_cast<uint32_t>(read_u32(&s[l.l4 + 4]) + start));
      if (!last) s[l.l4 + 13] &= static_cast<uint8_t>(~0x09);   // FIN, PSH
      if (!first) s[l.l4 + 13] &= static_cast<uint8_t>(~0x80);  // CWR
    } else {
      write_u16(&s[l.l4 + 4], static_cast<uint16_t>(s.size() - l.l4));
    }
    const size_t field = l.l4 + (l.tcp ? 16 : 6);
    write_u16(&s[field], 0);
    const uint16_t checksum = plain_checksum(checksummed_bytes(s, l));
    write_u16(&s[field], checksum == 0 ? 0xffff : checksum);
    segments.push_back(std::move(s));
  }
  return segments;
}

std::string tap_objection(const VnetHeader &vnet, Bytes frame) {
  if (frame.size() < 14) return "shorter than an Ethernet header";
  if (frame.size() > 65535 + 40 + 22) return "longer than any packet";
  if (vnet.hdr_len > frame.size()) return "hdr_len behind the end";
  const uint8_t type = vnet.gso_type & 0x7f;
  if (vnet.flags == 0 && vnet.gso_type == 0) return {};
  if (vnet.flags != 1) return "unknown flags, or segmentation without NEEDS_CSUM";
  const size_t start = vnet.csum_start;
  if (start + vnet.csum_offset + 2 > frame.size()) return "checksum behind the end";
  const Layout l = layout_of(frame);
  if (start != l.l4) return "csum_start is not at the transport header";
  if (vnet.csum_offset != (l.tcp ? 16 : 6)) return "csum_offset is not the protocol's";
  if (vnet.hdr_len != l.payload) return "hdr_len is not the end of the headers";
  const size_t ip_bytes = frame.size() - l.ip;
  if (l.v6 ? read_u16(&frame[l.ip + 4]) + 40u != ip_bytes : read_u16(&frame[l.ip + 2]) != ip_bytes) {
    return "IP length is wrong";
  }
  if (!l.v6 && plain_checksum(frame.subspan(l.ip, l.l4 - l.ip)) != 0) return "IPv4 checksum is wrong";
  if (!l.tcp && read_u16(&frame[l.l4 + 4]) != frame.size() - l.l4) return "UDP length is wrong";
  // The checksum field holds the pseudo-header sum, not inverted.
  const Frame pseudo = checksummed_bytes(frame, l);
  const uint16_t sum = static_cast<uint16_t>(~plain_checksum(Bytes(pseudo).first(l.v6 ? 36 : 12)));
  if (read_u16(&frame[start + vnet.csum_offset]) != sum) return "checksum field is not the pseudo-header sum";
  if (type == 0) return vnet.gso_type == 0 ? "" : "ECN without segmentation";
  if (type != (l.tcp ? (l.v6 ? 4 : 1) : 5)) return "gso_type is not the packet's";
  if (vnet.gso_size == 0 || vnet.gso_size == 0xffff) return "gso_size";
  const size_t payload = frame.size() - l.payload;
  if (payload <= vnet.gso_size) return "a super-frame of one segment";
  if (!l.tcp && payload > size_t{64} * vnet.gso_size) return "more than 64 datagrams";
  const bool cwr = l.tcp && (frame[l.l4 + 13] & 0x80) != 0;
  if (cwr != ((vnet.gso_type & 0x80) != 0)) return "ECN bit is not CWR's";
  return {};
}

std::vector<Frame> kernel_segments(const VnetHeader &vnet, Bytes frame) {
  if (vnet.gso_type != 0) return reference_segments(frame, vnet.gso_size);
  if (vnet.flags == 1) return reference_segments(frame, 65535);
  return {Frame(frame.begin(), frame.end())};
}

}  // namespace evio::test
