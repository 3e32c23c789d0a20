#include "carry_out.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "netlink.h"

namespace evio::cni {
namespace {

/// Empty when it was done.
using Why = std::string;

Why error_text(int error) { return error == 0 ? Why{} : Why{std::strerror(error)}; }

Why send(NetlinkSocket &kernel, NetlinkMessage &message) {
  Why sentence;
  const int error = kernel.request(message, sentence);
  return error == 0 || sentence.empty() ? error_text(error) : sentence;
}

/// 0: there is none.
int index_of(const std::string &device) { return static_cast<int>(::if_nametoindex(device.c_str())); }

ifinfomsg link_header(int index, unsigned flags) {
  ifinfomsg link{};
  link.ifi_index = index;
  link.ifi_flags = flags;
  link.ifi_change = flags;
  return link;
}

Why veth(NetlinkSocket &kernel, const Step &step) {
  const std::string &host = step[1], &bridge = step[4], &peer = step[5];
  const auto host_mac = read_mac_text(step[2]);
  const auto peer_mac = read_mac_text(step[6]);
  std::uint32_t mtu = 0;
  std::from_chars(step[3].data(), step[3].data() + step[3].size(), mtu);
  if (!host_mac || !peer_mac || mtu == 0) return "a MAC or the MTU is none";
  const int master = index_of(bridge);
  if (master == 0) return "there is no " + bridge;
  const FileDescriptor netns(::open(step[7].c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns) return step[7] + ": " + std::strerror(errno);

  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(link_header(0, IFF_UP));
  message.text(IFLA_IFNAME, host);
  message.attribute(IFLA_ADDRESS, *host_mac);
  message.number(IFLA_MTU, mtu);
  message.number(IFLA_MASTER, master);
  const std::size_t info = message.begin(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, "veth");
  const std::size_t content = message.begin(IFLA_INFO_DATA);
  const std::size_t other = message.begin(VETH_INFO_PEER);
  message.header(link_header(0, 0));
  message.text(IFLA_IFNAME, peer);
  message.attribute(IFLA_ADDRESS, *peer_mac);
  message.number(IFLA_MTU, mtu);
  message.number(IFLA_NET_NS_FD, netns.get());
  message.end(other);
  message.end(content);
  message.end(info);
  return send(kernel, message);
}

Why hairpin(NetlinkSocket &kernel, const Step &step) {
  NetlinkMessage message(RTM_NEWLINK, 0);
  message.header(link_header(index_of(step[1]), 0));
  const std::size_t info = message.begin(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_SLAVE_KIND, "bridge");
  const std::size_t port = message.begin(IFLA_INFO_SLAVE_DATA);
  message.number(IFLA_BRPORT_MODE, std::uint8_t{1});
  message.end(port);
  message.end(info);
  return send(kernel, message);
}

Why up(NetlinkSocket &kernel, const Step &step) {
  NetlinkMessage message(RTM_NEWLINK, 0);
  message.header(link_header(index_of(step[1]), IFF_UP));
  return send(kernel, message);
}

Why address(NetlinkSocket &kernel, const Step &step) {
  const auto cidr = read_cidr(step[1]);
  if (!cidr) return "no address";
  NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  ifaddrmsg head{};
  head.ifa_family = static_cast<unsigned char>(cidr->family);
  head.ifa_prefixlen = cidr->length;
  // It is known that nobody else has it.
  head.ifa_flags = cidr->family == AF_INET6 ? IFA_F_NODAD : 0;
  head.ifa_index = static_cast<unsigned>(index_of(step[2]));
  message.header(head);
  message.attribute(IFA_LOCAL, cidr->address);
  message.attribute(IFA_ADDRESS, cidr->address);
  return send(kernel, message);
}

Why route(NetlinkSocket &kernel, const Step &step) {
  const auto to = read_cidr(step[1]);
  const auto gateway = step[2].empty() ? std::nullopt : read_cidr(step[2]);
  if (!to || (!step[2].empty() && !gateway)) return "no route";
  NetlinkMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  rtmsg head{};
  head.rtm_family = static_cast<unsigned char>(to->family);
  head.rtm_dst_len = to->length;
  head.rtm_table = RT_TABLE_MAIN;
  head.rtm_protocol = RTPROT_BOOT;
  head.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  head.rtm_type = RTN_UNICAST;
  message.header(head);
  if (to->length > 0) message.attribute(RTA_DST, to->address);
  if (gateway) message.attribute(RTA_GATEWAY, gateway->address);
  message.number(RTA_OIF, index_of(step[3]));
  return send(kernel, message);
}

/// Setting the MAC that it has makes the kernel announce IPv4 addresses (arp_notify) and IPv6 ones (ndisc_notify).
Why announce(NetlinkSocket &kernel, const Step &step) {
  const auto mac = read_mac_text(step[2]);
  if (!mac) return "no MAC";
  NetlinkMessage message(RTM_NEWLINK, 0);
  message.header(link_header(index_of(step[1]), 0));
  message.attribute(IFLA_ADDRESS, *mac);
  return send(kernel, message);
}

Why set(NetlinkSocket &, const Step &step) {
  const std::string path = "/proc/sys/net/" + step[1];
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), step[2].data(), step[2].size()) < 0) return error_text(errno);
  return {};
}

struct Verb {
  std::string_view name;
  std::size_t words;
  Why (*carry_out)(NetlinkSocket &, const Step &);
};

constexpr std::array<Verb, 7> kVerbs{{
    {"veth", 8, veth},
    {"hairpin", 2, hairpin},
    {"set", 3, set},
    {"up", 2, up},
    {"address", 3, address},
    {"route", 4, route},
    {"announce", 3, announce},
}};

}  // namespace

Workplace::Workplace(FileDescriptor home)
    : home_(std::move(home)), home_socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

void Workplace::await_carrier(const std::string &host) const {
  constexpr useconds_t kPause = 250;
  for (int tries = 0; tries < 200'000 / int{kPause}; ++tries) {
    ifreq request{};
    host.copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(home_socket_.get(), SIOCGIFFLAGS, &request) != 0 || (request.ifr_flags & IFF_RUNNING) != 0) return;
    ::usleep(kPause);
  }
}

std::optional<Failure> Workplace::carry_out(std::span<const Step> steps) {
  NetlinkSocket kernel = NetlinkSocket::open();
  for (std::size_t at = 0; at < steps.size(); ++at) {
    const Step &step = steps[at];
    if (!kernel) return Failure{at, std::strerror(errno)};
    if (step[0] == "enter" && step.size() == 2) {
      const FileDescriptor netns(::open(step[1].c_str(), O_RDONLY | O_CLOEXEC));
      if (!netns || ::setns(netns.get(), CLONE_NEWNET) != 0) return Failure{at, std::strerror(errno)};
      away_ = true;
      kernel = NetlinkSocket::open();
      continue;
    }
    if (step[0] == "await" && step.size() == 2) {
      await_carrier(step[1]);
      continue;
    }
    Why why = "no such step";
    for (const Verb &verb : kVerbs)
      if (verb.name == step[0] && verb.words == step.size()) why = verb.carry_out(kernel, step);
    if (!why.empty()) return Failure{at, why};
  }
  return std::nullopt;
}

bool Workplace::return_home() {
  if (away_ && ::setns(home_.get(), CLONE_NEWNET) != 0) return false;
  away_ = false;
  return true;
}

}  // namespace evio::cni
