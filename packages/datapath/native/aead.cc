#include "aead.h"

#include <array>

#include "wire.h"

namespace evio {
namespace {

using Nonce = AesGcmVaes::Nonce;

/// Four zero bytes, then the counter as 8 bytes big-endian.
Nonce nonce_of(uint64_t counter) {
  Nonce nonce{};
  write_u64(nonce.data() + 4, counter);
  return nonce;
}

int length(size_t bytes) { return static_cast<int>(bytes); }

}  // namespace

std::optional<Aead> Aead::create(Cipher cipher, Direction direction, Bytes key) {
  if (key.size() != kKeyBytes) return {};
  Aead aead;
  if (cipher == Cipher::aes256gcm) aead.vaes_ = AesGcmVaes::create(key);
  if (aead.vaes_) return aead;
  aead.context_.reset(EVP_CIPHER_CTX_new());
  if (!aead.context_) return {};
  const EVP_CIPHER *kind = cipher == Cipher::aes256gcm ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
  const int sealing = direction == Direction::seal ? 1 : 0;
  if (EVP_CipherInit_ex(aead.context_.get(), kind, nullptr, key.data(), nullptr, sealing) != 1) {
    return {};
  }
  return aead;
}

bool Aead::seal(uint64_t counter, Bytes header, MutableBytes text, uint8_t *tag) {
  const Nonce nonce = nonce_of(counter);
  if (vaes_) {
    vaes_->seal(nonce, header, text, tag);
    return true;
  }
  EVP_CIPHER_CTX *c = context_.get();
  int done = 0;
  return EVP_EncryptInit_ex(c, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_EncryptUpdate(c, nullptr, &done, header.data(), length(header.size())) == 1 &&
         EVP_EncryptUpdate(c, text.data(), &done, text.data(), length(text.size())) == 1 &&
         EVP_EncryptFinal_ex(c, text.data() + text.size(), &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, length(wire::kTagBytes), tag) == 1;
}

bool Aead::open(uint64_t counter, Bytes header, MutableBytes text, uint8_t *tag) {
  const Nonce nonce = nonce_of(counter);
  if (vaes_) return vaes_->open(nonce, header, text, tag);
  EVP_CIPHER_CTX *c = context_.get();
  int done = 0;
  return EVP_DecryptInit_ex(c, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_DecryptUpdate(c, nullptr, &done, header.data(), length(header.size())) == 1 &&
         EVP_DecryptUpdate(c, text.data(), &done, text.data(), length(text.size())) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, length(wire::kTagBytes), tag) == 1 &&
         EVP_DecryptFinal_ex(c, text.data() + text.size(), &done) == 1;
}

}  // namespace evio
