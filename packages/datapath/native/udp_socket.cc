#include "udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace evio {
namespace {

/// Room for a few milliseconds at 10 Gb/s, so that a thread that is late loses nothing.
constexpr int kReceiveBuffer = 8 << 20;
/// What waits for the network device: 16 ms at 1 Gb/s. More would only be delay for all that comes behind.
constexpr int kSendBuffer = 2 << 20;
constexpr size_t kReceiveBytes = 65536;

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

template <typename T>
void append(msghdr &message, int level, int type, const T &value) {
  auto *header = reinterpret_cast<cmsghdr *>(static_cast<uint8_t *>(message.msg_control) +
                                             message.msg_controllen);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

SendResult result_of(int error, bool segmented) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return SendResult::blocked;
    case EMSGSIZE:
      return segmented ? SendResult::no_segmentation : SendResult::too_big;
    case EIO:  // the device cannot checksum, which UDP_SEGMENT needs
    case EINVAL:
    case EOPNOTSUPP:
      return segmented ? SendResult::no_segmentation : SendResult::failed;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ECONNREFUSED:
    case EADDRNOTAVAIL:
    case EPERM:  // a firewall of this host
    case EACCES:
      return SendResult::unreachable;
    default:
      return SendResult::failed;
  }
}

}  // namespace

std::unique_ptr<UdpSocket> UdpSocket::open(int family, uint16_t port, bool segments, std::string &error) {
  const auto fail = [&](const char *what) {
    error = std::string(what) + ": " + std::strerror(errno);
    return nullptr;
  };
  auto opened = std::make_unique<UdpSocket>();
  opened->family_ = family;
  opened->fd_ = FileDescriptor(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = opened->fd();
  if (fd < 0) return fail("cannot open a UDP socket");
  // Buffers above the host's limit need a capability; without it we take what we get.
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) set(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, kSendBuffer)) set(fd, SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  // Don't Fragment, and no belief in ICMP about the path MTU: RFC 8899 §4.6 finds it by probes.
  const bool ready =
      family == AF_INET
          ? set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
          : set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
                set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
                set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
  if (!ready) return fail("cannot prepare the UDP socket");
  if (segments) {
    set(fd, IPPROTO_UDP, UDP_GRO, 1);  // an older kernel just gives single datagrams
  } else {
    opened->give_up_segments();
  }

  Endpoint any;
  any.family = family == AF_INET ? 4 : 6;
  any.port = port;
  sockaddr_storage raw{};
  socklen_t length = any.to(raw);
  if (::bind(fd, reinterpret_cast<sockaddr *>(&raw), length) != 0) return fail("cannot bind the UDP port");
  length = sizeof raw;
  if (::getsockname(fd, reinterpret_cast<sockaddr *>(&raw), &length) != 0) return fail("getsockname");
  opened->port_ = Endpoint::from(raw).port;
  return opened;
}

SendResult UdpSocket::send(const Endpoint &to, const Endpoint &source, Bytes bytes,
                           size_t segment) const {
  sockaddr_storage address{};
  iovec part{const_cast<uint8_t *>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<uint8_t, 128> control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = to.to(address);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  if (source) {
    if (family_ == AF_INET) {
      in_pktinfo from{};
      std::memcpy(&from.ipi_spec_dst, source.address.data(), sizeof from.ipi_spec_dst);
      append(message, IPPROTO_IP, IP_PKTINFO, from);
    } else {
      in6_pktinfo from{};
      std::memcpy(&from.ipi6_addr, source.address.data(), sizeof from.ipi6_addr);
      from.ipi6_ifindex = source.scope;
      append(message, IPPROTO_IPV6, IPV6_PKTINFO, from);
    }
  }
  const bool segmented = segment != 0 && segment < bytes.size();
  if (segmented) append(message, IPPROTO_UDP, UDP_SEGMENT, static_cast<uint16_t>(segment));
  if (message.msg_controllen == 0) message.msg_control = nullptr;
  // An ICMP error of an earlier datagram may be reported once; the datagram itself is then not sent.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::sendmsg(fd(), &message, MSG_NOSIGNAL) >= 0) return SendResult::sent;
    if (errno != EINTR && errno != ECONNREFUSED) break;
  }
  return result_of(errno, segmented);
}

UdpReceiver::UdpReceiver() : buffers_(kBatch * kReceiveBytes) {}

std::span<const Received> UdpReceiver::receive(const UdpSocket &socket) {
  for (size_t i = 0; i < wanted_; ++i) {
    Slot &slot = slots_[i];
    slot.part = {&buffers_[i * kReceiveBytes], kReceiveBytes};
    messages_[i] = {};
    msghdr &message = messages_[i].msg_hdr;
    message.msg_name = &slot.from;
    message.msg_namelen = sizeof slot.from;
    message.msg_iov = &slot.part;
    message.msg_iovlen = 1;
    message.msg_control = slot.control.data();
    message.msg_controllen = slot.control.size();
  }
  const int count = ::recvmmsg(socket.fd(), messages_.data(), static_cast<unsigned>(wanted_), MSG_DONTWAIT, nullptr);
  if (count <= 0) return {};
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    msghdr &message = messages_[i].msg_hdr;
    Received &one = received_[i];
    one.bytes = {static_cast<uint8_t *>(slots_[i].part.iov_base), messages_[i].msg_len};
    one.segment = one.bytes.size();
    one.from = Endpoint::from(slots_[i].from);
    one.local = {};
    for (cmsghdr *c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        int size = 0;
        std::memcpy(&size, CMSG_DATA(c), sizeof size);
        if (size > 0) one.segment = static_cast<size_t>(size);
      } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        in_pktinfo to{};
        std::memcpy(&to, CMSG_DATA(c), sizeof to);
        one.local = Endpoint::v4(to.ipi_addr, 0);
      } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        in6_pktinfo to{};
        std::memcpy(&to, CMSG_DATA(c), sizeof to);
        one.local = Endpoint::v6(to.ipi6_addr, 0, to.ipi6_ifindex);
      }
    }
  }
  adapt(static_cast<size_t>(count));
  return {received_.data(), static_cast<size_t>(count)};
}

void UdpReceiver::adapt(size_t trains) {
  size_t bytes = 0;
  for (size_t i = 0; i < trains; ++i) bytes += received_[i].bytes.size();
  wanted_ = std::clamp(kBatchBytes / std::max<size_t>(bytes / trains, 1), size_t{1}, kBatch);
}

}  // namespace evio
