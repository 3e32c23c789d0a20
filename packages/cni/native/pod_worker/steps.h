// What the agent asks the pod worker to do, over its standard input; src/network/pod-worker.ts is the other end.
//
//   request                                answer
//    0  4  bytes that follow, big-endian   one line: "ok", or the number of the step that failed
//    …     steps, each:                    (from 0), a space, and why
//    0  1  number of words
//    1  n  the words, each ended by a zero
//
//   veth HOST MAC MTU BRIDGE PEER MAC NETNS   HOST becomes a port of BRIDGE and is up; PEER is down, in NETNS
//   hairpin HOST                              its bridge may send back what came in by it
//   enter NETNS                               what follows happens there
//   set PATH VALUE                            of a kernel parameter, below /proc/sys/net
//   up DEV
//   await HOST                                until the bridge takes frames from it, for 200 ms at most
//   address CIDR DEV
//   route CIDR GATEWAY DEV                    GATEWAY is empty for what is on the link; replaces
//   announce DEV MAC                          tells neighbours its addresses; MAC is the one that it has
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evio::cni {

using Step = std::vector<std::string>;

/// A pod has a handful of addresses and routes.
inline constexpr std::size_t kMostStepBytes = 64 * 1024;

/// The steps of a request, without its length; nothing when the bytes are none.
std::optional<std::vector<Step>> read_steps(std::string_view bytes);

/// An IP address or a part of the network, in the byte order of packets.
struct Cidr {
  int family;  // AF_INET, AF_INET6
  unsigned char length;
  std::string address;  // 4 or 16 bytes
};

/// `text` with a prefix length, or without one for all of it.
std::optional<Cidr> read_cidr(std::string_view text);
/// Six bytes.
std::optional<std::string> read_mac_text(std::string_view text);

}  // namespace evio::cni
