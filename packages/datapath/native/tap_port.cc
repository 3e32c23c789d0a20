#include "tap_port.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

#include "packet_headers.h"

namespace evio {
namespace {

/// One batch: enough to pack small frames well, few enough that what comes from the network meanwhile waits
/// for a quarter of a millisecond at most.
constexpr int kBatch = 64;
constexpr size_t kBatchBytes = 256 << 10;

}  // namespace

TapPort::TapPort(std::shared_ptr<Overlay> overlay, const Registry &registry, const Sockets &sockets,
                 StreamPost post, EventQueue &events, std::function<void()> unanswered, int patience)
    : overlay_(std::move(overlay)), events_(events),
      transmitter_(sockets, std::move(post), counters_, events, patience),
      forwarder_(Sender::frames, registry.published(), transmitter_, counters_, events, unanswered),
      sender_(overlay_, forwarder_, counters_, events, unanswered), view_(registry.published()),
      buffer_(kVnetHeaderBytes + kLargestFrameBytes) {}

void TapPort::refresh(Micros now) {
  if (view_.refresh()) {
    forwarder_.refresh();
    sender_.flush_pending(*view_, now);
  }
  sender_.expire(*view_, now);
}

std::optional<size_t> TapPort::read(uint32_t events, Micros now) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return failed("the TAP device " + overlay_->tap.name() + " is gone");
  size_t bytes_read = 0;
  for (int i = 0; i < kBatch && bytes_read < kBatchBytes; ++i) {
    const ssize_t n = overlay_->tap.read(buffer_);
    if (n < 0) {
      return failed("cannot read the TAP device " + overlay_->tap.name() + ": " + std::strerror(errno));
    }
    if (n == 0) break;
    counters_.add(Counter::tapReads);
    bytes_read += static_cast<size_t>(n);
    const MutableBytes bytes(buffer_.data(), static_cast<size_t>(n));
    const std::optional<VnetHeader> header = read_vnet_header(bytes);
    if (header) {
      sender_.frame(*view_, *header, bytes.subspan(kVnetHeaderBytes), now);
    } else {
      counters_.add(Counter::dropTapFrameMalformed);
    }
  }
  sender_.end_batch();
  return bytes_read;
}

std::nullopt_t TapPort::failed(const std::string &what) {
  events_.push(event::Failed{what});
  return std::nullopt;
}

}  // namespace evio
