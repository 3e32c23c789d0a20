#include "merger.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace evio {
namespace {

/// A whole super-frame goes out at once when its flow holds at least this much; less waits for the end
/// of the batch, so that several small super-frames share one write.
constexpr size_t kEnoughBytes = 32 * 1024;
/// Segments of one written frame. The kernel takes 64 UDP datagrams (128 since Linux 6.9).
constexpr size_t kMostParts = 256;
constexpr size_t kMostUdpParts = 64;

/// Flags with which a TCP segment is never part of a super-frame.
constexpr uint8_t kAlone = kTcpSyn | kTcpRst | kTcpUrg;
/// Flags that end a super-frame.
constexpr uint8_t kEnds = kTcpFin | kTcpPsh;

bool equal(const uint8_t *a, const uint8_t *b, size_t from, size_t to) {
  return std::memcmp(a + from, b + from, to - from) == 0;
}

/// Whether two frames are of one flow: same MACs, VLANs, addresses, protocol and ports.
bool same_flow(const PacketHeaders &ha, const uint8_t *a, const PacketHeaders &hb, const uint8_t *b) {
  if (ha.network != hb.network || ha.ipv6 != hb.ipv6 || ha.tcp != hb.tcp) return false;
  const size_t addresses = ha.network + size_t{ha.ipv6 ? 8u : 12u};
  return equal(a, b, 0, ha.network) && equal(a, b, addresses, addresses + (ha.ipv6 ? 32 : 8)) &&
         std::memcmp(a + ha.transport, b + hb.transport, 4) == 0;
}

/// Whether the IP header of `b`, of the same flow, is what segment `distance` behind `a` has.
bool ip_continues(const PacketHeaders &h, const uint8_t *a, const uint8_t *b, size_t distance) {
  a += h.network;
  b += h.network;
  // Version, traffic class, flow label; next header and hop limit.
  if (h.ipv6) return equal(a, b, 0, 4) && equal(a, b, 6, 8);
  // Version, header length, type of service; flags, time to live, protocol; options.
  return equal(a, b, 0, 2) && equal(a, b, 6, 10) && equal(a, b, 20, size_t{h.transport} - h.network) &&
         read_u16(b + kIpv4Identification) == static_cast<uint16_t>(read_u16(a + kIpv4Identification) + distance);
}

/// The same for the TCP header, when `bytes` of payload lie between the beginnings of the two.
bool tcp_continues(const PacketHeaders &h, const uint8_t *a, const uint8_t *b, size_t bytes) {
  a += h.transport;
  b += h.transport;
  const unsigned flags_a = a[kTcpFlags] & ~unsigned{kEnds | kTcpCwr};
  const unsigned flags_b = b[kTcpFlags] & ~unsigned{kEnds};
  // Acknowledgement and header length; window; urgent pointer and options.
  return flags_a == flags_b && equal(a, b, 8, 13) && equal(a, b, 14, 16) &&
         equal(a, b, 18, size_t{h.payload} - h.transport) &&
         read_u32(b + kTcpSequence) == static_cast<uint32_t>(read_u32(a + kTcpSequence) + bytes);
}

}  // namespace

/// A segment that waits, in the receive buffer where it lies.
struct Merger::Held {
  uint8_t *frame;
  PacketHeaders headers;
  uint16_t payload_bytes;
  int32_t order;  // the sender's: super-frame number, counted from the flow's first, then index

  uint8_t tcp_flags() const { return headers.tcp ? frame[headers.transport + kTcpFlags] : 0; }
};

struct Merger::Flow {
  MergerPeer peer = 0;
  uint16_t first_number = 0;
  bool in_order = true;     // nothing is missing between those held, as far as the hints tell
  bool whole = false;       // the last one held ends its super-frame
  int32_t next_order = 0;   // the order of the one that should come next, unless `whole`
  size_t payload_bytes = 0;
  std::vector<Held> held;
};

Merger::Merger(FrameSink &sink) : sink_(sink), flows_(kMostFlows) { parts_.reserve(kMostParts); }
Merger::~Merger() = default;

bool Merger::segment(MergerPeer peer, const SegmentHint &hint, MutableBytes frame) {
  ++counters_.segments;
  const std::optional<PacketHeaders> headers = parse_headers(frame);
  if (!headers) {
    ++counters_.malformed;
    return false;
  }
  Flow *flow = find(peer, *headers, frame);
  if (flow == nullptr) {
    flow = &open();
    flow->peer = peer;
    flow->first_number = hint.number;
    flow->in_order = true;
    flow->whole = false;
    flow->next_order = hint.index;
    flow->payload_bytes = 0;
  }
  // Numbers wrap: what counts is how far behind the first one this is.
  const int32_t number = static_cast<int16_t>(hint.number - flow->first_number);
  const int32_t order = number * 256 + hint.index;
  const bool begins = flow->whole && hint.index == 0 && order > flow->next_order;
  if (order != flow->next_order && !begins) flow->in_order = false;
  flow->whole = hint.index + 1 == hint.count;
  flow->next_order = order + 1;

  const size_t payload_bytes = frame.size() - headers->payload;
  flow->payload_bytes += payload_bytes;
  flow->held.push_back({frame.data(), *headers, static_cast<uint16_t>(payload_bytes), order});
  const bool enough = flow->in_order && flow->whole && flow->payload_bytes >= kEnoughBytes;
  if (enough || flow->held.size() == kMostHeld) flush(*flow);
  return true;
}

bool Merger::frame(MergerPeer peer, MutableBytes frame, bool checksum_needed) {
  VnetHeader header;
  if (checksum_needed) {
    const std::optional<VnetHeader> restored = restore_checksum_needed(frame);
    if (!restored) {
      ++counters_.malformed;
      return false;
    }
    header = *restored;
  } else if (frame.size() < kEthernetHeaderBytes || frame.size() > kLargestFrameBytes) {
    ++counters_.malformed;
    return false;
  }
  if (open_ > 0) {
    const std::optional<PacketHeaders> headers = parse_headers(frame);
    Flow *flow = headers ? find(peer, *headers, frame) : nullptr;
    if (flow != nullptr) flush(*flow);
  }
  const iovec part{frame.data(), frame.size()};
  sink_.write(peer, header, {&part, 1});
  return true;
}

void Merger::end_of_batch() {
  while (open_ > 0) flush(flows_[open_ - 1]);
}

void Merger::forget(MergerPeer peer) {
  for (size_t i = open_; i-- > 0;) {
    if (flows_[i].peer == peer) close(flows_[i]);
  }
}

Merger::Flow *Merger::find(MergerPeer peer, const PacketHeaders &headers, Bytes frame) {
  for (size_t i = 0; i < open_; ++i) {
    Flow &flow = flows_[i];
    const Held &held = flow.held.front();
    if (flow.peer == peer && same_flow(held.headers, held.frame, headers, frame.data())) return &flow;
  }
  return nullptr;
}

Merger::Flow &Merger::open() {
  if (open_ == kMostFlows) flush(flows_[next_victim_++ % kMostFlows]);
  return flows_[open_++];
}

void Merger::close(Flow &flow) {
  flow.held.clear();
  --open_;
  std::swap(flow, flows_[open_]);
}

void Merger::flush(Flow &flow) {
  std::vector<Held> &held = flow.held;
  if (!flow.in_order) {
    std::sort(held.begin(), held.end(), [](const Held &a, const Held &b) { return a.order < b.order; });
  }
  for (std::span<const Held> rest = held; !rest.empty();) {
    const size_t length = run_length(rest);
    write_run(flow, rest.first(length));
    rest = rest.subspan(length);
  }
  close(flow);
}

size_t Merger::run_length(std::span<const Held> held) {
  const Held &first = held[0];
  const PacketHeaders &h = first.headers;
  if (first.payload_bytes == 0 || (first.tcp_flags() & kAlone) != 0) return 1;
  const size_t size = first.payload_bytes;
  const size_t headers_bytes = h.counted_network_bytes() + (h.payload - h.transport);
  const size_t most = std::min(h.tcp ? kMostParts : kMostUdpParts, (kLargestIpLength - headers_bytes) / size);

  size_t count = 1;
  for (; count < std::min(held.size(), most); ++count) {
    const Held &before = held[count - 1];
    const Held &next = held[count];
    if (before.payload_bytes != size || (before.tcp_flags() & kEnds) != 0) break;
    if (next.payload_bytes == 0 || next.payload_bytes > size) break;
    if (next.headers.transport != h.transport || next.headers.payload != h.payload) break;
    if (!ip_continues(h, first.frame, next.frame, count)) break;
    // UDP has no sequence number: only the hint tells that nothing is missing.
    const bool continues = h.tcp ? tcp_continues(h, first.frame, next.frame, count * size)
                                 : next.order == before.order + 1;
    if (!continues) break;
  }
  return count;
}

void Merger::write_run(const Flow &flow, std::span<const Held> run) {
  const Held &first = run.front();
  const Held &last = run.back();
  const PacketHeaders &h = first.headers;
  const size_t payload_bytes = first.payload_bytes * (run.size() - 1) + last.payload_bytes;
  const size_t transport_bytes = payload_bytes + (h.payload - h.transport);

  const MutableBytes head(first.frame, h.payload);
  write_lengths(h, head, transport_bytes);
  write_ipv4_checksum(h, head);
  write_u16(&head[h.transport + h.checksum_offset()], pseudo_header_sum(h, head, transport_bytes));
  VnetHeader header = checksum_needed_header(h);
  if (run.size() > 1) {
    header.gso_size = first.payload_bytes;
    header.gso_type = h.tcp ? (h.ipv6 ? kGsoTcp6 : kGsoTcp4) : kGsoUdp;
    if (h.tcp) {
      uint8_t &flags = head[h.transport + kTcpFlags];
      flags |= last.tcp_flags() & kEnds;
      if ((flags & kTcpCwr) != 0) header.gso_type |= kGsoEcn;
    }
    ++counters_.super_frames;
    counters_.merged += run.size();
  } else {
    ++counters_.alone;
  }

  parts_.clear();
  parts_.push_back({first.frame, size_t{h.payload} + first.payload_bytes});
  for (const Held &held : run.subspan(1)) parts_.push_back({held.frame + h.payload, held.payload_bytes});
  sink_.write(flow.peer, header, parts_);
}

}  // namespace evio
