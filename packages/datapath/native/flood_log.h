// The floods of the last seconds whose parts begin with this node: to repair what a change of the ring tore
// open. Few and bounded; written by the link thread and the TAP thread, so behind a lock.
#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "clock.h"
#include "wire.h"

namespace evio {

class FloodLog {
 public:
  /// Longer than it takes to notice that a link is dead.
  static constexpr Micros kAge = 10 * kSecond;
  static constexpr size_t kMaxFloods = 256;
  static constexpr size_t kMaxBytes = 1 << 20;

  struct Entry {
    Micros at;
    wire::FloodHeader header;  // its part is that of this node: (self, end)
    std::vector<uint8_t> frame;
  };

  void add(const wire::FloodHeader &header, Bytes frame, Micros now) {
    const std::lock_guard lock(mutex_);
    while (!entries_.empty() && (entries_.size() >= kMaxFloods || bytes_ + frame.size() > kMaxBytes)) drop();
    if (frame.size() > kMaxBytes) return;
    bytes_ += frame.size();
    entries_.push_back({now, header, {frame.begin(), frame.end()}});
  }

  /// Those that are not too old.
  std::vector<Entry> recent(Micros now) {
    const std::lock_guard lock(mutex_);
    while (!entries_.empty() && now - entries_.front().at > kAge) drop();
    return {entries_.begin(), entries_.end()};
  }

 private:
  void drop() {
    bytes_ -= entries_.front().frame.size();
    entries_.pop_front();
  }

  std::mutex mutex_;
  std::deque<Entry> entries_;
  size_t bytes_ = 0;
};

}  // namespace evio
