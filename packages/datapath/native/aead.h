// AES-256-GCM and ChaCha20-Poly1305 through OpenSSL's EVP, with one context per key and thread: the key
// is set up once, a datagram sets only its nonce.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "aes_gcm_vaes.h"
#include "bytes.h"

namespace evio {

enum class Cipher : uint8_t { aes256gcm, chacha20poly1305 };

inline constexpr size_t kKeyBytes = 32;

/// One key in one direction. Not shared between threads.
class Aead {
 public:
  enum class Direction : uint8_t { seal, open };

  /// `key` has kKeyBytes. Nothing when OpenSSL refuses.
  static std::optional<Aead> create(Cipher cipher, Direction direction, Bytes key);

  /// Encrypts `text` in place and writes the tag (16 bytes) to `tag`. `header` is authenticated.
  bool seal(uint64_t counter, Bytes header, MutableBytes text, uint8_t *tag);
  /// Decrypts `text` in place. False, and `text` is garbage, when it was not sealed with this key.
  bool open(uint64_t counter, Bytes header, MutableBytes text, uint8_t *tag);

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX *context) const { EVP_CIPHER_CTX_free(context); }
  };
  Aead() = default;

  std::unique_ptr<AesGcmVaes> vaes_;  // where that is faster; else
  std::unique_ptr<EVP_CIPHER_CTX, Free> context_;
};

}  // namespace evio
