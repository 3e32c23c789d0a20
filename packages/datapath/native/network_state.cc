#include "network_state.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace evio {
namespace {

/// Reads a kernel structure at the start of `bytes`, if it is all there.
template <typename T>
std::optional<T> read(Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// Where what follows `bytes` in a netlink message begins (NLMSG_ALIGN, RTA_ALIGN).
size_t aligned(size_t bytes) { return (bytes + 3) & ~size_t{3}; }

Bytes behind(Bytes bytes, size_t skip) { return bytes.subspan(std::min(bytes.size(), aligned(skip))); }

/// The payload of the first attribute of that type; empty when there is none.
Bytes attribute(Bytes attributes, int type) {
  while (const auto header = read<rtattr>(attributes)) {
    if (header->rta_len < sizeof(rtattr) || header->rta_len > attributes.size()) break;
    if ((header->rta_type & NLA_TYPE_MASK) == type) return attributes.first(header->rta_len).subspan(sizeof(rtattr));
    attributes = behind(attributes, header->rta_len);
  }
  return {};
}

std::string text(Bytes bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace

bool NetworkState::apply(Bytes messages) {
  bool changed = false;
  while (const auto header = read<nlmsghdr>(messages)) {
    if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > messages.size()) break;
    const Bytes body = messages.first(header->nlmsg_len).subspan(sizeof(nlmsghdr));
    switch (header->nlmsg_type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        changed |= apply_link(header->nlmsg_type == RTM_DELLINK, body);
        break;
      case RTM_NEWADDR:
      case RTM_DELADDR:
        changed |= apply_address(header->nlmsg_type == RTM_DELADDR, body);
        break;
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        changed |= apply_route(header->nlmsg_type == RTM_DELROUTE, (header->nlmsg_flags & NLM_F_REPLACE) != 0, body);
        break;
      default:
        break;
    }
    messages = behind(messages, header->nlmsg_len);
  }
  return changed;
}

void NetworkState::clear() {
  links_.clear();
  addresses_.clear();
  routes_.clear();
}

bool NetworkState::apply_link(bool gone, Bytes body) {
  const auto link = read<ifinfomsg>(body);
  // A bridge tells of its ports as links of family AF_BRIDGE.
  if (!link || link->ifi_family != AF_UNSPEC || ignored_.contains(link->ifi_index)) return false;
  const bool carries = !gone && (link->ifi_flags & IFF_UP) != 0 && (link->ifi_flags & IFF_LOWER_UP) != 0;
  // The kernel drops the IPv4 routes of a link that goes down without a notice.
  if (gone || (link->ifi_flags & IFF_UP) == 0) forget_routes(link->ifi_index);
  const auto known = links_.find(link->ifi_index);
  const bool carried = known != links_.end() && known->second;
  if (gone) {
    links_.erase(link->ifi_index);
  } else {
    links_[link->ifi_index] = carries;
  }
  return carries != carried && has_address(link->ifi_index);
}

bool NetworkState::apply_address(bool gone, Bytes body) {
  const auto address = read<ifaddrmsg>(body);
  const int index = address ? static_cast<int>(address->ifa_index) : 0;
  if (!address || ignored_.contains(index) || address->ifa_scope >= RT_SCOPE_HOST) return false;
  if (address->ifa_family == AF_INET6 && address->ifa_scope >= RT_SCOPE_LINK) return false;
  const Bytes attributes = behind(body, sizeof(ifaddrmsg));
  // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is ours where there is one.
  Bytes own = attribute(attributes, IFA_LOCAL);
  if (own.empty()) own = attribute(attributes, IFA_ADDRESS);
  const uint32_t flags = read<uint32_t>(attribute(attributes, IFA_FLAGS)).value_or(address->ifa_flags);
  const std::string kind{static_cast<char>(address->ifa_family), static_cast<char>(address->ifa_prefixlen)};
  const std::pair key(index, kind + text(own));
  // Not usable until duplicate address detection is through (RFC 4862 §5.4).
  if (gone || (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0) {
    if (addresses_.erase(key) == 0) return false;
    forget_routes(index);  // the kernel drops the routes that hung on it, some without a notice
    return true;
  }
  return addresses_.insert(key).second;
}

bool NetworkState::apply_route(bool gone, bool replaces, Bytes body) {
  const auto route = read<rtmsg>(body);
  if (!route || route->rtm_dst_len != 0 || route->rtm_type != RTN_UNICAST) return false;
  if (route->rtm_family != AF_INET && route->rtm_family != AF_INET6) return false;
  if ((route->rtm_flags & RTM_F_CLONED) != 0) return false;
  const Bytes attributes = behind(body, sizeof(rtmsg));
  const int index = read<int>(attribute(attributes, RTA_OIF)).value_or(0);
  if (ignored_.contains(index)) return false;

  Route entry{index, {static_cast<char>(route->rtm_family), static_cast<char>(route->rtm_tos)}, {}};
  entry.place += text(attribute(attributes, RTA_TABLE)) + '/' + text(attribute(attributes, RTA_PRIORITY));
  for (const int part : {RTA_GATEWAY, RTA_VIA, RTA_PREFSRC, RTA_MULTIPATH}) {
    entry.way += text(attribute(attributes, part)) + '/';
  }
  if (gone) return routes_.erase(entry) > 0;
  if (routes_.contains(entry)) return false;
  if (replaces) std::erase_if(routes_, [&](const Route &one) { return one.place == entry.place; });
  routes_.insert(std::move(entry));
  return true;
}

bool NetworkState::has_address(int interface_index) const {
  const auto first = addresses_.lower_bound({interface_index, {}});
  return first != addresses_.end() && first->first == interface_index;
}

void NetworkState::forget_routes(int interface_index) {
  std::erase_if(routes_, [&](const Route &one) { return one.interface_index == interface_index; });
}

}  // namespace evio
