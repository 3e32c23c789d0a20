#include "address_frames.h"

#include <algorithm>

#include "checksum.h"

namespace evio {
namespace {

constexpr size_t kNetwork = 14;
constexpr uint16_t kArp = 0x0806;
constexpr uint16_t kIpv6 = 0x86dd;

// ARP for Ethernet and IPv4, offsets in the frame.
constexpr size_t kArpBytes = 42;
constexpr size_t kArpOperation = 20;
constexpr size_t kArpSenderMac = 22;
constexpr size_t kArpSenderIp = 28;
constexpr size_t kArpTargetMac = 32;
constexpr size_t kArpTargetIp = 38;

// IPv6 and ICMPv6 of neighbour discovery, offsets in the frame.
constexpr size_t kPayloadLength = kNetwork + 4;
constexpr size_t kNextHeader = kNetwork + 6;
constexpr size_t kHopLimit6 = kNetwork + 7;
constexpr size_t kSource6 = kNetwork + 8;
constexpr size_t kDestination6 = kNetwork + 24;
constexpr size_t kIcmp = kNetwork + 40;
constexpr size_t kNdFlags = kIcmp + 4;
constexpr size_t kNdTarget = kIcmp + 8;
constexpr size_t kNdOptions = kIcmp + 24;
constexpr uint8_t kIcmp6 = 58;
constexpr uint8_t kSolicitation = 135;
constexpr uint8_t kAdvertisement = 136;
constexpr uint8_t kSourceMacOption = 1;
constexpr uint8_t kTargetMacOption = 2;
constexpr uint8_t kRouterFlag = 0x80;
constexpr uint8_t kSolicitedFlag = 0x40;

uint16_t ether_type(Bytes frame) { return frame.size() < kNetwork ? uint16_t{0} : read_u16(&frame[12]); }

bool is_arp(Bytes frame) {
  // Hardware Ethernet, protocol IPv4, lengths 6 and 4.
  return frame.size() >= kArpBytes && ether_type(frame) == kArp && read_u16(&frame[14]) == 1 &&
         read_u16(&frame[16]) == 0x0800 && frame[18] == 6 && frame[19] == 4;
}

/// The type of a neighbour solicitation or advertisement; 0 for everything else.
uint8_t nd_type(Bytes frame) {
  if (frame.size() < kNdOptions || ether_type(frame) != kIpv6 || frame[kNextHeader] != kIcmp6) return 0;
  const uint8_t type = frame[kIcmp];
  if (type != kSolicitation && type != kAdvertisement) return 0;
  // From a neighbour, not through a router (RFC 4861 §7.1).
  if (frame[kHopLimit6] != 255 || frame[kIcmp + 1] != 0) return 0;
  const size_t length = read_u16(&frame[kPayloadLength]);
  return length >= kNdOptions - kIcmp && length <= frame.size() - kIcmp ? type : uint8_t{0};
}

IpBits read_ip6(const uint8_t *p) { return static_cast<IpBits>(read_u64(p)) << 64 | read_u64(p + 8); }
bool is_multicast6(IpBits ip) { return ip >> 120 == 0xff; }
bool is_host4(uint32_t ip) { return ip >> 24 != 0 && ip >> 28 < 0xe; }

/// The MAC in an option of that type.
std::optional<MacBits> nd_option(Bytes frame, uint8_t type) {
  const size_t end = kIcmp + read_u16(&frame[kPayloadLength]);
  for (size_t at = kNdOptions; at + 8 <= end;) {
    const size_t length = size_t{frame[at + 1]} * 8;
    if (length == 0 || length > end - at) return {};
    if (frame[at] == type) return read_mac(&frame[at + 2]);
    at += length;
  }
  return {};
}

void write_mac(uint8_t *p, MacBits mac) {
  for (int i = 0; i < 6; ++i) p[i] = static_cast<uint8_t>(mac >> (40 - 8 * i));
}

}  // namespace

std::optional<AddressClaim> read_address_claim(Bytes frame) {
  if (frame.size() < kNetwork) return {};
  const MacBits source = read_mac(&frame[6]);
  if (source == 0 || is_group(source)) return {};
  // In all of them the frame must come from the MAC that it tells: else anybody could speak for others by
  // mistake.
  if (is_arp(frame)) {
    const uint32_t ip = read_u32(&frame[kArpSenderIp]);
    if (read_mac(&frame[kArpSenderMac]) != source || !is_host4(ip)) return {};
    return AddressClaim{ipv4_bits(ip), source, {}};
  }
  const uint8_t type = nd_type(frame);
  if (type == 0) return {};
  const bool advertisement = type == kAdvertisement;
  const IpBits ip = read_ip6(&frame[advertisement ? kNdTarget : kSource6]);
  if (ip == 0 || is_multicast6(ip)) return {};
  if (nd_option(frame, advertisement ? kTargetMacOption : kSourceMacOption) != source) return {};
  if (!advertisement) return AddressClaim{ip, source, {}};
  return AddressClaim{ip, source, (frame[kNdFlags] & kRouterFlag) != 0};
}

std::optional<AddressQuestion> read_address_question(Bytes frame) {
  if (frame.size() < kNetwork) return {};
  const MacBits asker = read_mac(&frame[6]);
  if (asker == 0 || is_group(asker) || !is_group(read_mac(&frame[0]))) return {};
  if (is_arp(frame)) {
    const uint32_t sender = read_u32(&frame[kArpSenderIp]);
    const uint32_t target = read_u32(&frame[kArpTargetIp]);
    const bool request = read_u16(&frame[kArpOperation]) == 1;
    if (!request || sender == 0 || sender == target || read_mac(&frame[kArpSenderMac]) != asker) return {};
    return AddressQuestion{ipv4_bits(target), asker};
  }
  if (nd_type(frame) != kSolicitation || read_ip6(&frame[kSource6]) == 0) return {};
  const IpBits target = read_ip6(&frame[kNdTarget]);
  if (is_multicast6(target)) return {};
  return AddressQuestion{target, asker};
}

std::vector<uint8_t> address_answer(Bytes question, const AddressTable::Answer &answer) {
  const bool arp = ether_type(question) == kArp;
  std::vector<uint8_t> frame(arp ? kArpBytes : kNdOptions + 8);
  std::copy_n(&question[6], 6, &frame[0]);
  write_mac(&frame[6], answer.mac);
  write_u16(&frame[12], arp ? kArp : kIpv6);
  if (arp) {
    std::copy_n(&question[kNetwork], kArpOperation - kNetwork, &frame[kNetwork]);
    write_u16(&frame[kArpOperation], 2);
    write_mac(&frame[kArpSenderMac], answer.mac);
    std::copy_n(&question[kArpTargetIp], 4, &frame[kArpSenderIp]);
    std::copy_n(&question[kArpSenderMac], 6, &frame[kArpTargetMac]);
    std::copy_n(&question[kArpSenderIp], 4, &frame[kArpTargetIp]);
    return frame;
  }
  frame[kNetwork] = 0x60;
  const size_t length = frame.size() - kIcmp;
  write_u16(&frame[kPayloadLength], static_cast<uint16_t>(length));
  frame[kNextHeader] = kIcmp6;
  frame[kHopLimit6] = 255;
  std::copy_n(&question[kNdTarget], 16, &frame[kSource6]);
  std::copy_n(&question[kSource6], 16, &frame[kDestination6]);
  frame[kIcmp] = kAdvertisement;
  // Without the override flag: what the asker has heard from the node itself counts more.
  frame[kNdFlags] = static_cast<uint8_t>(kSolicitedFlag | (answer.router ? kRouterFlag : 0));
  std::copy_n(&question[kNdTarget], 16, &frame[kNdTarget]);
  frame[kNdOptions] = kTargetMacOption;
  frame[kNdOptions + 1] = 1;
  write_mac(&frame[kNdOptions + 2], answer.mac);
  uint64_t sum = checksum_add(length + kIcmp6, Bytes(frame).subspan(kSource6, 32));
  sum = checksum_add(sum, Bytes(frame).subspan(kIcmp));
  write_u16(&frame[kIcmp + 2], static_cast<uint16_t>(~checksum_fold(sum)));
  return frame;
}

}  // namespace evio
