// Our AES-256-GCM beside OpenSSL's and the vectors of its authors. On a CPU without VAES there is nothing to
// compare: then OpenSSL's is the one that runs.
// sources: ../aes_gcm_vaes.cc
#include "../aes_gcm_vaes.h"

#include <openssl/evp.h>

#include <random>
#include <string>
#include <vector>

#include "check.h"

using namespace evio;

namespace {

using Buffer = std::vector<uint8_t>;
using Tag = std::array<uint8_t, 16>;

Buffer from_hex(const std::string &hex) {
  Buffer bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

AesGcmVaes::Nonce nonce_of(const Buffer &bytes) {
  AesGcmVaes::Nonce nonce{};
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

struct Vector {
  const char *key, *nonce, *header, *text, *sealed, *tag;
};

/// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14, 15 and 16.
constexpr const char *kZeroKey = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr const char *kKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr Vector kVectors[] = {
    {kZeroKey, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeroKey, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey, "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {kKey, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

/// What OpenSSL makes of it.
Tag seal_by_openssl(const Buffer &key, const AesGcmVaes::Nonce &nonce, Bytes header, Buffer &text) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  Tag tag;
  Buffer last(16);
  int done = 0;
  EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key.data(), nonce.data());
  if (!header.empty()) EVP_EncryptUpdate(c, nullptr, &done, header.data(), static_cast<int>(header.size()));
  if (!text.empty()) EVP_EncryptUpdate(c, text.data(), &done, text.data(), static_cast<int>(text.size()));
  EVP_EncryptFinal_ex(c, last.data(), &done);
  EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag.data());
  EVP_CIPHER_CTX_free(c);
  return tag;
}

}  // namespace

TEST("seals and opens the published vectors") {
  for (const Vector &vector : kVectors) {
    const auto aead = AesGcmVaes::create(from_hex(vector.key));
    if (!aead) return;
    const AesGcmVaes::Nonce nonce = nonce_of(from_hex(vector.nonce));
    const Buffer header = from_hex(vector.header);
    Buffer text = from_hex(vector.text);
    Tag tag;
    aead->seal(nonce, header, text, tag.data());
    CHECK(text == from_hex(vector.sealed));
    CHECK(Buffer(tag.begin(), tag.end()) == from_hex(vector.tag));
    CHECK(aead->open(nonce, header, text, tag.data()));
    CHECK(text == from_hex(vector.text));
  }
}

TEST("seals as OpenSSL does, at any length of header and text") {
  std::mt19937 random(1);
  const auto fill = [&](auto &bytes) {
    for (uint8_t &byte : bytes) byte = static_cast<uint8_t>(random());
  };
  // Up to three turns of the twelve-block loop with every rest, then whole super-frames.
  for (size_t size = 0; size < 4 * 192; ++size) {
    Buffer key(32);
    Buffer header(size % 37);
    Buffer text(size < 3 * 192 + 64 ? size : 1200 + random() % 64'000);
    AesGcmVaes::Nonce nonce;
    fill(key);
    fill(header);
    fill(text);
    fill(nonce);
    const auto aead = AesGcmVaes::create(key);
    if (!aead) return;
    Buffer ours = text;
    Buffer theirs = text;
    Tag tag;
    aead->seal(nonce, header, ours, tag.data());
    CHECK(tag == seal_by_openssl(key, nonce, header, theirs));
    CHECK(ours == theirs);
    CHECK(aead->open(nonce, header, ours, tag.data()));
    CHECK(ours == text);
  }
}

TEST("opens nothing of which one bit was changed") {
  std::mt19937 random(2);
  const auto aead = AesGcmVaes::create(Buffer(32, 7));
  if (!aead) return;
  const AesGcmVaes::Nonce nonce{};
  for (const size_t size : {size_t{1}, size_t{16}, size_t{191}, size_t{192}, size_t{1440}}) {
    Buffer header(16, 1);
    Buffer text(size, 2);
    Tag tag;
    aead->seal(nonce, header, text, tag.data());
    for (int i = 0; i < 200; ++i) {
      Buffer all(header);
      all.insert(all.end(), text.begin(), text.end());
      all.insert(all.end(), tag.begin(), tag.end());
      all[random() % all.size()] ^= static_cast<uint8_t>(1 << random() % 8);
      const MutableBytes changed(all);
      CHECK(!aead->open(nonce, changed.first(16), changed.subspan(16, size), &all[16 + size]));
    }
  }
}

RUN_ALL()
