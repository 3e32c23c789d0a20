// One TAP at work: reads its frames and sends them to peers (FrameSender). Belongs to the thread whose
// poller watches fd(): one of its own (tap_thread.h) or the link thread.
//
//   1. refresh(now)   each turn: after a change in the registry, waiting frames may go
//   2. read(now)      when fd() is readable: a batch of frames, and what they became is sent
#pragma once

#include <memory>
#include <optional>

#include "forwarder.h"
#include "frame_sender.h"
#include "registry.h"
#include "transmitter.h"

namespace evio {

class TapPort {
 public:
  /// `patience`: the SocketTransmitter's.
  TapPort(std::shared_ptr<Overlay> overlay, const Registry &registry, const Sockets &sockets, StreamPost post,
          EventQueue &events, std::function<void()> unanswered, int patience);
  TapPort(const TapPort &) = delete;
  TapPort &operator=(const TapPort &) = delete;

  OverlayId overlay() const { return overlay_->id; }
  int fd() const { return overlay_->tap.fd(); }
  /// Any thread.
  const Counters &counters() const { return counters_; }

  /// Takes the newest view, drops what waited too long.
  void refresh(Micros now);
  /// Sends what the TAP has ready, up to a bound; returns how many bytes that were. `events`: epoll's.
  /// Nothing, and told, when the device is gone.
  std::optional<size_t> read(uint32_t events, Micros now);
  /// When refresh() has something to do at the latest.
  std::optional<Micros> deadline() const { return sender_.deadline(); }

 private:
  std::nullopt_t failed(const std::string &what);

  std::shared_ptr<Overlay> overlay_;
  EventQueue &events_;
  Counters counters_;
  SocketTransmitter transmitter_;
  Forwarder forwarder_;
  FrameSender sender_;
  ViewReader view_;
  std::vector<uint8_t> buffer_;
};

}  // namespace evio
