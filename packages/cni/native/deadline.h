// A moment after which the shim no longer waits.
#pragma once

#include <algorithm>
#include <chrono>

namespace evio::cni {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds from_now) : at_(Clock::now() + from_now) {}

  // For poll(2): milliseconds that are left, at least 0.
  int left_ms() const {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(at_ - Clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point at_;
};

}  // namespace evio::cni
