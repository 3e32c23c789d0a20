// The transport wire format: constants, header, records. docs/protocol.md has the byte tables; the
// tests keep the two in step.
//
//   datagram = header(16) ‖ ciphertext ‖ tag(16);  plaintext = record ‖ record ‖ …
//   record   = kind u8 ‖ flags u8 ‖ length u16 ‖ body(length)
#pragma once

#include <cstdint>
#include <optional>

#include "bytes.h"
#include "node_id.h"

namespace evio::wire {

// First byte of a datagram (RFC 7983 and below it, ours).
inline constexpr uint8_t kStunLast = 3;
inline constexpr uint8_t kChannelFirst = 0x40;
inline constexpr uint8_t kChannelLast = 0x4F;
inline constexpr uint8_t kOursFirst = 0xC0;
inline constexpr uint8_t kTransport = 0xC0;
inline constexpr uint8_t kInitiation = 0xC1;
inline constexpr uint8_t kResponse = 0xC2;

inline constexpr size_t kHeaderBytes = 16;
inline constexpr size_t kTagBytes = 16;
inline constexpr size_t kOverheadBytes = kHeaderBytes + kTagBytes;
inline constexpr size_t kRecordHeaderBytes = 4;
inline constexpr size_t kFragmentHeaderBytes = 8;
inline constexpr size_t kEchoBytes = 14;
inline constexpr size_t kForwardHeaderBytes = 40;
inline constexpr size_t kFloodHeaderBytes = 40;  // and a node id more for a hand-over
/// ChannelData header (RFC 8656 §12.4): channel u16, length u16.
inline constexpr size_t kChannelHeaderBytes = 4;

/// Largest UDP payload over IPv4; IPv6 allows 20 more, which we do not use.
inline constexpr size_t kMaxDatagramBytes = 65507;
/// UDP payload that fits IPv4's minimum of 576 with its 28 bytes of headers.
inline constexpr size_t kMinPathMtu = 548;
inline constexpr size_t kDefaultPathMtu = 1200;
/// What a forward record takes of a hop's datagram, ChannelData header included.
inline constexpr size_t kForwardOverheadBytes =
    kChannelHeaderBytes + kOverheadBytes + kRecordHeaderBytes + kForwardHeaderBytes;
/// On an overlay path: what fits hops of the default path MTU, and of the smallest.
inline constexpr size_t kDefaultOverlayPathMtu = 1100;
inline constexpr size_t kMinOverlayPathMtu = kMinPathMtu - kForwardOverheadBytes;
static_assert(kDefaultOverlayPathMtu + kForwardOverheadBytes <= kDefaultPathMtu);

/// Messages a key may seal (contract: 2^60, then new keys).
inline constexpr uint64_t kCounterLimit = uint64_t{1} << 60;

enum class Kind : uint8_t {
  padding = 0,
  frame = 1,
  segment = 2,
  fragment = 3,
  forward = 4,
  control = 5,
  echo_request = 6,
  echo_reply = 7,
  flood = 8,
};

/// frame, fragment of one: its TCP or UDP checksum is still to be computed.
inline constexpr uint8_t kFlagChecksumNeeded = 0x01;
/// fragment: of a control record, not of a frame.
inline constexpr uint8_t kFlagOfControl = 0x02;
/// echo: asked by the datapath itself, the reply is not reported to TypeScript.
inline constexpr uint8_t kFlagInternalEcho = 0x01;
/// forward: in its header, not the record's: no look-ahead for the rest of the way (route_table.h).
inline constexpr uint8_t kFlagPlain = 0x01;
/// flood: in its header: the frame's TCP or UDP checksum is still to be computed; it is a hand-over.
inline constexpr uint8_t kFlagFloodChecksumNeeded = 0x01;
inline constexpr uint8_t kFlagHandOver = 0x02;
/// fragment: of a flood record.
inline constexpr uint8_t kFlagOfFlood = 0x04;
/// What each sending thread cuts in fragments is numbered apart: by this bit.
inline constexpr uint32_t kLinkNumber = uint32_t{1} << 31;

struct Header {
  uint8_t flags = 0;
  uint32_t receiver = 0;
  uint64_t counter = 0;
};

/// `out` has room for kHeaderBytes.
inline void write_header(uint8_t *out, const Header &header) {
  out[0] = kTransport;
  out[1] = header.flags;
  out[2] = out[3] = 0;
  write_u32(out + 4, header.receiver);
  write_u64(out + 8, header.counter);
}

/// Reads the header of a datagram whose first byte is kTransport and that has at least kOverheadBytes.
/// Nothing when reserved bits are set: flags and reserved are 0 in this version.
inline std::optional<Header> read_header(const uint8_t *in) {
  if (in[1] != 0 || in[2] != 0 || in[3] != 0) return {};
  return Header{in[1], read_u32(in + 4), read_u64(in + 8)};
}

inline void write_record_header(uint8_t *out, Kind kind, uint8_t flags, size_t length) {
  out[0] = static_cast<uint8_t>(kind);
  out[1] = flags;
  write_u16(out + 2, static_cast<uint16_t>(length));
}

struct Record {
  Kind kind;
  uint8_t flags;
  MutableBytes body;
};

/// Walks the records of one opened payload.
class RecordReader {
 public:
  explicit RecordReader(MutableBytes payload) : rest_(payload) {}

  /// The next record; nothing at the end, at padding, or when the rest is malformed.
  std::optional<Record> next() {
    if (rest_.empty() || rest_[0] == static_cast<uint8_t>(Kind::padding)) return {};
    if (rest_.size() < kRecordHeaderBytes) return fail();
    const size_t length = read_u16(rest_.data() + 2);
    if (length > rest_.size() - kRecordHeaderBytes) return fail();
    const Record record{static_cast<Kind>(rest_[0]), rest_[1],
                        rest_.subspan(kRecordHeaderBytes, length)};
    rest_ = rest_.subspan(kRecordHeaderBytes + length);
    return record;
  }

  /// Whether the walk ended at something that is not a record.
  bool malformed() const { return malformed_; }

 private:
  std::optional<Record> fail() {
    malformed_ = true;
    rest_ = {};
    return {};
  }

  MutableBytes rest_;
  bool malformed_ = false;
};

struct FragmentHeader {
  uint32_t frame = 0;   // number of the frame, unique for a while per sender
  uint16_t offset = 0;  // of this piece in the frame record's body
  uint16_t total = 0;   // bytes of that body
};

inline void write_fragment_header(uint8_t *out, const FragmentHeader &header) {
  write_u32(out, header.frame);
  write_u16(out + 4, header.offset);
  write_u16(out + 6, header.total);
}

/// `body` has at least kFragmentHeaderBytes.
inline FragmentHeader read_fragment_header(Bytes body) {
  return {read_u32(body.data()), read_u16(body.data() + 4), read_u16(body.data() + 6)};
}

/// Before a datagram for another node of the overlay, which is sealed for that node.
struct ForwardHeader {
  NodeId destination = 0;
  NodeId source = 0;
  uint8_t hop_limit = 0;
  uint8_t flags = 0;
  uint32_t bound = 0;  // of progress: route_table.h
};

/// `out` has room for kForwardHeaderBytes.
inline void write_forward_header(uint8_t *out, const ForwardHeader &header) {
  write_node_id(out, header.destination);
  write_node_id(out + 16, header.source);
  out[32] = header.hop_limit;
  out[33] = header.flags;
  write_u16(out + 34, 0);
  write_u32(out + 36, header.bound);
}

/// `body` has at least kForwardHeaderBytes.
inline ForwardHeader read_forward_header(Bytes body) {
  const uint8_t *in = body.data();
  return {read_node_id(in), read_node_id(in + 16), in[32], in[33], read_u32(in + 36)};
}

/// Before a frame for all members of the overlay (flood_table.h).
struct FloodHeader {
  NodeId origin = 0;
  NodeId end = 0;  // of the part of the ring that the receiver is to reach
  uint32_t sequence = 0;
  uint8_t hops = 0;
  uint8_t flags = 0;
  std::optional<NodeId> begin{};  // of a hand-over
};

inline size_t flood_header_bytes(const FloodHeader &header) {
  return kFloodHeaderBytes + (header.begin ? kNodeIdBytes : 0);
}

/// `out` has room for flood_header_bytes().
inline void write_flood_header(uint8_t *out, const FloodHeader &header) {
  write_node_id(out, header.origin);
  write_node_id(out + 16, header.end);
  write_u32(out + 32, header.sequence);
  out[36] = header.hops;
  out[37] = static_cast<uint8_t>(header.begin ? header.flags | kFlagHandOver : header.flags & ~kFlagHandOver);
  write_u16(out + 38, 0);
  if (header.begin) write_node_id(out + kFloodHeaderBytes, *header.begin);
}

/// Nothing when the body is shorter than the header.
inline std::optional<FloodHeader> read_flood_header(Bytes body) {
  if (body.size() < kFloodHeaderBytes) return {};
  const uint8_t *in = body.data();
  FloodHeader header{read_node_id(in), read_node_id(in + 16), read_u32(in + 32), in[36], in[37], {}};
  if ((header.flags & kFlagHandOver) == 0) return header;
  if (body.size() < kFloodHeaderBytes + kNodeIdBytes) return {};
  header.begin = read_node_id(in + kFloodHeaderBytes);
  return header;
}

/// Body of echo request and reply; the reply is the request's body, unchanged.
struct Echo {
  uint32_t token = 0;
  uint64_t sent_micros = 0;  // the asker's monotonic clock; means nothing to the answerer
  uint16_t datagram_bytes = 0;
};

inline void write_echo(uint8_t *out, const Echo &echo) {
  write_u32(out, echo.token);
  write_u64(out + 4, echo.sent_micros);
  write_u16(out + 12, echo.datagram_bytes);
}

/// Nothing when the body has another length.
inline std::optional<Echo> read_echo(Bytes body) {
  if (body.size() != kEchoBytes) return {};
  return Echo{read_u32(body.data()), read_u64(body.data() + 4), read_u16(body.data() + 12)};
}

}  // namespace evio::wire
