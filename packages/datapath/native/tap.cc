#include "tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace evio {
namespace {

// Linux 6.2; Debian 12's headers lack them.
constexpr unsigned kOffloadUso4 = 0x20;
constexpr unsigned kOffloadUso6 = 0x40;

constexpr size_t kMaxParts = 256;

std::string reason(const std::string &what) { return what + ": " + std::strerror(errno); }

ifreq request_for(const std::string &name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

}  // namespace

std::optional<Tap> Tap::open(const Options &options, std::string &error) {
  const auto fail = [&](const std::string &what) {
    error = reason(what);
    return std::optional<Tap>{};
  };
  if (options.name.empty() || options.name.size() >= IFNAMSIZ) {
    error = "a device name has 1 to 15 characters, got \"" + options.name + "\"";
    return {};
  }
  Tap tap;
  tap.fd_ = FileDescriptor(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap.fd_) return fail("cannot open /dev/net/tun");
  ifreq request = request_for(options.name);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
  if (::ioctl(tap.fd(), TUNSETIFF, &request) != 0) {
    return fail("cannot open the TAP device " + options.name);
  }
  tap.name_ = request.ifr_name;
  if (::ioctl(tap.fd(), TUNSETPERSIST, 1) != 0) return fail("cannot make " + tap.name_ + " persistent");

  tap.super_frames_ = options.super_frames;
  const unsigned offloads = options.super_frames ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 : 0;
  tap.udp_segments_ = options.super_frames &&
                      ::ioctl(tap.fd(), TUNSETOFFLOAD, offloads | kOffloadUso4 | kOffloadUso6) == 0;
  if (!tap.udp_segments_ && ::ioctl(tap.fd(), TUNSETOFFLOAD, offloads) != 0) {
    return fail("cannot set the offloads of " + tap.name_);
  }

  const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return fail("cannot open a control socket");
  request = request_for(tap.name_);
  request.ifr_mtu = static_cast<int>(options.mtu);
  if (::ioctl(control.get(), SIOCSIFMTU, &request) != 0) {
    return fail("cannot set the MTU of " + tap.name_ + " to " + std::to_string(options.mtu));
  }
  request = request_for(tap.name_);
  if (::ioctl(control.get(), SIOCGIFINDEX, &request) != 0) return fail("cannot find " + tap.name_);
  tap.index_ = request.ifr_ifindex;
  request = request_for(tap.name_);
  if (::ioctl(control.get(), SIOCGIFHWADDR, &request) != 0) {
    return fail("cannot read the MAC of " + tap.name_);
  }
  auto *hardware = reinterpret_cast<uint8_t *>(request.ifr_hwaddr.sa_data);
  if (options.mac && read_mac(hardware) != *options.mac) {
    for (int i = 0; i < 6; ++i) hardware[i] = static_cast<uint8_t>(*options.mac >> (40 - 8 * i));
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    if (::ioctl(control.get(), SIOCSIFHWADDR, &request) != 0) {
      return fail("cannot set the MAC of " + tap.name_);
    }
  }
  tap.mac_ = read_mac(hardware);
  return tap;
}

Tap Tap::over(FileDescriptor fd, MacBits mac) {
  Tap tap;
  tap.fd_ = std::move(fd);
  tap.name_ = "test";
  tap.mac_ = mac;
  return tap;
}

ssize_t Tap::read(MutableBytes buffer) const {
  const ssize_t n = ::read(fd(), buffer.data(), buffer.size());
  if (n >= 0) return n;
  // A device that is down gives EIO until it is up again; that is no reason to give up.
  return errno == EAGAIN || errno == EINTR || errno == EIO ? 0 : -1;
}

bool Tap::write(const VnetHeader &header, std::span<const iovec> parts) const {
  std::array<iovec, 1 + kMaxParts> all;
  if (parts.size() > kMaxParts) return false;
  VnetHeader copy = header;
  all[0] = {&copy, sizeof copy};
  std::copy(parts.begin(), parts.end(), all.begin() + 1);
  return ::writev(fd(), all.data(), static_cast<int>(1 + parts.size())) > 0;
}

}  // namespace evio
