// epoll over the few descriptors of one thread.
#pragma once

#include <sched.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>

#include "clock.h"
#include "file_descriptor.h"

namespace evio {

class Poller {
 public:
  Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}

  /// Watches `fd`; `key` comes back with its events.
  void add(int fd, uint32_t events, uint64_t key) const { control(EPOLL_CTL_ADD, fd, events, key); }
  void remove(int fd) const { control(EPOLL_CTL_DEL, fd, 0, 0); }
  void modify(int fd, uint32_t events, uint64_t key) const { control(EPOLL_CTL_MOD, fd, events, key); }

  /// Looks again and again for up to `span`, leaving the processor to whoever wants it in between. Empty when
  /// nothing happened.
  std::span<const epoll_event> linger(Micros span) {
    const Micros end = now_micros() + span;
    do {
      const int count = ::epoll_wait(fd_.get(), events_.data(), static_cast<int>(events_.size()), 0);
      if (count > 0) return {events_.data(), static_cast<size_t>(count)};
      ::sched_yield();
    } while (now_micros() < end);
    return {};
  }

  /// Waits until something happens or `deadline` (monotonic; none: for ever).
  std::span<const epoll_event> wait(std::optional<Micros> deadline) {
    int timeout = -1;
    if (deadline) {
      const Micros left = *deadline - now_micros();
      // Rounded up: waking a little early would only mean to wait again.
      timeout = left <= 0 ? 0 : static_cast<int>(left / kMillisecond + 1);
    }
    const int count = ::epoll_wait(fd_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
    return {events_.data(), count > 0 ? static_cast<size_t>(count) : 0};
  }

 private:
  void control(int operation, int fd, uint32_t events, uint64_t key) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    ::epoll_ctl(fd_.get(), operation, fd, &event);
  }

  FileDescriptor fd_;
  std::array<epoll_event, 32> events_{};
};

}  // namespace evio
