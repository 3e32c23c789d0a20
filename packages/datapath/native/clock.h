// Time inside the engine: microseconds of the monotonic clock. Frame paths read it once per batch.
#pragma once

#include <time.h>

#include <cstdint>

namespace evio {

using Micros = int64_t;

inline constexpr Micros kMillisecond = 1000;
inline constexpr Micros kSecond = 1000 * kMillisecond;

inline Micros now_micros() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<Micros>(t.tv_sec) * kSecond + t.tv_nsec / 1000;
}

}  // namespace evio
