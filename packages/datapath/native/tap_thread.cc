#include "tap_thread.h"

namespace evio {
namespace {

enum Key : uint64_t { kTap, kWakeup };

}  // namespace

TapThread::TapThread(std::shared_ptr<TapPort> port) : port_(std::move(port)) {
  poller_.add(port_->fd(), EPOLLIN, kTap);
  poller_.add(wakeup_.fd(), EPOLLIN, kWakeup);
  thread_ = Thread("evio-tap", [this] { run(); });
}

TapThread::~TapThread() {
  stopping_.store(true);
  wakeup_.notify();
  thread_.join();
}

void TapThread::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    const auto events = poller_.wait(port_->deadline());
    const Micros now = now_micros();
    port_->refresh(now);
    for (const epoll_event &event : events) {
      if (event.data.u64 == kWakeup) {
        wakeup_.clear();
      } else if (!port_->read(event.events, now)) {
        return;
      }
    }
  }
}

}  // namespace evio
