// The thread of one TAP, on hosts with cores to spare (engine.h says when). It sleeps when the TAP has
// nothing; a change in the registry wakes it, because waiting frames may go then.
#pragma once

#include <atomic>
#include <memory>

#include "poller.h"
#include "tap_port.h"
#include "thread.h"
#include "wakeup.h"

namespace evio {

class TapThread {
 public:
  explicit TapThread(std::shared_ptr<TapPort> port);
  ~TapThread();

  void wake() const { wakeup_.notify(); }

 private:
  void run();

  std::shared_ptr<TapPort> port_;
  Wakeup wakeup_;
  Poller poller_;
  std::atomic<bool> stopping_{false};
  Thread thread_;  // last: it uses the others
};

}  // namespace evio
