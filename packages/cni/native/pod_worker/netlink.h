// Just enough rtnetlink (rtnetlink(7)) to make a pod's interface.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "file_descriptor.h"

namespace evio::cni {

/// A request as it is put together: headers first, then attributes, which may hold others.
class NetlinkMessage {
 public:
  /// `flags`: besides NLM_F_REQUEST and NLM_F_ACK.
  NetlinkMessage(std::uint16_t type, std::uint16_t flags);

  /// A header in the middle: ifinfomsg, ifaddrmsg, rtmsg.
  template <typename Header>
  void header(const Header &value) {
    append(std::string_view(reinterpret_cast<const char *>(&value), sizeof value));
  }
  void attribute(std::uint16_t type, std::string_view bytes);
  /// With the zero at its end that the kernel expects.
  void text(std::uint16_t type, const std::string &value);
  template <typename Number>
  void number(std::uint16_t type, Number value) {
    attribute(type, std::string_view(reinterpret_cast<const char *>(&value), sizeof value));
  }
  /// What is added until `end` lies within the attribute. `begin` returns what `end` is given.
  std::size_t begin(std::uint16_t type);
  void end(std::size_t at);

  /// The finished message; it is valid as long as this is.
  std::string_view finish(std::uint32_t sequence);

 private:
  void append(std::string_view bytes);

  std::string bytes_;
};

/// A socket of the network namespace that the thread is in when it is opened.
class NetlinkSocket {
 public:
  /// Not open when the kernel refuses; errno says why.
  static NetlinkSocket open();

  explicit operator bool() const { return static_cast<bool>(fd_); }

  /// Sends it and waits for the kernel's word. 0, or an errno; then `why` is the kernel's sentence, if it has one.
  int request(NetlinkMessage &message, std::string &why);

 private:
  FileDescriptor fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace evio::cni
