#include "steps.h"

#include <arpa/inet.h>

#include <charconv>

namespace evio::cni {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number &value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::optional<std::vector<Step>> read_steps(std::string_view bytes) {
  std::vector<Step> steps;
  while (!bytes.empty()) {
    std::size_t count = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    if (count == 0) return std::nullopt;
    Step &step = steps.emplace_back();
    for (; count > 0; --count) {
      const std::size_t end = bytes.find('\0');
      if (end == std::string_view::npos) return std::nullopt;
      step.emplace_back(bytes.substr(0, end));
      bytes.remove_prefix(end + 1);
    }
  }
  return steps;
}

std::optional<Cidr> read_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  const int family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const std::size_t bytes = family == AF_INET ? 4 : 16;
  Cidr cidr{family, static_cast<unsigned char>(bytes * 8), std::string(bytes, '\0')};
  if (::inet_pton(family, host.c_str(), cidr.address.data()) != 1) return std::nullopt;
  if (slash == std::string_view::npos) return cidr;
  if (!read_number(text.substr(slash + 1), cidr.length, 10) || cidr.length > bytes * 8) return std::nullopt;
  return cidr;
}

std::optional<std::string> read_mac_text(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  std::string mac;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    unsigned char byte = 0;
    if (!read_number(text.substr(at, 2), byte, 16) || (at < 15 && text[at + 2] != ':')) return std::nullopt;
    mac += static_cast<char>(byte);
  }
  return mac;
}

}  // namespace evio::cni
