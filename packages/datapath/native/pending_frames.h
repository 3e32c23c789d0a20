// The first frames to peers whose session or path is not up yet: few, and not for long. Owned by the
// TAP thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "clock.h"
#include "session.h"
#include "vnet_header.h"

namespace evio {

struct PendingFrame {
  VnetHeader header;
  TapFrame kind;
  Micros queued;
  std::vector<uint8_t> bytes;
};

class PendingFrames {
 public:
  static constexpr size_t kMaxFrames = 64;          // per peer
  static constexpr size_t kMaxBytes = 256 << 10;    // per peer
  static constexpr size_t kMaxBytesInAll = 4 << 20;
  static constexpr Micros kMaxWait = 3 * kSecond;

  /// False when there is no room.
  bool add(PeerId peer, PendingFrame frame) {
    const size_t size = frame.bytes.size();
    // Before there is a queue: deadline() takes each for one with frames.
    if (bytes_ + size > kMaxBytesInAll || size > kMaxBytes) return false;
    Queue &queue = queues_[peer];
    if (queue.frames.size() >= kMaxFrames || queue.bytes + size > kMaxBytes) return false;
    queue.bytes += size;
    bytes_ += size;
    queue.frames.push_back(std::move(frame));
    return true;
  }

  bool empty() const { return queues_.empty(); }

  /// Takes out the queues for which `chosen(peer)` holds and gives each frame to `use(peer, frame)`, which
  /// may add it again for another peer.
  template <typename Chosen, typename Use>
  void take(Chosen &&chosen, Use &&use) {
    std::vector<std::pair<PeerId, Queue>> taken;
    for (auto at = queues_.begin(); at != queues_.end();) {
      if (!chosen(at->first)) {
        ++at;
        continue;
      }
      bytes_ -= at->second.bytes;
      taken.emplace_back(at->first, std::move(at->second));
      at = queues_.erase(at);
    }
    for (auto &[peer, queue] : taken) {
      for (PendingFrame &frame : queue.frames) use(peer, frame);
    }
  }

  /// Drops what waited too long; returns how many frames.
  size_t expire(Micros now) {
    size_t dropped = 0;
    for (auto at = queues_.begin(); at != queues_.end();) {
      Queue &queue = at->second;
      while (!queue.frames.empty() && now - queue.frames.front().queued >= kMaxWait) {
        queue.bytes -= queue.frames.front().bytes.size();
        bytes_ -= queue.frames.front().bytes.size();
        queue.frames.pop_front();
        ++dropped;
      }
      at = queue.frames.empty() ? queues_.erase(at) : std::next(at);
    }
    return dropped;
  }

  /// When expire() has something to do next.
  std::optional<Micros> deadline() const {
    std::optional<Micros> first;
    for (const auto &[peer, queue] : queues_) {
      const Micros at = queue.frames.front().queued + kMaxWait;
      if (!first || at < *first) first = at;
    }
    return first;
  }

 private:
  struct Queue {
    std::deque<PendingFrame> frames;
    size_t bytes = 0;
  };
  std::unordered_map<PeerId, Queue> queues_;
  size_t bytes_ = 0;
};

}  // namespace evio
