// The links, addresses and default routes of this host, as rtnetlink messages tell them (rtnetlink(7)).
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "bytes.h"

namespace evio {

class NetworkState {
 public:
  /// Applies a buffer of netlink messages; whether any changed the state.
  ///
  /// A change: an address that can be used came or went; a link with such an address can carry traffic
  /// now, or no longer; a default route came, went or was replaced. Not a change: neighbours, the same
  /// again (router advertisements), statistics, links without addresses (a pod's end of a bridge),
  /// bridge ports, addresses of host scope and IPv6 link-local ones, other routes, anything of an
  /// ignored interface.
  bool apply(Bytes messages);
  void ignore(std::set<int> interface_indexes) { ignored_ = std::move(interface_indexes); }
  /// Forgets all, before a new dump.
  void clear();

 private:
  struct Route {
    int interface_index;
    std::string place;  // family, table, priority: what a replacing route takes over
    std::string way;    // gateway, preferred source, multipath: where it leads
    auto operator<=>(const Route &) const = default;
  };

  bool apply_link(bool gone, Bytes body);
  bool apply_address(bool gone, Bytes body);
  bool apply_route(bool gone, bool replaces, Bytes body);
  bool has_address(int interface_index) const;
  void forget_routes(int interface_index);

  std::set<int> ignored_;
  std::map<int, bool> links_;  // interface index → can carry traffic
  std::set<std::pair<int, std::string>> addresses_;  // interface index, family ‖ prefix length ‖ address
  std::set<Route> routes_;
};

}  // namespace evio
