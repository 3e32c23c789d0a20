#include "tap_thread.h"

#include <cerrno>
#include <cstring>

#include "packet_headers.h"

namespace evio {
namespace {

enum Key : uint64_t { kTap, kWakeup };

/// Frames of one batch: enough to pack small ones well, few enough that none of them waits long for
/// the trains to be sent.
constexpr int kBatch = 64;

}  // namespace

TapThread::TapThread(std::shared_ptr<Overlay> overlay, const Registry &registry, const Sockets &sockets,
                     StreamPost post, EventQueue &events, std::function<void()> unanswered)
    : overlay_(std::move(overlay)), registry_(registry), events_(events),
      transmitter_(sockets, std::move(post), counters_, events, true),
      forwarder_(Sender::frames, registry.published(), transmitter_, counters_, events, unanswered),
      sender_(overlay_, forwarder_, counters_, events, unanswered),
      buffer_(kVnetHeaderBytes + kLargestFrameBytes) {
  poller_.add(overlay_->tap.fd(), EPOLLIN, kTap);
  poller_.add(wakeup_.fd(), EPOLLIN, kWakeup);
  thread_ = Thread("evio-tap", [this] { run(); });
}

TapThread::~TapThread() {
  stopping_.store(true);
  wakeup_.notify();
  thread_.join();
}

void TapThread::run() {
  ViewReader view(registry_.published());
  while (!stopping_.load(std::memory_order_relaxed)) {
    bool readable = false;
    for (const epoll_event &event : poller_.wait(sender_.deadline())) {
      if (event.data.u64 == kWakeup) {
        wakeup_.clear();
      } else if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
        events_.push(event::Failed{"the TAP device " + overlay_->tap.name() + " is gone"});
        return;
      } else {
        readable = true;
      }
    }
    const Micros now = now_micros();
    if (view.refresh()) {
      forwarder_.refresh();
      sender_.flush_pending(*view, now);
    }
    sender_.expire(*view, now);
    if (readable && !read_batch(*view, now)) {
      events_.push(event::Failed{"cannot read the TAP device " + overlay_->tap.name() + ": " +
                                 std::strerror(errno)});
      return;
    }
  }
}

bool TapThread::read_batch(const View &view, Micros now) {
  for (int i = 0; i < kBatch; ++i) {
    const ssize_t n = overlay_->tap.read(buffer_);
    if (n < 0) return false;
    if (n == 0) break;
    counters_.add(Counter::tapReads);
    const MutableBytes bytes(buffer_.data(), static_cast<size_t>(n));
    const std::optional<VnetHeader> header = read_vnet_header(bytes);
    if (header) {
      sender_.frame(view, *header, bytes.subspan(kVnetHeaderBytes), now);
    } else {
      counters_.add(Counter::dropTapFrameMalformed);
    }
  }
  sender_.end_batch();
  return true;
}

}  // namespace evio
