// An IP address with a port, small and comparable, and its way to and from sockaddr and text.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace evio {

/// An IPv4 or IPv6 transport address; family 0 means "none". Port 0 where only the address counts.
struct Endpoint {
  uint8_t family = 0;  // 0, 4 or 6
  uint16_t port = 0;   // host order
  uint32_t scope = 0;  // interface of an IPv6 link-local address, else 0
  std::array<uint8_t, 16> address{};

  bool operator==(const Endpoint&) const = default;
  explicit operator bool() const { return family != 0; }

  /// The same address without its port.
  Endpoint host() const {
    Endpoint copy = *this;
    copy.port = 0;
    return copy;
  }

  /// Reads "192.0.2.1", "2001:db8::1" or "fe80::1%eth0"; nothing else.
  static std::optional<Endpoint> parse(const std::string &address, uint16_t port);
  /// An unknown family gives an endpoint of family 0.
  static Endpoint from(const sockaddr_storage &raw);
  static Endpoint v4(const in_addr &address, uint16_t port);
  static Endpoint v6(const in6_addr &address, uint16_t port, uint32_t scope);

  /// Fills `raw` and returns its length.
  socklen_t to(sockaddr_storage &raw) const;
  /// The address as text, with the zone when there is one.
  std::string address_text() const;
};

struct EndpointHash {
  size_t operator()(const Endpoint &e) const;
};

}  // namespace evio
