// Wakes a thread that waits in epoll; any thread may call it.
#pragma once

#include <sys/eventfd.h>

#include <cstdint>

#include "file_descriptor.h"

namespace evio {

class Wakeup {
 public:
  Wakeup() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  int fd() const { return fd_.get(); }
  void notify() const {
    const uint64_t one = 1;
    // Fails only when the counter is full: then the wake-up is pending anyway.
    [[maybe_unused]] const ssize_t n = ::write(fd_.get(), &one, sizeof one);
  }
  void clear() const {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  FileDescriptor fd_;
};

}  // namespace evio
