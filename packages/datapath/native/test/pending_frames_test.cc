// Frames that wait for a session or a path.
#include "../pending_frames.h"

#include "check.h"

using namespace evio;

namespace {

PendingFrame frame(size_t bytes, Micros queued) { return {{}, {}, queued, std::vector<uint8_t>(bytes)}; }

}  // namespace

TEST("what does not fit leaves no queue") {
  PendingFrames pending;
  constexpr size_t kSize = PendingFrames::kMaxBytes;
  PeerId peer = 1;
  for (size_t bytes = 0; bytes < PendingFrames::kMaxBytesInAll; bytes += kSize) {
    CHECK(pending.add(peer++, frame(kSize, kSecond)));
  }
  CHECK(!pending.add(peer, frame(1, 0)));
  CHECK(pending.deadline() == kSecond + PendingFrames::kMaxWait);
  CHECK(pending.expire(kSecond + PendingFrames::kMaxWait) == peer - 1);
  CHECK(pending.empty());
  CHECK(!pending.deadline());
}

TEST("a frame that is too large for a peer is refused") {
  PendingFrames pending;
  CHECK(!pending.add(1, frame(PendingFrames::kMaxBytes + 1, 0)));
  CHECK(pending.empty());
}

RUN_ALL()
