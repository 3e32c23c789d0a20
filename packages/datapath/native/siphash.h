// SipHash-2-4 (Aumasson, Bernstein 2012): a hash of 64 bits under a secret key, so that whoever chooses what is
// hashed cannot choose what collides.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>

#include "bytes.h"

namespace evio {

static_assert(std::endian::native == std::endian::little);

using SipKey = std::array<uint64_t, 2>;

inline SipKey random_sip_key() {
  std::random_device random;
  const auto word = [&] { return uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

inline uint64_t siphash(const SipKey &key, Bytes bytes) {
  uint64_t a = key[0] ^ 0x736f6d6570736575;
  uint64_t b = key[1] ^ 0x646f72616e646f6d;
  uint64_t c = key[0] ^ 0x6c7967656e657261;
  uint64_t d = key[1] ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    while (count-- > 0) {
      a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
      c += d, d = std::rotl(d, 16) ^ c;
      a += d, d = std::rotl(d, 21) ^ a;
      c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
    }
  };
  const auto take = [&](uint64_t word) {
    d ^= word;
    rounds(2);
    a ^= word;
  };
  const uint64_t length = uint64_t{bytes.size()} << 56;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    take(word);
  }
  uint64_t last = 0;
  if (!bytes.empty()) std::memcpy(&last, bytes.data(), bytes.size());
  take(last | length);
  c ^= 0xff;
  rounds(4);
  return a ^ b ^ c ^ d;
}

}  // namespace evio
