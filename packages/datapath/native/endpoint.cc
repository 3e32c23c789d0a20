#include "endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>
#include <string_view>

namespace evio {

std::optional<Endpoint> Endpoint::parse(const std::string &address, uint16_t port) {
  Endpoint e;
  e.port = port;
  if (inet_pton(AF_INET, address.c_str(), e.address.data()) == 1) {
    e.family = 4;
    return e;
  }
  const size_t percent = address.find('%');
  if (inet_pton(AF_INET6, address.substr(0, percent).c_str(), e.address.data()) != 1) return {};
  e.family = 6;
  if (percent != std::string::npos) {
    e.scope = if_nametoindex(address.c_str() + percent + 1);
    if (e.scope == 0) return {};
  }
  return e;
}

Endpoint Endpoint::v4(const in_addr &address, uint16_t port) {
  Endpoint e;
  e.family = 4;
  e.port = port;
  std::memcpy(e.address.data(), &address, sizeof address);
  return e;
}

Endpoint Endpoint::v6(const in6_addr &address, uint16_t port, uint32_t scope) {
  Endpoint e;
  e.family = 6;
  e.port = port;
  // The kernel gives a scope for every datagram; it means something for link-local addresses only.
  if (IN6_IS_ADDR_LINKLOCAL(&address)) e.scope = scope;
  std::memcpy(e.address.data(), &address, sizeof address);
  return e;
}

Endpoint Endpoint::from(const sockaddr_storage &raw) {
  if (raw.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &raw, sizeof in);
    return v4(in.sin_addr, ntohs(in.sin_port));
  }
  if (raw.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &raw, sizeof in);
    return v6(in.sin6_addr, ntohs(in.sin6_port), in.sin6_scope_id);
  }
  return {};
}

socklen_t Endpoint::to(sockaddr_storage &raw) const {
  if (family == 4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.data(), sizeof in.sin_addr);
    std::memcpy(&raw, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  in.sin6_scope_id = scope;
  std::memcpy(&in.sin6_addr, address.data(), sizeof in.sin6_addr);
  std::memcpy(&raw, &in, sizeof in);
  return sizeof in;
}

std::string Endpoint::address_text() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof text);
  std::string result = text;
  char name[IF_NAMESIZE];
  if (scope != 0 && if_indextoname(scope, name) != nullptr) result.append("%").append(name);
  return result;
}

size_t EndpointHash::operator()(const Endpoint &e) const {
  const std::string_view bytes(reinterpret_cast<const char*>(e.address.data()), e.address.size());
  return std::hash<std::string_view>{}(bytes) * 31 + e.port;
}

}  // namespace evio
