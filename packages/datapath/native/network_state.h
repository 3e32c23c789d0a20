// The links, addresses and default routes of this host, as rtnetlink messages tell them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

struct nlmsghdr;

#include "bytes.h"

namespace evio {

class NetworkState {
 public:
  /// Applies a buffer of netlink messages; whether any changed the state.
  /// Not a change: neighbours, statistics, bridge ports, link-local IPv6 addresses, loopback, routes
  /// other than default ones, anything of an ignored interface.
  bool apply(Bytes messages);
  void ignore(std::set<int> interface_indexes) { ignored_ = std::move(interface_indexes); }
  /// Forgets all, before a new dump.
  void clear();

 private:
  bool apply_link(const nlmsghdr &message, Bytes body);
  bool apply_address(const nlmsghdr &message, Bytes body);
  bool apply_route(const nlmsghdr &message, Bytes body);

  std::set<int> ignored_;
  std::map<int, bool> links_;  // interface index → can carry traffic
  // Interface index and the identifying bytes of an address or a default route.
  std::set<std::pair<int, std::string>> addresses_;
  std::set<std::pair<int, std::string>> routes_;
};

}  // namespace evio
