// Events on their way to JavaScript. Any thread pushes, JavaScript drains; both hold the lock for a
// moment. Each kind of event has a bound of its own, so that a flood of one (datagrams of strangers,
// echo replies or addresses of a hostile peer) can neither fill the memory nor push out another.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "event.h"

namespace evio {

class EventQueue {
 public:
  static constexpr size_t kMaxDatagrams = 512;
  static constexpr size_t kMaxOfOtherKind = 1024;
  static constexpr size_t kMaxControlBytes = 4 << 20;

  /// `wake` is called, from the pushing thread, when the queue stops being empty.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// False when it was dropped.
  bool push(event::Any &&event) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      const bool datagram = std::holds_alternative<event::Datagram>(event);
      size_t &count = counts_[event.index()];
      if (count >= (datagram ? kMaxDatagrams : kMaxOfOtherKind)) return false;
      if (const auto *control = std::get_if<event::Control>(&event)) {
        if (control_bytes_ + control->bytes.size() > kMaxControlBytes) return false;
        control_bytes_ += control->bytes.size();
      }
      ++count;
      first = events_.empty();
      events_.push_back(std::move(event));
    }
    if (first) wake_();
    return true;
  }

  std::vector<event::Any> drain() {
    const std::lock_guard lock(mutex_);
    counts_ = {};
    control_bytes_ = 0;
    return std::exchange(events_, {});
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<event::Any> events_;
  std::array<size_t, std::variant_size_v<event::Any>> counts_{};
  size_t control_bytes_ = 0;
};

}  // namespace evio
