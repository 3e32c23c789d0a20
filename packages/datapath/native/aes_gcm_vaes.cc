#include "aes_gcm_vaes.h"

#include <openssl/crypto.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace evio {
namespace {

#define EVIO_VAES __attribute__((target("aes,pclmul,avx2,vaes,vpclmulqdq"), always_inline)) inline
#define EVIO_VAES_ENTRY __attribute__((target("aes,pclmul,avx2,vaes,vpclmulqdq")))

constexpr size_t kBlock = AesGcmVaes::kBlockBytes;
constexpr size_t kRounds = AesGcmVaes::kRounds;
constexpr size_t kPairs = 6;  // registers of two blocks that are on their way at a time
constexpr size_t kStride = kPairs * 2 * kBlock;
static_assert(AesGcmVaes::kPowers >= 2 * kPairs + 1, "the rest and its lengths are hashed together");

EVIO_VAES __m128i load(const uint8_t *at) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(at)); }
EVIO_VAES __m256i load2(const uint8_t *at) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(at)); }
EVIO_VAES void store(uint8_t *at, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i *>(at), value); }
EVIO_VAES void store2(uint8_t *at, __m256i value) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(at), value); }
EVIO_VAES __m256i twice(__m128i value) { return _mm256_broadcastsi128_si256(value); }

EVIO_VAES __m128i reversed() { return _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
/// x^127 + x^126 + x^121 and 1, in this order of bits: what the reduction multiplies by.
EVIO_VAES __m128i polynomial() { return _mm_set_epi64x(static_cast<int64_t>(0xc200000000000000), 1); }

/// Carry-less products of two blocks each, in three parts: low, middle, high.
struct Product {
  __m256i low;
  __m256i middle;
  __m256i high;
};

EVIO_VAES Product nothing() { return {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()}; }

EVIO_VAES void add_product(Product &sum, __m256i a, __m256i b) {
  sum.low = _mm256_xor_si256(sum.low, _mm256_clmulepi64_epi128(a, b, 0x00));
  sum.high = _mm256_xor_si256(sum.high, _mm256_clmulepi64_epi128(a, b, 0x11));
  sum.middle = _mm256_xor_si256(sum.middle, _mm256_clmulepi64_epi128(a, b, 0x01));
  sum.middle = _mm256_xor_si256(sum.middle, _mm256_clmulepi64_epi128(a, b, 0x10));
}

/// The sum of both products, modulo the polynomial.
EVIO_VAES __m128i reduce(Product sum) {
  const __m256i by = twice(polynomial());
  __m256i fold = _mm256_clmulepi64_epi128(by, sum.low, 0x01);
  sum.middle = _mm256_xor_si256(sum.middle, _mm256_xor_si256(fold, _mm256_shuffle_epi32(sum.low, 0x4e)));
  fold = _mm256_clmulepi64_epi128(by, sum.middle, 0x01);
  sum.high = _mm256_xor_si256(sum.high, _mm256_xor_si256(fold, _mm256_shuffle_epi32(sum.middle, 0x4e)));
  return _mm_xor_si128(_mm256_castsi256_si128(sum.high), _mm256_extracti128_si256(sum.high, 1));
}

EVIO_VAES __m128i encrypt(const uint8_t *keys, __m128i block) {
  block = _mm_xor_si128(block, load(keys));
  for (size_t round = 1; round < kRounds; ++round) block = _mm_aesenc_si128(block, load(keys + round * kBlock));
  return _mm_aesenclast_si128(block, load(keys + kRounds * kBlock));
}

/// What GHASH adds up before it reduces, and where the next blocks and their powers lie.
struct Hashing {
  Product sum;
  __m128i before;  // the hash so far; goes into the first block
  const uint8_t *blocks;
  const uint8_t *powers;
};

EVIO_VAES void add_pair(Hashing &hashing) {
  __m256i pair = _mm256_shuffle_epi8(load2(hashing.blocks), twice(reversed()));
  pair = _mm256_xor_si256(pair, _mm256_zextsi128_si256(hashing.before));
  add_product(hashing.sum, pair, load2(hashing.powers));
  hashing.before = _mm_setzero_si128();
  hashing.blocks += 2 * kBlock;
  hashing.powers += 2 * kBlock;
}

EVIO_VAES void add_block(Hashing &hashing, __m128i block) {
  block = _mm_xor_si128(block, hashing.before);
  add_product(hashing.sum, _mm256_zextsi128_si256(block), _mm256_zextsi128_si256(load(hashing.powers)));
  hashing.before = _mm_setzero_si128();
  hashing.powers += kBlock;
}

/// Begins with the blocks at `blocks`; in all there will be `count`, at most kPowers.
EVIO_VAES Hashing begin(const uint8_t *powers, __m128i hash, const uint8_t *blocks, size_t count) {
  return {nothing(), hash, blocks, powers + (AesGcmVaes::kPowers - count) * kBlock};
}

/// The key stream of twelve blocks; `counters` (the first two, bytes reversed) moves on. Between the rounds,
/// whose results are long in coming, it hashes the twelve blocks at `blocks`, unless there are none.
template <bool kHashing>
EVIO_VAES __m128i key_stream(const uint8_t *keys, __m256i &counters, __m256i out[kPairs], const uint8_t *powers,
                             __m128i hash, const uint8_t *blocks) {
  const __m256i order = twice(reversed());
  const __m256i two = _mm256_set_epi64x(0, 2, 0, 2);
  const __m256i first = twice(load(keys));
#pragma GCC unroll 6
  for (size_t i = 0; i < kPairs; ++i) {
    out[i] = _mm256_xor_si256(_mm256_shuffle_epi8(counters, order), first);
    counters = _mm256_add_epi32(counters, two);
  }
  Hashing hashing = begin(powers, hash, blocks, 2 * kPairs);
#pragma GCC unroll 13
  for (size_t round = 1; round < kRounds; ++round) {
    const __m256i key = twice(load(keys + round * kBlock));
#pragma GCC unroll 6
    for (size_t i = 0; i < kPairs; ++i) out[i] = _mm256_aesenc_epi128(out[i], key);
    if (kHashing && round <= kPairs) add_pair(hashing);
    if (kHashing && round == kPairs + 2) hash = reduce(hashing.sum);
  }
  const __m256i last = twice(load(keys + kRounds * kBlock));
#pragma GCC unroll 6
  for (size_t i = 0; i < kPairs; ++i) out[i] = _mm256_aesenclast_epi128(out[i], last);
  return hash;
}

/// Adds the key stream to kStride bytes, in place.
EVIO_VAES void add_stream(uint8_t *at, const __m256i stream[kPairs]) {
#pragma GCC unroll 6
  for (size_t i = 0; i < kPairs; ++i) store2(at + 32 * i, _mm256_xor_si256(load2(at + 32 * i), stream[i]));
}

/// The first `count` bytes of a block, then zeros.
EVIO_VAES __m128i first_bytes(__m128i block, size_t count) {
  alignas(32) static constexpr std::array<uint8_t, 2 * kBlock> kMask = [] {
    std::array<uint8_t, 2 * kBlock> mask{};
    for (size_t i = 0; i < kBlock; ++i) mask[i] = 0xff;
    return mask;
  }();
  return _mm_and_si128(block, load(&kMask[kBlock - count]));
}

/// A block of `count` bytes, at most 15, and zeros.
EVIO_VAES __m128i load_part(const uint8_t *at, size_t count) {
  alignas(16) uint8_t block[kBlock] = {};
  std::memcpy(block, at, count);
  return load(block);
}

EVIO_VAES void store_part(uint8_t *at, __m128i block, size_t count) {
  alignas(16) uint8_t bytes[kBlock];
  store(bytes, block);
  std::memcpy(at, bytes, count);
}

EVIO_VAES __m128i hash_header(const uint8_t *powers, Bytes header) {
  __m128i hash = _mm_setzero_si128();
  for (size_t at = 0; at < header.size(); at += kBlock) {
    const size_t left = header.size() - at;
    Hashing hashing = begin(powers, hash, nullptr, 1);
    const __m128i block = left < kBlock ? load_part(&header[at], left) : load(&header[at]);
    add_block(hashing, _mm_shuffle_epi8(block, reversed()));
    hash = reduce(hashing.sum);
  }
  return hash;
}

/// Both directions: they differ in whether the hash takes what goes in or what comes out. Gives the tag.
template <bool kSealing>
EVIO_VAES __m128i run(const uint8_t *keys, const uint8_t *powers, const AesGcmVaes::Nonce &nonce, Bytes header,
                      MutableBytes text) {
  uint64_t nonce_low = 0;
  uint32_t nonce_high = 0;
  std::memcpy(&nonce_low, nonce.data(), sizeof nonce_low);
  std::memcpy(&nonce_high, nonce.data() + sizeof nonce_low, sizeof nonce_high);
  const __m128i start = _mm_set_epi64x(static_cast<int64_t>(uint64_t{1} << 56 | nonce_high), static_cast<int64_t>(nonce_low));
  const __m128i mask = encrypt(keys, start);
  __m256i counters = _mm256_add_epi32(twice(_mm_shuffle_epi8(start, reversed())), _mm256_set_epi32(0, 0, 0, 2, 0, 0, 0, 1));
  __m128i hash = hash_header(powers, header);

  __m256i stream[kPairs];
  uint8_t *at = text.data();
  size_t left = text.size();
  if (kSealing && left >= kStride) {
    key_stream<false>(keys, counters, stream, powers, hash, nullptr);
    add_stream(at, stream);
    at += kStride;
    left -= kStride;
    for (; left >= kStride; at += kStride, left -= kStride) {
      hash = key_stream<true>(keys, counters, stream, powers, hash, at - kStride);
      add_stream(at, stream);
    }
    Hashing hashing = begin(powers, hash, at - kStride, 2 * kPairs);
    for (size_t i = 0; i < kPairs; ++i) add_pair(hashing);
    hash = reduce(hashing.sum);
  }
  for (; !kSealing && left >= kStride; at += kStride, left -= kStride) {
    hash = key_stream<true>(keys, counters, stream, powers, hash, at);
    add_stream(at, stream);
  }

  // The rest: whole blocks, one that is not whole, the lengths in bits.
  const size_t whole = left / kBlock;
  const size_t part = left % kBlock;
  Hashing hashing = begin(powers, hash, at, whole + (part > 0 ? 2 : 1));
  if (left > 0) {
    key_stream<false>(keys, counters, stream, powers, hash, nullptr);
    alignas(32) uint8_t keystream[kStride];
    for (size_t i = 0; i < kPairs; ++i) store2(keystream + 32 * i, stream[i]);
    for (size_t i = 0; i < whole; ++i) {
      const __m128i in = load(at + i * kBlock);
      const __m128i out = _mm_xor_si128(in, load(keystream + i * kBlock));
      store(at + i * kBlock, out);
      add_block(hashing, _mm_shuffle_epi8(kSealing ? out : in, reversed()));
    }
    if (part > 0) {
      const __m128i in = load_part(at + whole * kBlock, part);
      const __m128i out = first_bytes(_mm_xor_si128(in, load(keystream + whole * kBlock)), part);
      store_part(at + whole * kBlock, out, part);
      add_block(hashing, _mm_shuffle_epi8(kSealing ? out : in, reversed()));
    }
  }
  add_block(hashing, _mm_set_epi64x(static_cast<int64_t>(8 * header.size()), static_cast<int64_t>(8 * text.size())));
  return _mm_xor_si128(_mm_shuffle_epi8(reduce(hashing.sum), reversed()), mask);
}

/// The key schedule of AES-256 (FIPS 197 §5.2), two round keys a step.
template <int kConstant>
EVIO_VAES __m128i next_key(__m128i before, __m128i last) {
  const __m128i assist = kConstant != 0 ? _mm_shuffle_epi32(_mm_aeskeygenassist_si128(last, kConstant), 0xff)
                                        : _mm_shuffle_epi32(_mm_aeskeygenassist_si128(last, 0), 0xaa);
  before = _mm_xor_si128(before, _mm_slli_si128(before, 4));
  before = _mm_xor_si128(before, _mm_slli_si128(before, 8));
  return _mm_xor_si128(before, assist);
}

template <int kConstant>
EVIO_VAES void expand(uint8_t *at, __m128i &even, __m128i &odd) {
  even = next_key<kConstant>(even, odd);
  store(at, even);
  if constexpr (kConstant != 0x40) {
    odd = next_key<0>(odd, even);
    store(at + kBlock, odd);
  }
}

EVIO_VAES_ENTRY void prepare(Bytes key, uint8_t *keys, uint8_t *powers) {
  __m128i even = load(key.data());
  __m128i odd = load(key.data() + kBlock);
  store(keys, even);
  store(keys + kBlock, odd);
  expand<0x01>(keys + 2 * kBlock, even, odd);
  expand<0x02>(keys + 4 * kBlock, even, odd);
  expand<0x04>(keys + 6 * kBlock, even, odd);
  expand<0x08>(keys + 8 * kBlock, even, odd);
  expand<0x10>(keys + 10 * kBlock, even, odd);
  expand<0x20>(keys + 12 * kBlock, even, odd);
  expand<0x40>(keys + 14 * kBlock, even, odd);

  // H times x: shifted by one bit; a bit that falls out comes back as the polynomial.
  __m128i h = _mm_shuffle_epi8(encrypt(keys, _mm_setzero_si128()), reversed());
  const __m128i carries = _mm_srai_epi32(_mm_shuffle_epi32(h, 0xd3), 31);
  const __m128i wanted = _mm_set_epi64x(static_cast<int64_t>(0xc200000000000001), 1);
  h = _mm_xor_si128(_mm_add_epi64(h, h), _mm_and_si128(carries, wanted));
  __m128i power = h;
  for (size_t i = AesGcmVaes::kPowers; i-- > 0;) {
    store(powers + i * kBlock, power);
    Product product = nothing();
    add_product(product, _mm256_zextsi128_si256(power), _mm256_zextsi128_si256(h));
    power = reduce(product);
  }
}

EVIO_VAES_ENTRY void seal_with(const uint8_t *keys, const uint8_t *powers, const AesGcmVaes::Nonce &nonce,
                               Bytes header, MutableBytes text, uint8_t *tag) {
  store(tag, run<true>(keys, powers, nonce, header, text));
}

EVIO_VAES_ENTRY bool open_with(const uint8_t *keys, const uint8_t *powers, const AesGcmVaes::Nonce &nonce,
                               Bytes header, MutableBytes text, const uint8_t *tag) {
  const __m128i wrong = _mm_xor_si128(run<false>(keys, powers, nonce, header, text), load(tag));
  return _mm_testz_si128(wrong, wrong) != 0;
}

/// CPUID leaf 7: what the compilers' own names do not all cover.
bool wanted() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  const bool vaes = (c & bit_VAES) != 0 && (c & bit_VPCLMULQDQ) != 0;
  return vaes && __builtin_cpu_supports("avx2") && !__builtin_cpu_supports("avx512f");
}

}  // namespace

std::unique_ptr<AesGcmVaes> AesGcmVaes::create(Bytes key) {
  if (!wanted()) return nullptr;
  std::unique_ptr<AesGcmVaes> made(new AesGcmVaes);
  prepare(key, made->round_keys_.data(), made->powers_.data());
  return made;
}

void AesGcmVaes::seal(const Nonce &nonce, Bytes header, MutableBytes text, uint8_t *tag) const {
  seal_with(round_keys_.data(), powers_.data(), nonce, header, text, tag);
}

bool AesGcmVaes::open(const Nonce &nonce, Bytes header, MutableBytes text, const uint8_t *tag) const {
  return open_with(round_keys_.data(), powers_.data(), nonce, header, text, tag);
}

}  // namespace evio

#else

namespace evio {

std::unique_ptr<AesGcmVaes> AesGcmVaes::create(Bytes) { return nullptr; }
void AesGcmVaes::seal(const Nonce &, Bytes, MutableBytes, uint8_t *) const {}
bool AesGcmVaes::open(const Nonce &, Bytes, MutableBytes, const uint8_t *) const { return false; }

}  // namespace evio

#endif

namespace evio {

AesGcmVaes::~AesGcmVaes() {
  OPENSSL_cleanse(round_keys_.data(), round_keys_.size());
  OPENSSL_cleanse(powers_.data(), powers_.size());
}

}  // namespace evio
