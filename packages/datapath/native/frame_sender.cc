#include "frame_sender.h"

#include <algorithm>
#include <cstring>

#include "segmenter.h"
#include "switch.h"

namespace evio {
namespace {

constexpr Micros kWantedPause = kSecond;

}  // namespace

FrameSender::FrameSender(std::shared_ptr<Overlay> overlay, Transmitter &transmitter,
                         Counters &counters, EventQueue &events, std::function<void()> unanswered)
    : overlay_(std::move(overlay)), counters_(counters), events_(events),
      unanswered_(std::move(unanswered)), trains_(kTrains, Sender::frames, transmitter, counters, events) {}

void FrameSender::frame(const View &view, const VnetHeader &header, MutableBytes frame, Micros now) {
  if (frame.size() < kEthernetMinBytes) return counters_.add(Counter::dropTapFrameMalformed);
  const TapFrame kind = classify_tap_frame(header, frame);
  if (kind == TapFrame::invalid || kind == TapFrame::unsegmentable) {
    return counters_.add(Counter::dropTapFrameMalformed);
  }
  const Egress where = egress(*overlay_, frame, now);
  switch (where.to) {
    case Egress::To::here:
      return counters_.add(Counter::dropDestinationLocal);
    case Egress::To::peer:
      if (where.slot < view.peers.size() && view.peers[where.slot].peer) {
        to_peer(view.peers[where.slot], header, kind, frame, now, false);
      } else {
        counters_.add(Counter::dropPeerGone);
      }
      return;
    case Egress::To::all:
      counters_.add(Counter::floodedFrames);
      bool any = false;
      for (const PeerEntry &entry : view.peers) {
        if (!entry.peer || entry.peer->overlay != overlay_->id) continue;
        to_peer(entry, header, kind, frame, now, true);
        any = true;
      }
      if (!any) counters_.add(Counter::dropNoPeers);
      return;
  }
}

void FrameSender::to_peer(const PeerEntry &entry, const VnetHeader &header, TapFrame kind, Bytes frame,
                          Micros now, bool flood) {
  if (entry.linked()) return send(entry, header, kind, frame, now);
  PendingFrame waiting{header, kind, now, std::vector<uint8_t>(frame.begin(), frame.end())};
  const bool queued = pending_.add(entry.peer->id, std::move(waiting));
  counters_.add(queued ? Counter::queuedFrames : Counter::dropQueueFull);
  // Broadcasts wait as well, but are no reason to make a link.
  Peer &peer = *entry.peer;
  if (flood || (peer.last_wanted != 0 && now - peer.last_wanted < kWantedPause)) return;
  peer.last_wanted = now;
  events_.push(event::Wanted{peer.id});
}

void FrameSender::send(const PeerEntry &entry, const VnetHeader &header, TapFrame kind, Bytes frame,
                       Micros now) {
  Train &train = trains_.to(entry);
  // A TCP packet that is too long for the path is cut like a super-frame: losing one segment costs
  // less than losing one fragment.
  const bool cut = kind == TapFrame::super_frame ||
                   (kind == TapFrame::checksum_needed && frame.size() > Train::room(entry));
  if (!cut || !send_segments(train, entry, header, frame)) {
    if (kind == TapFrame::super_frame) return counters_.add(Counter::dropTapFrameMalformed);
    const uint8_t flags = kind == TapFrame::checksum_needed ? wire::kFlagChecksumNeeded : 0;
    send_whole(train, entry, flags, frame);
  }
  Peer &peer = *entry.peer;
  peer.tx_frames.fetch_add(1, std::memory_order_relaxed);
  peer.last_sent.store(now, std::memory_order_relaxed);
  counters_.add(Counter::txFrames);
  if (peer.unanswered_since.load(std::memory_order_relaxed) == 0) {
    peer.unanswered_since.store(now, std::memory_order_relaxed);
    unanswered_();
  }
}

void FrameSender::send_whole(Train &train, const PeerEntry &entry, uint8_t flags, Bytes frame) {
  const size_t room = Train::room(entry);
  if (frame.size() <= room) {
    if (frame.size() <= train.room_left()) counters_.add(Counter::packedFrames);
    std::copy(frame.begin(), frame.end(), train.add(wire::Kind::frame, flags, frame.size()));
    return;
  }
  if (frame.size() > 65535) return counters_.add(Counter::dropFrameTooLarge);
  const size_t piece = room - wire::kFragmentHeaderBytes;
  const uint32_t number = entry.peer->next_fragmented++ & ~wire::kControlNumber;
  train.end_datagram();
  for (size_t at = 0; at < frame.size(); at += piece) {
    const Bytes part = frame.subspan(at, std::min(piece, frame.size() - at));
    uint8_t *body = train.add(wire::Kind::fragment, flags, wire::kFragmentHeaderBytes + part.size());
    wire::write_fragment_header(body, {number, static_cast<uint16_t>(at),
                                       static_cast<uint16_t>(frame.size())});
    std::copy(part.begin(), part.end(), body + wire::kFragmentHeaderBytes);
    counters_.add(Counter::fragmentsSent);
  }
}

bool FrameSender::send_segments(Train &train, const PeerEntry &entry, const VnetHeader &header,
                                Bytes frame) {
  const size_t room = Train::room(entry) - kSegmentHintBytes;
  const std::optional<Segmenter> plan = Segmenter::plan(header, frame, room);
  if (!plan) return false;
  const size_t count = plan->count();
  if (plan->segment_bytes(0) > room) {
    // UDP datagrams keep their borders: each becomes a frame of its own, in fragments.
    segment_.resize(plan->segment_bytes(0));
    for (size_t i = 0; i < count; ++i) {
      const size_t size = plan->write(i, segment_);
      send_whole(train, entry, wire::kFlagChecksumNeeded, {segment_.data(), size});
    }
    return true;
  }
  const uint16_t number = entry.peer->next_super_frame;
  entry.peer->next_super_frame = static_cast<uint16_t>(number + plan->numbers());
  // A datagram for each segment, so that all but the last are equal and go out in one send.
  for (size_t i = 0; i < count; ++i) {
    const size_t size = plan->segment_bytes(i);
    train.end_datagram();
    uint8_t *body = train.add(wire::Kind::segment, 0, kSegmentHintBytes + size);
    write_segment_hint(plan->hint(i, number), body);
    plan->write(i, {body + kSegmentHintBytes, size});
  }
  return true;
}

void FrameSender::end_batch() { trains_.flush(); }

void FrameSender::flush_pending(const View &view, Micros now) {
  if (pending_.empty()) return;
  pending_.take(
      [&](PeerId id) {
        const PeerEntry *entry = view.find(id);
        return entry == nullptr || entry->linked();
      },
      [&](PeerId id, const PendingFrame &waiting) {
        const PeerEntry *entry = view.find(id);
        if (entry == nullptr) return counters_.add(Counter::dropPeerGone);
        send(*entry, waiting.header, waiting.kind, waiting.bytes, now);
        counters_.add(Counter::flushedFrames);
      });
  end_batch();
}

void FrameSender::expire(Micros now) { counters_.add(Counter::dropQueueTimeout, pending_.expire(now)); }

}  // namespace evio
