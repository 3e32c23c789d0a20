// Lets through `rate` a second, and `burst` at once.
#pragma once

#include <algorithm>

#include "clock.h"

namespace evio {

class TokenBucket {
 public:
  TokenBucket(int64_t rate, int64_t burst) : rate_(rate), full_(burst * kSecond), level_(full_) {}

  bool take(Micros now) {
    // In millionths of a token: that many come in each microsecond.
    level_ = std::min(full_, level_ + std::min(now - filled_, Micros{60 * kSecond}) * rate_);
    filled_ = now;
    if (level_ < kSecond) return false;
    level_ -= kSecond;
    return true;
  }

 private:
  int64_t rate_;
  int64_t full_;
  int64_t level_;
  Micros filled_ = 0;
};

}  // namespace evio
