#include "train.h"

#include <algorithm>
#include <cstring>

namespace evio {

using namespace wire;

void Train::begin(const PeerEntry &entry) {
  peer_ = entry.peer;
  session_ = entry.sending;
  path_ = *entry.path;
  prefix_ = path_.prefix_bytes();
  limit_ = entry.path_mtu;
  first_ = start_ = cursor_ = 0;
  count_ = 0;
  closed_ = false;
}

size_t Train::room_left() const {
  if (!open()) return 0;
  const size_t used = cursor_ - start_ + kTagBytes + kRecordHeaderBytes;
  return used < limit_ ? limit_ - used : 0;
}

uint8_t *Train::add(Kind kind, uint8_t flags, size_t length) {
  if (open() && length > room_left()) end_datagram();
  if (!open()) {
    if (start_ + limit_ > buffer_.size()) {
      send();
      start_ = cursor_ = first_ = 0;
    }
    cursor_ = start_ + prefix_ + kHeaderBytes;
  }
  uint8_t *record = &buffer_[cursor_];
  write_record_header(record, kind, flags, length);
  cursor_ += kRecordHeaderBytes + length;
  return record + kRecordHeaderBytes;
}

void Train::add_fragments(uint8_t flags, Bytes whole, uint32_t number) {
  const size_t piece = limit_ - prefix_ - kOverheadBytes - kRecordHeaderBytes - kFragmentHeaderBytes;
  end_datagram();
  for (size_t at = 0; at < whole.size(); at += piece) {
    const Bytes part = whole.subspan(at, std::min(piece, whole.size() - at));
    uint8_t *body = add(Kind::fragment, flags, kFragmentHeaderBytes + part.size());
    write_fragment_header(body, {number, static_cast<uint16_t>(at), static_cast<uint16_t>(whole.size())});
    std::copy(part.begin(), part.end(), body + kFragmentHeaderBytes);
    counters_.add(Counter::fragmentsSent);
  }
}

void Train::pad_to(size_t bytes) {
  const size_t end = start_ + std::min(bytes, limit_);
  if (!open() || cursor_ + kTagBytes >= end) return;
  std::memset(&buffer_[cursor_], 0, end - kTagBytes - cursor_);  // kind 0: padding
  cursor_ = end - kTagBytes;
}

void Train::end_datagram() {
  if (!open()) return;
  const size_t size = cursor_ - start_ + kTagBytes;
  uint8_t *datagram = &buffer_[start_];
  const std::optional<uint64_t> counter = session_->take_counters();
  if (!counter) {
    counters_.add(Counter::dropSessionExhausted);
    if (!session_->exhausted_reported.exchange(true)) {
      events_.push(event::Exhausted{peer_->id, session_->local_index});
    }
    cursor_ = start_;
    return;
  }
  if (prefix_ != 0) {
    write_u16(datagram, path_.channel);
    write_u16(datagram + 2, static_cast<uint16_t>(size - prefix_));
  }
  uint8_t *header = datagram + prefix_;
  write_header(header, {0, session_->remote_index, *counter});
  const MutableBytes text(header + kHeaderBytes, size - prefix_ - kOverheadBytes);
  if (!session_->sealer(sender_).seal(*counter, {header, kHeaderBytes}, text, text.data() + text.size())) {
    counters_.add(Counter::dropSealFailed);
    cursor_ = start_;
    return;
  }
  const bool fits = count_ == 0 || (!closed_ && size <= segment_);
  if (!fits) send();
  if (count_ == 0) segment_ = size;
  closed_ = size < segment_;
  ++count_;
  start_ = cursor_ = start_ + size;
  if (count_ == kMaxSegments) send();
}

void Train::send() {
  if (count_ == 0) return;
  const Bytes bytes(&buffer_[first_], start_ - first_);
  transmitter_.transmit({path_, bytes, segment_, count_, peer_->id});
  peer_->tx_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
  first_ = start_;
  count_ = 0;
  closed_ = false;
}

void Train::flush() {
  if (peer_ == nullptr) return;
  end_datagram();
  send();
  peer_ = nullptr;
  session_ = nullptr;
}

}  // namespace evio
