// AES-256-GCM (NIST SP 800-38D) for CPUs that have VAES and VPCLMULQDQ but no AVX-512: two blocks to an
// instruction. OpenSSL 3.5 knows only one block (AES-NI) or four (AVX-512), and takes twice as long here.
//
//   ciphertext = text xor E(nonce ‖ counter 2, 3, …)            twelve blocks at a time, in six registers
//   tag        = GHASH(header ‖ ciphertext ‖ lengths) xor E(nonce ‖ 1)
//
// GHASH works on blocks whose bytes are reversed, so that bit 127 is x^0. Powers of H are kept times x: then
// the 256-bit carry-less product needs no shift, and two folds by the polynomial reduce it. Twelve blocks are
// multiplied by H^12 … H^1, added, and reduced together, between the rounds of the next twelve.
//
// No table and no branch depends on key or text, so the time does not either.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "bytes.h"

namespace evio {

class alignas(32) AesGcmVaes {
 public:
  static constexpr size_t kBlockBytes = 16;
  static constexpr size_t kRounds = 14;
  static constexpr size_t kPowers = 14;
  using Nonce = std::array<uint8_t, 12>;

  /// nullptr when this CPU cannot, or OpenSSL does better on it. `key` has 32 bytes.
  static std::unique_ptr<AesGcmVaes> create(Bytes key);
  ~AesGcmVaes();
  AesGcmVaes(const AesGcmVaes &) = delete;
  AesGcmVaes &operator=(const AesGcmVaes &) = delete;

  /// Encrypts `text` in place; `tag` gets 16 bytes.
  void seal(const Nonce &nonce, Bytes header, MutableBytes text, uint8_t *tag) const;
  /// Decrypts `text` in place; whether the 16 bytes of `tag` are right.
  bool open(const Nonce &nonce, Bytes header, MutableBytes text, const uint8_t *tag) const;

 private:
  AesGcmVaes() = default;

  std::array<uint8_t, kBlockBytes *(kRounds + 1)> round_keys_;
  std::array<uint8_t, kBlockBytes * kPowers> powers_;  // H^14 … H^1, each times x
};

}  // namespace evio
