// A thread of the engine: named, deaf to signals (those are Node's), joined when it goes.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <functional>
#include <thread>

namespace evio {

class Thread {
 public:
  Thread() = default;
  /// `name`: at most 15 characters, as `top -H` shows it.
  Thread(const char *name, std::function<void()> run) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread(std::move(run));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread_.native_handle(), name);
  }
  Thread(Thread &&) = default;
  Thread &operator=(Thread &&) = default;
  ~Thread() { join(); }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace evio
