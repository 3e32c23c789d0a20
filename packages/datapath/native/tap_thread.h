// The thread of one TAP: reads frames and sends them to peers (FrameSender). It sleeps when the TAP has
// nothing; a change in the registry wakes it, because waiting frames may go then.
#pragma once

#include <atomic>
#include <memory>

#include "forwarder.h"
#include "frame_sender.h"
#include "poller.h"
#include "registry.h"
#include "thread.h"
#include "transmitter.h"
#include "wakeup.h"

namespace evio {

class TapThread {
 public:
  TapThread(std::shared_ptr<Overlay> overlay, const Registry &registry, const Sockets &sockets,
            StreamPost post, EventQueue &events, std::function<void()> unanswered);
  ~TapThread();

  OverlayId overlay() const { return overlay_->id; }
  const Counters &counters() const { return counters_; }
  void wake() const { wakeup_.notify(); }

 private:
  void run();
  /// Sends what the TAP has ready, up to a bound; false when the device is gone.
  bool read_batch(const View &view, Micros now);

  std::shared_ptr<Overlay> overlay_;
  const Registry &registry_;
  EventQueue &events_;
  Counters counters_;
  SocketTransmitter transmitter_;
  Forwarder forwarder_;
  FrameSender sender_;
  Wakeup wakeup_;
  Poller poller_;
  std::vector<uint8_t> buffer_;
  std::atomic<bool> stopping_{false};
  Thread thread_;  // last: it uses the others
};

}  // namespace evio
