// What counts as a change of the network, told by messages made here.
// sources: ../network_state.cc
#include "../network_state.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <string>
#include <vector>

#include "check.h"

using namespace evio;

namespace {

using Message = std::vector<uint8_t>;

template <typename T>
void append(Message &message, const T &value) {
  const auto *bytes = reinterpret_cast<const uint8_t *>(&value);
  message.insert(message.end(), bytes, bytes + sizeof value);
}

template <typename Body>
Message begin(uint16_t type, uint16_t flags, const Body &body) {
  Message message;
  append(message, nlmsghdr{0, type, flags, 0, 0});
  append(message, body);
  return message;
}

Message &attribute(Message &message, uint16_t type, const void *value, size_t bytes) {
  append(message, rtattr{static_cast<unsigned short>(sizeof(rtattr) + bytes), type});
  const auto *from = static_cast<const uint8_t *>(value);
  message.insert(message.end(), from, from + bytes);
  message.resize((message.size() + 3) & ~size_t{3});
  return message;
}

Message &finish(Message &message) {
  const uint32_t length = static_cast<uint32_t>(message.size());
  std::memcpy(message.data(), &length, sizeof length);
  return message;
}

Message link(uint16_t type, int index, unsigned flags, unsigned char family = AF_UNSPEC) {
  Message message = begin(type, 0, ifinfomsg{family, 0, 1, index, flags, 0});
  return finish(message);
}
constexpr unsigned kUp = IFF_UP | IFF_LOWER_UP | IFF_RUNNING;

Message address(uint16_t type, unsigned index, const char *text, uint32_t flags = 0, unsigned char scope = RT_SCOPE_UNIVERSE) {
  uint8_t bytes[16];
  const bool v4 = inet_pton(AF_INET, text, bytes) == 1;
  if (!v4) CHECK(inet_pton(AF_INET6, text, bytes) == 1);
  Message message = begin(type, 0, ifaddrmsg{static_cast<uint8_t>(v4 ? AF_INET : AF_INET6), 24, 0, scope, index});
  attribute(message, IFA_FLAGS, &flags, sizeof flags);
  attribute(message, IFA_ADDRESS, bytes, v4 ? 4 : 16);
  return finish(message);
}

Message route(uint16_t type, int index, const char *gateway, uint16_t flags = 0, unsigned char prefix = 0, unsigned char kind = RTN_UNICAST) {
  uint8_t bytes[4];
  CHECK(inet_pton(AF_INET, gateway, bytes) == 1);
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_dst_len = prefix;
  body.rtm_type = kind;
  Message message = begin(type, flags, body);
  attribute(message, RTA_OIF, &index, sizeof index);
  attribute(message, RTA_GATEWAY, bytes, 4);
  return finish(message);
}

}  // namespace

TEST("an address that comes or goes is a change, the same again is not") {
  NetworkState state;
  for (const char *text : {"192.0.2.1", "2001:db8::1"}) {
    CHECK(state.apply(address(RTM_NEWADDR, 2, text)));
    CHECK(!state.apply(address(RTM_NEWADDR, 2, text)));
    CHECK(state.apply(address(RTM_NEWADDR, 3, text)));
    CHECK(state.apply(address(RTM_DELADDR, 2, text)));
    CHECK(!state.apply(address(RTM_DELADDR, 2, text)));
  }
}

TEST("addresses that no peer could reach are no change") {
  NetworkState state;
  CHECK(!state.apply(address(RTM_NEWADDR, 2, "fe80::1", 0, RT_SCOPE_LINK)));
  CHECK(!state.apply(address(RTM_NEWADDR, 1, "127.0.0.1", 0, RT_SCOPE_HOST)));
  CHECK(!state.apply(address(RTM_NEWADDR, 1, "::1", 0, RT_SCOPE_HOST)));
}

TEST("an IPv6 address counts when it is no longer tentative") {
  NetworkState state;
  CHECK(!state.apply(address(RTM_NEWADDR, 2, "2001:db8::1", IFA_F_TENTATIVE)));
  CHECK(state.apply(address(RTM_NEWADDR, 2, "2001:db8::1", IFA_F_PERMANENT)));
  CHECK(state.apply(address(RTM_NEWADDR, 2, "2001:db8::1", IFA_F_TENTATIVE | IFA_F_DADFAILED)));
}

TEST("a link with an address that goes down or up is a change; others are not") {
  NetworkState state;
  CHECK(!state.apply(link(RTM_NEWLINK, 2, kUp)));
  CHECK(state.apply(address(RTM_NEWADDR, 2, "192.0.2.1")));
  CHECK(!state.apply(link(RTM_NEWLINK, 2, kUp)));
  CHECK(!state.apply(link(RTM_NEWLINK, 2, kUp | IFF_PROMISC)));
  CHECK(state.apply(link(RTM_NEWLINK, 2, IFF_UP)));  // cable pulled
  CHECK(!state.apply(link(RTM_NEWLINK, 2, 0)));
  CHECK(state.apply(link(RTM_NEWLINK, 2, kUp)));
  CHECK(state.apply(link(RTM_DELLINK, 2, kUp)));
  CHECK(!state.apply(link(RTM_NEWLINK, 7, kUp)));  // a pod's veth
  CHECK(!state.apply(link(RTM_DELLINK, 7, kUp)));
  CHECK(!state.apply(link(RTM_NEWLINK, 2, kUp, AF_BRIDGE)));
}

TEST("only default routes count, and only when they differ") {
  NetworkState state;
  CHECK(state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254")));
  CHECK(!state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254")));
  CHECK(!state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254", 0, 24)));
  CHECK(!state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254", 0, 0, RTN_UNREACHABLE)));
  CHECK(state.apply(route(RTM_DELROUTE, 2, "192.0.2.254")));
  CHECK(!state.apply(route(RTM_DELROUTE, 2, "192.0.2.254")));
}

TEST("a default route that is replaced there and back is two changes") {
  NetworkState state;
  CHECK(state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254")));
  CHECK(state.apply(route(RTM_NEWROUTE, 2, "192.0.2.253", NLM_F_REPLACE)));
  CHECK(state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254", NLM_F_REPLACE)));
}

TEST("a default route that the kernel dropped silently counts when it comes again") {
  NetworkState state;
  state.apply(address(RTM_NEWADDR, 2, "192.0.2.1"));
  state.apply(link(RTM_NEWLINK, 2, kUp));
  CHECK(state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254")));
  state.apply(link(RTM_NEWLINK, 2, 0));
  state.apply(link(RTM_NEWLINK, 2, kUp));
  CHECK(state.apply(route(RTM_NEWROUTE, 2, "192.0.2.254")));
}

TEST("an ignored interface changes nothing") {
  NetworkState state;
  state.ignore({4});
  CHECK(!state.apply(address(RTM_NEWADDR, 4, "10.0.0.1")));
  CHECK(!state.apply(link(RTM_NEWLINK, 4, kUp)));
  CHECK(!state.apply(route(RTM_NEWROUTE, 4, "10.0.0.254")));
}

TEST("several messages in one buffer are all applied; a broken one ends it without harm") {
  NetworkState state;
  Message both = address(RTM_NEWADDR, 2, "192.0.2.1");
  const Message second = address(RTM_NEWADDR, 2, "192.0.2.2");
  both.insert(both.end(), second.begin(), second.end());
  CHECK(state.apply(both));
  CHECK(!state.apply(second));
  for (size_t bytes = 0; bytes < second.size(); ++bytes) CHECK(!state.apply(Bytes(second).first(bytes)));
  for (size_t at = 0; at < both.size(); ++at) {
    for (const uint8_t value : {0x00, 0x01, 0x7f, 0xff}) {
      Message broken = both;
      broken[at] = value;
      state.apply(broken);
    }
  }
}

RUN_ALL()
