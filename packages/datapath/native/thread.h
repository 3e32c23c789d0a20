// A thread of the engine: named, deaf to signals (those are Node's), a little ahead of the programs whose
// frames it carries, joined when it goes.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <functional>
#include <thread>

namespace evio {

class Thread {
 public:
  /// Measured: -5 carried a tenth more and cost a tenth less than 0; with -15 each frame that came took the
  /// processor from its sender, so that batches were small. An agent that was put further ahead stays there.
  static constexpr int kNice = -5;

  Thread() = default;
  /// `name`: at most 15 characters, as `top -H` shows it.
  Thread(const char *name, std::function<void()> run) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([run = std::move(run)] {
      // Of this thread alone, in Linux. Without the right to it, all goes on as well.
      if (::getpriority(PRIO_PROCESS, 0) > kNice) ::setpriority(PRIO_PROCESS, 0, kNice);
      run();
    });
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
