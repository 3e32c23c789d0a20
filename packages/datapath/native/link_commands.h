// What other threads ask of the link thread. They hold the lock for a moment; the link thread takes all
// at once. Bounded: what does not fit is refused, but never that a TAP comes or goes.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "flood_table.h"
#include "path.h"
#include "peer.h"
#include "tap_port.h"
#include "turn_stream.h"

namespace evio {

namespace command {

struct SendControl {
  PeerId peer;
  std::vector<uint8_t> bytes;
};
/// An echo request of a given datagram size (0: the smallest), whose reply TypeScript gets.
struct Probe {
  PeerId peer;
  uint32_t token;
  size_t datagram_bytes;
};
/// An echo request of the datapath's own: shows the peer our keys and our address, measures.
struct Echo {
  PeerId peer;
};
/// A raw datagram (a handshake) for a node of an overlay, through others.
struct SendOverlay {
  OverlayId overlay;
  NodeId node;
  std::vector<uint8_t> bytes;
};
struct OpenStream {
  StreamId stream;
  TurnStreamOptions options;
};
struct CloseStream {
  StreamId stream;
};
struct StreamMessage {
  StreamId stream;
  std::vector<uint8_t> bytes;
};
struct IgnoreInterfaces {
  std::set<int> indexes;
};
/// The neighbours changed: what of the last seconds' floods must be sent again.
struct RepairFloods {
  OverlayId overlay;
  std::shared_ptr<const FloodTable> before;
  std::set<NodeId> lost;
};
struct ForgetPeer {
  PeerId peer;
};
/// From now on the link thread reads this TAP.
struct AttachTap {
  std::shared_ptr<TapPort> port;
};
/// It reads the TAP no more; `done` tells when it has let go.
struct DetachTap {
  OverlayId overlay;
  std::promise<void> done;
};

using Any = std::variant<SendControl, Probe, Echo, SendOverlay, OpenStream, CloseStream, StreamMessage, IgnoreInterfaces,
                         RepairFloods, ForgetPeer, AttachTap, DetachTap>;

}  // namespace command

class LinkCommands {
 public:
  static constexpr size_t kMaxBytes = 2 << 20;
  static constexpr size_t kMaxCommands = 16384;

  /// False when it was refused. `bytes`: of its contents. `first`: whether the queue was empty.
  bool push(command::Any command, size_t bytes, bool &first) {
    const std::lock_guard lock(mutex_);
    const bool refusable = !std::holds_alternative<command::AttachTap>(command) &&
                           !std::holds_alternative<command::DetachTap>(command);
    if (refusable && (bytes_ + bytes > kMaxBytes || commands_.size() >= kMaxCommands)) return false;
    first = commands_.empty();
    bytes_ += bytes;
    commands_.push_back(std::move(command));
    return true;
  }

  std::vector<command::Any> take() {
    const std::lock_guard lock(mutex_);
    bytes_ = 0;
    return std::exchange(commands_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<command::Any> commands_;
  size_t bytes_ = 0;
};

}  // namespace evio
