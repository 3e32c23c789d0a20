// IGMP (RFC 1112, 2236, 3376), MLD (RFC 2710, 3810) and PIM as a snooping switch sees them (RFC 4541): what a
// frame tells of listeners and routers, and the frames that a node makes itself. Frames are hostile;
// VLAN-tagged ones are nobody's business here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "address_table.h"
#include "bytes.h"

namespace evio {

struct GroupChange {
  IpBits group;
  bool joins;  // else: no longer wanted by who says so

  bool operator==(const GroupChange &) const = default;
};

struct GroupMessage {
  enum class Kind : uint8_t {
    report,       // of listeners, or their leaving
    query,        // by a router, or whoever stands in for one
    proxy_query,  // by a switch, from no address: it means those behind that switch
    router,       // PIM hello, multicast router advertisement (RFC 4286): a router is there
  } kind;
  std::vector<GroupChange> changes;  // of reports; only groups that prunable() may give
};

/// Nothing when it is none, or its checksum is wrong.
std::optional<GroupMessage> read_group_message(Bytes frame);

/// The group of an IP multicast frame that need not go to all. Not: what is no IP, tagged, for 224.0.0.0/24
/// (RFC 4541 §2.1.2), or for an IPv6 scope up to the link (ff02::/16: neighbour discovery lives there).
std::optional<IpBits> prunable_group(Bytes frame);

/// From whom the frames that a node makes come: not from the TAP's own address, which a bridge would take for
/// a loop.
struct GroupSpeaker {
  MacBits mac;
  IpBits link_local;

  /// Of a node whose TAP has this MAC.
  static GroupSpeaker of(MacBits tap);
};

/// Two general queries (IGMPv3 from 0.0.0.0 as RFC 4541 §2.1.1 says, MLDv2) and two multicast router
/// advertisements, by which a bridge learns that reports and groups are wanted on this port.
std::vector<std::vector<uint8_t>> group_queries(const GroupSpeaker &from, bool soon);

/// Reports that say all this, as few as need be.
std::vector<std::vector<uint8_t>> group_reports(const GroupSpeaker &from, const std::vector<GroupChange> &all);

}  // namespace evio
