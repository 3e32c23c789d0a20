// Fragments: put together in any order, bounded, and suspicious.
// sources: ../reassembly.cc
#include "../reassembly.h"

#include <algorithm>
#include <random>

#include "check.h"

using namespace evio;

namespace {

std::vector<uint8_t> body_of(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 256);
  return bytes;
}

wire::FragmentHeader header(uint32_t frame, size_t offset, size_t total) {
  return {frame, static_cast<uint16_t>(offset), static_cast<uint16_t>(total)};
}

}  // namespace

TEST("pieces give the frame, in whatever order they come") {
  std::mt19937 random(1);
  for (const size_t size : {300, 1500, 9000, 65535}) {
    const auto body = body_of(size);
    std::vector<size_t> offsets;
    for (size_t at = 0; at < size; at += 504) offsets.push_back(at);
    std::shuffle(offsets.begin(), offsets.end(), random);
    Reassembly reassembly;
    for (size_t i = 0; i < offsets.size(); ++i) {
      const Bytes piece = Bytes(body).subspan(offsets[i], std::min<size_t>(504, size - offsets[i]));
      const auto result = reassembly.add(1, 1, header(7, offsets[i], size), piece, 0);
      const bool last = i + 1 == offsets.size();
      CHECK(result.outcome == (last ? Reassembly::Outcome::complete : Reassembly::Outcome::waiting));
      if (last) CHECK(result.flags == 1 && std::ranges::equal(result.frame, body));
    }
    CHECK(reassembly.empty());
  }
}

TEST("pieces of different peers and frames do not mix") {
  const auto body = body_of(600);
  Reassembly reassembly;
  reassembly.add(1, 0, header(7, 0, 600), Bytes(body).first(300), 0);
  CHECK(reassembly.add(2, 0, header(7, 300, 600), Bytes(body).last(300), 0).outcome ==
        Reassembly::Outcome::waiting);
  CHECK(reassembly.add(1, 0, header(8, 300, 600), Bytes(body).last(300), 0).outcome ==
        Reassembly::Outcome::waiting);
  CHECK(reassembly.add(1, 0, header(7, 300, 600), Bytes(body).last(300), 0).outcome ==
        Reassembly::Outcome::complete);
}

TEST("pieces that contradict each other end the frame") {
  const auto body = body_of(900);
  const auto start = [&](Reassembly &r) { r.add(1, 0, header(7, 0, 900), Bytes(body).first(300), 0); };
  const auto malformed = [&](uint8_t flags, size_t offset, size_t total, size_t size) {
    Reassembly reassembly;
    start(reassembly);
    return reassembly.add(1, flags, header(7, offset, total), Bytes(body).first(size), 0).outcome ==
           Reassembly::Outcome::malformed;
  };
  CHECK(malformed(0, 200, 900, 300));  // overlaps
  CHECK(malformed(0, 300, 901, 300));  // another length
  CHECK(malformed(1, 300, 900, 300));  // other flags
  CHECK(malformed(0, 700, 900, 300));  // beyond the end
  CHECK(malformed(0, 300, 900, 0));    // nothing
  CHECK(malformed(0, 300, 900, 100));  // a crumb that is not the last
}

TEST("memory and time are bounded") {
  const auto body = body_of(300);
  Reassembly reassembly;
  size_t evicted = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    evicted += reassembly.add(1, 0, header(i, 0, 60000), body, 0).evicted;
  }
  CHECK(evicted == 1000 - Reassembly::kMaxFramesPerPeer);
  for (uint32_t i = 0; i < 1000; ++i) reassembly.add(i + 2, 0, header(i, 0, 60000), body, kSecond / 2);
  CHECK(reassembly.expire(kSecond + 1) == 0);  // those of peer 1 were pushed out long ago
  CHECK(reassembly.expire(2 * kSecond) == Reassembly::kMaxFrames);
  CHECK(reassembly.empty());
}

RUN_ALL()
