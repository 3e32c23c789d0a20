#include "group_frames.h"

#include <algorithm>

#include "checksum.h"
#include "node_id.h"

namespace evio {
namespace {

constexpr size_t kNetwork = 14;
constexpr uint16_t kIpv4 = 0x0800;
constexpr uint16_t kIpv6 = 0x86dd;
constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kIgmp = 2;
constexpr uint8_t kIcmp6 = 58;
constexpr uint8_t kPim = 103;
constexpr uint8_t kPimHello = 0x20;  // version 2, type 0 (RFC 7761 §4.9)

// IGMP types (RFC 3376 §4, RFC 4286 §5) and ICMPv6 types (RFC 3810 §5).
constexpr uint8_t kIgmpQuery = 0x11;
constexpr uint8_t kIgmp1Report = 0x12;
constexpr uint8_t kIgmp2Report = 0x16;
constexpr uint8_t kIgmp2Leave = 0x17;
constexpr uint8_t kIgmp3Report = 0x22;
constexpr uint8_t kIgmpRouter = 0x30;
constexpr uint8_t kMldQuery = 130;
constexpr uint8_t kMld1Report = 131;
constexpr uint8_t kMld1Done = 132;
constexpr uint8_t kMld2Report = 143;
constexpr uint8_t kMldRouter = 151;

// Record types (RFC 3376 §4.2.12, RFC 3810 §5.2.12).
constexpr uint8_t kIsInclude = 1;
constexpr uint8_t kIsExclude = 2;
constexpr uint8_t kToInclude = 3;
constexpr uint8_t kToExclude = 4;
constexpr uint8_t kAllowNew = 5;

constexpr size_t kMaxChanges = 512;
constexpr IpBits kLinkScope = static_cast<IpBits>(0xff02000000000000) << 64;

bool prunable4(uint32_t group) { return group >> 28 == 0xe && group >> 8 != 0xe00000; }
bool prunable6(IpBits group) { return group >> 120 == 0xff && (group >> 112 & 0xf) > 2; }

/// An IPv4 or IPv6 packet: who sends it, to whom, and what is behind its headers.
struct Packet {
  bool ipv6;
  IpBits source;  // IPv4 as it is, not mapped
  IpBits destination;
  uint8_t protocol;
  Bytes body;
};

std::optional<Packet> read_packet(Bytes frame) {
  if (frame.size() < kNetwork + 20) return {};
  const uint8_t *ip = &frame[kNetwork];
  const size_t left = frame.size() - kNetwork;
  if (read_u16(&frame[12]) == kIpv4) {
    const size_t head = size_t{4} * (ip[0] & 0x0f);
    const size_t total = read_u16(ip + 2);
    // No fragments: there is nothing in them to be told.
    if (ip[0] >> 4 != 4 || head < 20 || total < head || total > left || (read_u16(ip + 6) & 0x3fff) != 0) return {};
    return Packet{false, read_u32(ip + 12), read_u32(ip + 16), ip[9], frame.subspan(kNetwork + head, total - head)};
  }
  if (read_u16(&frame[12]) != kIpv6 || left < 40 || ip[0] >> 4 != 6) return {};
  size_t length = read_u16(ip + 4);
  if (length > left - 40) return {};
  Packet packet{true, read_node_id(ip + 8), read_node_id(ip + 24), ip[6], frame.subspan(kNetwork + 40, length)};
  // The router alert option is all that MLD has before it (RFC 3810 §5).
  if (packet.protocol == kHopByHop) {
    if (packet.body.size() < 8) return {};
    const size_t options = size_t{8} * (packet.body[1] + size_t{1});
    if (options > packet.body.size()) return {};
    packet.protocol = packet.body[0];
    packet.body = packet.body.subspan(options);
  }
  return packet;
}

uint64_t pseudo_sum6(Bytes addresses, size_t length) { return checksum_add(length + kIcmp6, addresses); }

/// The group at `at`, if it may be pruned.
void note(GroupMessage &message, bool ipv6, const uint8_t *at, bool joins) {
  if (message.changes.size() >= kMaxChanges) return;
  if (ipv6) {
    const IpBits group = read_node_id(at);
    if (prunable6(group)) message.changes.push_back({group, joins});
  } else if (prunable4(read_u32(at))) {
    message.changes.push_back({ipv4_bits(read_u32(at)), joins});
  }
}

/// The records of an IGMPv3 or MLDv2 report, up to the first that is cut. Sources are not told apart: who wants
/// some of them wants the group.
void note_records(GroupMessage &message, bool ipv6, Bytes body) {
  const size_t address = ipv6 ? 16 : 4;
  size_t at = 8;
  for (size_t count = read_u16(&body[6]); count > 0; --count) {
    if (body.size() - at < 4 + address) return;
    const size_t sources = read_u16(&body[at + 2]);
    const size_t length = 4 + address + sources * address + size_t{4} * body[at + 1];
    if (length > body.size() - at) return;
    const uint8_t type = body[at];
    const bool include = type == kIsInclude || type == kToInclude;
    if (type == kIsExclude || type == kToExclude || type == kAllowNew || include) {
      note(message, ipv6, &body[at + 4], !include || sources > 0);
    }
    at += length;
  }
}

using Kind = GroupMessage::Kind;

std::optional<GroupMessage> read_igmp(const Packet &packet) {
  const Bytes body = packet.body;
  if (body.size() < 8 || checksum_fold(checksum_add(0, body)) != 0xffff) return {};
  switch (body[0]) {
    case kIgmpQuery:
      return GroupMessage{packet.source == 0 ? Kind::proxy_query : Kind::query, {}};
    case kIgmpRouter:
      return GroupMessage{Kind::router, {}};
    case kIgmp1Report:
    case kIgmp2Report:
    case kIgmp2Leave: {
      GroupMessage message{Kind::report, {}};
      note(message, false, &body[4], body[0] != kIgmp2Leave);
      return message;
    }
    case kIgmp3Report: {
      GroupMessage message{Kind::report, {}};
      note_records(message, false, body);
      return message;
    }
    default:
      return {};
  }
}

std::optional<GroupMessage> read_mld(const Packet &packet, Bytes frame) {
  const Bytes body = packet.body;
  if (body.size() < 8) return {};
  const uint8_t type = body[0];
  const bool first = type == kMldQuery || type == kMld1Report || type == kMld1Done;
  if (!first && type != kMld2Report && type != kMldRouter) return {};
  // From the link and not through a router (RFC 3810 §5); queries by nobody are no queries.
  if (frame[kNetwork + 7] != 1 || (first && body.size() < 24)) return {};
  const uint64_t sum = pseudo_sum6(frame.subspan(kNetwork + 8, 32), body.size());
  if (checksum_fold(checksum_add(sum, body)) != 0xffff) return {};
  if (type == kMldRouter) return GroupMessage{Kind::router, {}};
  if (type == kMldQuery) return GroupMessage{packet.source == 0 ? Kind::proxy_query : Kind::query, {}};
  GroupMessage message{Kind::report, {}};
  if (type == kMld2Report) {
    note_records(message, true, body);
  } else {
    note(message, true, &body[8], type == kMld1Report);
  }
  return message;
}

void write_mac(uint8_t *p, MacBits mac) {
  for (int i = 0; i < 6; ++i) p[i] = static_cast<uint8_t>(mac >> (40 - 8 * i));
}

/// An IGMP message with the headers it needs: router alert option (RFC 2113), TTL 1.
std::vector<uint8_t> igmp_frame(const GroupSpeaker &from, uint32_t to, const std::vector<uint8_t> &body) {
  constexpr size_t kHead = 24;
  std::vector<uint8_t> frame(kNetwork + kHead + body.size());
  write_mac(&frame[0], 0x01005e000000 | (to & 0x7fffff));
  write_mac(&frame[6], from.mac);
  write_u16(&frame[12], kIpv4);
  uint8_t *ip = &frame[kNetwork];
  ip[0] = 0x46;
  ip[1] = 0xc0;
  write_u16(ip + 2, static_cast<uint16_t>(kHead + body.size()));
  ip[8] = 1;
  ip[9] = kIgmp;
  write_u32(ip + 16, to);
  write_u32(ip + 20, 0x94040000);
  write_u16(ip + 10, static_cast<uint16_t>(~checksum_fold(checksum_add(0, {ip, kHead}))));
  std::copy(body.begin(), body.end(), &frame[kNetwork + kHead]);
  uint8_t *igmp = &frame[kNetwork + kHead];
  write_u16(igmp + 2, static_cast<uint16_t>(~checksum_fold(checksum_add(0, {igmp, body.size()}))));
  return frame;
}

/// The same for MLD: hop-by-hop options with router alert (RFC 2711), hop limit 1, from a link-local address.
std::vector<uint8_t> mld_frame(const GroupSpeaker &from, uint8_t to, const std::vector<uint8_t> &body) {
  constexpr size_t kHead = 48;
  std::vector<uint8_t> frame(kNetwork + kHead + body.size());
  write_mac(&frame[0], 0x333300000000 | to);
  write_mac(&frame[6], from.mac);
  write_u16(&frame[12], kIpv6);
  uint8_t *ip = &frame[kNetwork];
  ip[0] = 0x60;
  write_u16(ip + 4, static_cast<uint16_t>(8 + body.size()));
  ip[6] = kHopByHop;
  ip[7] = 1;
  write_node_id(ip + 8, from.link_local);
  write_node_id(ip + 24, kLinkScope | to);
  ip[40] = kIcmp6;
  write_u16(ip + 42, 0x0502);  // router alert, two bytes: 0 (MLD), then padding of none
  write_u16(ip + 46, 0x0100);
  std::copy(body.begin(), body.end(), &frame[kNetwork + kHead]);
  uint8_t *icmp = &frame[kNetwork + kHead];
  const uint64_t sum = pseudo_sum6(Bytes(frame).subspan(kNetwork + 8, 32), body.size());
  write_u16(icmp + 2, static_cast<uint16_t>(~checksum_fold(checksum_add(sum, {icmp, body.size()}))));
  return frame;
}

/// Reports of one family: 150 records of IGMPv3 and 60 of MLDv2 stay below any MTU.
template <typename Frame>
void add_reports(std::vector<std::vector<uint8_t>> &frames, const std::vector<GroupChange> &changes, bool ipv6,
                 Frame &&frame) {
  const size_t most = ipv6 ? 60 : 150;
  const size_t address = ipv6 ? 16 : 4;
  for (size_t at = 0; at < changes.size(); at += most) {
    const size_t count = std::min(most, changes.size() - at);
    std::vector<uint8_t> body(8 + count * (4 + address));
    body[0] = ipv6 ? kMld2Report : kIgmp3Report;
    write_u16(&body[6], static_cast<uint16_t>(count));
    for (size_t i = 0; i < count; ++i) {
      uint8_t *record = &body[8 + i * (4 + address)];
      const GroupChange &change = changes[at + i];
      record[0] = change.joins ? kIsExclude : kToInclude;
      if (ipv6) {
        write_node_id(record + 4, change.group);
      } else {
        write_u32(record + 4, static_cast<uint32_t>(change.group));
      }
    }
    frames.push_back(frame(body));
  }
}

}  // namespace

std::optional<GroupMessage> read_group_message(Bytes frame) {
  if (frame.size() < kNetwork || !is_group(read_mac(&frame[0]))) return {};
  const std::optional<Packet> packet = read_packet(frame);
  if (!packet) return {};
  if (packet->protocol == kPim && !packet->body.empty() && packet->body[0] == kPimHello) {
    return GroupMessage{Kind::router, {}};
  }
  if (!packet->ipv6 && packet->protocol == kIgmp) return read_igmp(*packet);
  if (packet->ipv6 && packet->protocol == kIcmp6) return read_mld(*packet, frame);
  return {};
}

std::optional<IpBits> prunable_group(Bytes frame) {
  if (frame.size() < kNetwork + 20) return {};
  const MacBits to = read_mac(&frame[0]);
  if (to >> 23 == 0x01005e000000 >> 23) {
    if (read_u16(&frame[12]) != kIpv4 || frame[kNetwork] >> 4 != 4) return {};
    const uint32_t group = read_u32(&frame[kNetwork + 16]);
    if (!prunable4(group)) return {};
    return ipv4_bits(group);
  }
  if (to >> 32 != 0x3333 || read_u16(&frame[12]) != kIpv6 || frame.size() < kNetwork + 40) return {};
  const IpBits group = read_node_id(&frame[kNetwork + 24]);
  if (frame[kNetwork] >> 4 != 6 || !prunable6(group)) return {};
  return group;
}

GroupSpeaker GroupSpeaker::of(MacBits tap) {
  // The TAP's own with other upper bytes: locally administered, no group.
  const MacBits mac = (tap & 0xffffffff) | MacBits{0x0a65} << 32;
  // Modified EUI-64 (RFC 4291 appendix A).
  const uint64_t host = (mac >> 24 ^ 0x020000) << 40 | uint64_t{0xfffe} << 24 | (mac & 0xffffff);
  return {mac, static_cast<IpBits>(0xfe80000000000000) << 64 | host};
}

std::vector<std::vector<uint8_t>> group_queries(const GroupSpeaker &from, bool soon) {
  // Answers within 10 s (RFC 3376 §8.3), or within one. Robustness 2, interval 125 s.
  std::vector<uint8_t> igmp(12);
  igmp[0] = kIgmpQuery;
  igmp[1] = soon ? 10 : 100;
  igmp[8] = 2;
  igmp[9] = 125;
  std::vector<uint8_t> mld(28);
  mld[0] = kMldQuery;
  write_u16(&mld[4], soon ? 1000 : 10'000);
  mld[24] = 2;
  mld[25] = 125;
  std::vector<uint8_t> router{kIgmpRouter, 20, 0, 0, 0, 125, 0, 2};
  std::vector<uint8_t> router6 = router;
  router6[0] = kMldRouter;
  return {igmp_frame(from, 0xe0000001, igmp), mld_frame(from, 0x01, mld), igmp_frame(from, 0xe000006a, router),
          mld_frame(from, 0x6a, router6)};
}

std::vector<std::vector<uint8_t>> group_reports(const GroupSpeaker &from, const std::vector<GroupChange> &all) {
  std::vector<GroupChange> four = all;
  std::vector<GroupChange> six = all;
  const auto mapped = [](const GroupChange &one) { return one.group >> 32 == 0xffff; };
  std::erase_if(four, [&](const GroupChange &one) { return !mapped(one); });
  std::erase_if(six, mapped);
  std::vector<std::vector<uint8_t>> frames;
  add_reports(frames, four, false, [&](const auto &body) { return igmp_frame(from, 0xe0000016, body); });
  add_reports(frames, six, true, [&](const auto &body) { return mld_frame(from, 0x16, body); });
  return frames;
}

}  // namespace evio
