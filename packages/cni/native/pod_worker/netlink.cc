#include "netlink.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace evio::cni {
namespace {

/// The kernel's sentence behind an error, among attributes (NETLINK_EXT_ACK).
std::string sentence_in(std::string_view attributes) {
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr attribute;
    std::memcpy(&attribute, attributes.data(), sizeof attribute);
    const std::size_t length = attribute.nla_len;
    if (length < sizeof attribute || length > attributes.size()) break;
    if (attribute.nla_type == NLMSGERR_ATTR_MSG) {
      const std::string_view text = attributes.substr(sizeof attribute, length - sizeof attribute);
      return std::string(text.substr(0, text.find('\0')));
    }
    attributes.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(length), attributes.size()));
  }
  return {};
}

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  header(head);
}

void NetlinkMessage::attribute(std::uint16_t type, std::string_view bytes) {
  const std::size_t at = begin(type);
  append(bytes);
  end(at);
}

void NetlinkMessage::text(std::uint16_t type, const std::string &value) {
  attribute(type, std::string_view(value.c_str(), value.size() + 1));
}

std::size_t NetlinkMessage::begin(std::uint16_t type) {
  const std::size_t at = bytes_.size();
  const nlattr head{0, type};
  append(std::string_view(reinterpret_cast<const char *>(&head), sizeof head));
  return at;
}

void NetlinkMessage::end(std::size_t at) {
  // The length is that of the content, the next attribute begins at a multiple of four.
  const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
  std::memcpy(&bytes_[at], &length, sizeof length);
  bytes_.resize(NLMSG_ALIGN(bytes_.size()), '\0');
}

std::string_view NetlinkMessage::finish(std::uint32_t sequence) {
  nlmsghdr head;
  std::memcpy(&head, bytes_.data(), sizeof head);
  head.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
  head.nlmsg_seq = sequence;
  std::memcpy(bytes_.data(), &head, sizeof head);
  return bytes_;
}

void NetlinkMessage::append(std::string_view bytes) { bytes_ += bytes; }

NetlinkSocket NetlinkSocket::open() {
  NetlinkSocket made;
  made.fd_ = FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!made) return made;
  const int on = 1;
  // Older kernels answer with less: nothing depends on it.
  ::setsockopt(made.fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(made.fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return made;
}

int NetlinkSocket::request(NetlinkMessage &message, std::string &why) {
  const std::uint32_t sequence = ++sequence_;
  const std::string_view bytes = message.finish(sequence);
  if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) return errno;
  std::array<char, 8192> answer;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    const std::string_view said(answer.data(), static_cast<std::size_t>(got));
    constexpr std::size_t kErrorBytes = sizeof(nlmsghdr) + sizeof(nlmsgerr);
    if (said.size() < kErrorBytes) return EPROTO;
    nlmsghdr head;
    nlmsgerr error;
    std::memcpy(&head, said.data(), sizeof head);
    std::memcpy(&error, said.data() + sizeof head, sizeof error);
    if (head.nlmsg_seq != sequence) continue;
    if (head.nlmsg_type != NLMSG_ERROR) return EPROTO;
    if ((head.nlmsg_flags & NLM_F_ACK_TLVS) != 0) why = sentence_in(said.substr(kErrorBytes));
    return -error.error;
  }
}

}  // namespace evio::cni
