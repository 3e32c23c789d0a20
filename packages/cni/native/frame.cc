#include "frame.h"

namespace evio::cni {
namespace {

constexpr std::string_view kMagic = "EVC1";

void append_word(std::string& bytes, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xff);
}

}  // namespace

std::string encode_request(std::span<const std::string_view> environment, std::string_view input) {
  std::string entries;
  for (std::string_view entry : environment) {
    entries += entry;
    entries += '\0';
  }
  std::string bytes{kMagic};
  append_word(bytes, entries.size());
  append_word(bytes, input.size());
  bytes += entries;
  bytes += input;
  return bytes;
}

bool AnswerReader::take(std::string_view piece) {
  bytes_ += piece;
  std::string_view seen = std::string_view(bytes_).substr(0, kMagic.size());
  if (seen != kMagic.substr(0, seen.size())) return false;
  if (bytes_.size() < kHeaderBytes) return true;
  std::size_t length = word(8);
  return word(4) <= 1 && length <= kMostAnswerBytes && bytes_.size() <= kHeaderBytes + length;
}

std::optional<Answer> AnswerReader::answer() const {
  if (bytes_.size() < kHeaderBytes || bytes_.size() != kHeaderBytes + word(8)) return std::nullopt;
  return Answer{static_cast<int>(word(4)), bytes_.substr(kHeaderBytes)};
}

std::uint32_t AnswerReader::word(std::size_t offset) const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[offset + i]);
  return value;
}

}  // namespace evio::cni
