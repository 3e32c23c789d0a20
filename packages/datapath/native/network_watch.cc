#include "network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace evio {
namespace {

/// A dump puts as many messages in one datagram as fit in this much (netlink(7)).
constexpr size_t kBufferBytes = 32 * 1024;

std::string failed(const char *what) { return std::string(what) + ": " + std::strerror(errno); }

struct Received {
  ssize_t bytes;     // negative: errno tells
  bool cut_off;      // longer than the buffer
  bool from_kernel;  // and not from another process
};

Received receive(int fd, MutableBytes buffer) {
  sockaddr_nl from{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t bytes = recvmsg(fd, &message, 0);
  return {bytes, (message.msg_flags & MSG_TRUNC) != 0, from.nl_pid == 0};
}

/// Whether a datagram of a dump ends it; an error in it becomes errno.
enum class Dump { more, done, failed };
Dump dump_state(Bytes datagram) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_type == NLMSG_DONE) return Dump::done;
    if (header.nlmsg_type == NLMSG_ERROR) {
      int error = -EPROTO;
      if (datagram.size() >= sizeof header + sizeof error) std::memcpy(&error, &datagram[sizeof header], sizeof error);
      errno = -error;
      return Dump::failed;
    }
    const size_t step = NLMSG_ALIGN(size_t{header.nlmsg_len});
    if (step < sizeof header || step > datagram.size()) break;
    datagram = datagram.subspan(step);
  }
  return Dump::more;
}

}  // namespace

std::unique_ptr<NetworkWatch> NetworkWatch::open(std::string &error) {
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) {
    error = failed("netlink socket");
    return nullptr;
  }
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(socket.get(), reinterpret_cast<const sockaddr *>(&groups), sizeof groups) != 0) {
    error = failed("netlink bind");
    return nullptr;
  }
  std::unique_ptr<NetworkWatch> watch(new NetworkWatch(std::move(socket)));
  if (!watch->read_state(error)) return nullptr;
  return watch;
}

bool NetworkWatch::drain() {
  std::array<uint8_t, kBufferBytes> buffer;
  bool changed = false;
  bool lost = false;
  for (;;) {
    const Received got = receive(fd(), buffer);
    if (got.bytes < 0) {
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) break;
      lost = true;
    } else if (got.from_kernel) {
      lost |= got.cut_off;
      changed |= state_.apply(Bytes(buffer).first(static_cast<size_t>(got.bytes)));
    }
  }
  if (lost) {
    // What cannot be read now comes as a change later.
    std::string ignored;
    state_.clear();
    read_state(ignored);
  }
  return changed || lost;
}

/// Asks for all links, addresses and routes on a socket of its own, so that notices stay apart.
bool NetworkWatch::read_state(std::string &error) {
  const FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const timeval patience{1, 0};
  if (!socket || setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    error = failed("netlink socket");
    return false;
  }
  std::array<uint8_t, kBufferBytes> buffer;
  // Addresses before links: a link counts when it has an address.
  for (const uint16_t type : {RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE}) {
    struct {
      nlmsghdr header;
      ifinfomsg body;  // the longest of the three bodies; zero means all
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    if (send(socket.get(), &request, sizeof request, 0) < 0) {
      error = failed("netlink dump");
      return false;
    }
    for (Dump state = Dump::more; state == Dump::more;) {
      const Received got = receive(socket.get(), buffer);
      const Bytes datagram = Bytes(buffer).first(got.bytes > 0 ? static_cast<size_t>(got.bytes) : 0);
      if (got.bytes >= 0 && got.from_kernel) state = dump_state(datagram);
      if (got.bytes < 0 || state == Dump::failed) {
        error = failed("netlink dump");
        return false;
      }
      if (got.from_kernel) state_.apply(datagram);
    }
  }
  return true;
}

}  // namespace evio
