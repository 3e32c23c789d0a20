// Puts the fragments of frames that exceeded the path MTU together again. Bounded in memory and time:
// the senders are authenticated, but may be hostile. Owned by the link thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bytes.h"
#include "clock.h"
#include "wire.h"

namespace evio {

class Reassembly {
 public:
  /// Frames in pieces at one time, of all peers and of one; a frame waits for a second at most.
  static constexpr size_t kMaxFrames = 64;
  static constexpr size_t kMaxFramesPerPeer = 16;
  static constexpr Micros kTimeout = kSecond;

  enum class Outcome : uint8_t { waiting, complete, malformed };
  struct Result {
    Outcome outcome = Outcome::waiting;
    size_t evicted = 0;     // other frames given up for this one
    MutableBytes frame{};   // when complete; valid until the next call
    uint8_t flags = 0;      // of the frame record
  };

  /// One piece; `body` is what follows the fragment header.
  Result add(uint32_t peer, uint8_t flags, const wire::FragmentHeader &header, Bytes body, Micros now);

  /// Gives up what waited too long; returns how many frames.
  size_t expire(Micros now);
  /// Gives up all of a peer that is gone.
  void forget(uint32_t peer);
  bool empty() const { return frames_.empty(); }

 private:
  struct Piece {
    uint16_t offset;
    uint16_t length;
  };
  struct Frame {
    uint32_t peer;
    uint32_t number;
    uint8_t flags;
    Micros started;
    size_t missing;
    std::vector<Piece> pieces;
    std::vector<uint8_t> bytes;
  };

  void make_room(uint32_t peer, Result &result);

  std::vector<Frame> frames_;
  std::vector<uint8_t> finished_;
};

}  // namespace evio
