// The bytes between shim and agent, over the agent's unix stream socket; one call per connection. The
// same bytes are the file of a deletion that waits for the agent. (src/shim/frame.ts is the other end.)
//
//   request                                     answer
//    0  4  "EVC1"                                0  4  "EVC1"
//    4  4  bytes of environment (n), big-endian  4  4  exit status of the shim, 0 or 1
//    8  4  bytes of standard input (m)           8  4  bytes of standard output (n)
//   12  n  KEY=VALUE, each ended by a zero      12  n  standard output
//    …  m  standard input
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace evio::cni {

inline constexpr std::size_t kHeaderBytes = 12;
// Network configurations are a few KiB, and GC lists a line for each pod of the node.
inline constexpr std::size_t kMostInputBytes = 1024 * 1024;
inline constexpr std::size_t kMostAnswerBytes = 1024 * 1024;

// `environment`: the entries that go along, each KEY=VALUE.
std::string encode_request(std::span<const std::string_view> environment, std::string_view input);

struct Answer {
  int status;
  std::string output;
};

// Puts an answer together from however many pieces it arrives in.
class AnswerReader {
 public:
  // False when this can become no answer: the bytes are not the agent's.
  bool take(std::string_view piece);
  // The answer once it is there to the last byte.
  std::optional<Answer> answer() const;

 private:
  std::uint32_t word(std::size_t offset) const;

  std::string bytes_;
};

}  // namespace evio::cni
