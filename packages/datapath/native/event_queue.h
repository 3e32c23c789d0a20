// Events on their way to JavaScript. Any thread pushes, JavaScript drains; both hold the lock for a
// moment. Bounded, and what anybody may cause (datagrams) has a bound of its own, so that a flood can
// neither fill the memory nor push out what matters.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "event.h"

namespace evio {

class EventQueue {
 public:
  static constexpr size_t kMaxDatagrams = 512;
  static constexpr size_t kMaxEvents = 4096;
  static constexpr size_t kMaxControlBytes = 4 << 20;

  /// `wake` is called, from the pushing thread, when the queue stops being empty.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// False when it was dropped.
  bool push(event::Any &&event) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      const bool datagram = std::holds_alternative<event::Datagram>(event);
      const auto *control = std::get_if<event::Control>(&event);
      if (datagram ? datagrams_ >= kMaxDatagrams : events_.size() - datagrams_ >= kMaxEvents) return false;
      if (control != nullptr) {
        if (control_bytes_ + control->bytes.size() > kMaxControlBytes) return false;
        control_bytes_ += control->bytes.size();
      }
      datagrams_ += datagram ? 1 : 0;
      first = events_.empty();
      events_.push_back(std::move(event));
    }
    if (first) wake_();
    return true;
  }

  std::vector<event::Any> drain() {
    const std::lock_guard lock(mutex_);
    datagrams_ = control_bytes_ = 0;
    return std::exchange(events_, {});
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<event::Any> events_;
  size_t datagrams_ = 0;
  size_t control_bytes_ = 0;
};

}  // namespace evio
