#include "frame_sender.h"

#include <algorithm>
#include <cstring>

#include "address_frames.h"
#include "flood_writer.h"
#include "group_frames.h"
#include "segmenter.h"
#include "switch.h"

namespace evio {
namespace {

constexpr Micros kWantedPause = kSecond;
/// Under this, floods wait for the first neighbour, or the first peer: the kernel asks for an address as
/// soon as the TAP has a reader, and does not ask again for a second.
constexpr PeerId kNobody = 0;

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
  if (const std::optional<AddressClaim> claim = read_address_claim(frame)) {
    overlay_->addresses.see(claim->ip, claim->mac, claim->router, AddressTable::Side::local, now);
  }
  const Egress where = egress(*overlay_, frame, now);
  if (where.loop && *where.loop < view.peers.size() && view.peers[*where.loop].peer) {
    events_.push(event::Loop{overlay_->id, read_mac(&frame[6]), view.peers[*where.loop].peer->id});
  }
  switch (where.to) {
    case Egress::To::looping:
      return counters_.add(Counter::dropLoop);
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
      if (answer(frame, now)) return counters_.add(Counter::answeredLocally);
      if ((frame[0] & 1) != 0 && beacon(view, frame, now)) return;
      if ((frame[0] & 1) != 0 && group(view, header, kind, frame, now)) return;
      counters_.add(Counter::floodedFrames);
      return flood(view, header, kind, frame, now);
  }
}

bool FrameSender::answer(Bytes frame, Micros now) {
  const std::optional<AddressQuestion> question = read_address_question(frame);
  if (!question) return false;
  const auto known = overlay_->addresses.answer(question->ip, question->asker, now);
  // Whoever is on this host answers for itself.
  if (!known || known->mac == overlay_->own_mac || known->mac == question->asker ||
      overlay_->macs.find(known->mac, now) == kLocalOwner) {
    return false;
  }
  std::vector<uint8_t> reply = address_answer(frame, *known);
  const iovec part{reply.data(), reply.size()};
  return overlay_->tap.write(VnetHeader{}, {&part, 1});
}

bool FrameSender::group(const View &view, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now) {
  if (const std::optional<GroupMessage> message = read_group_message(frame)) {
    overlay_->groups.note_here(*message, now);
    group_chores(view, now);
    // What a router says is for all. Hosts elsewhere that heard a report would keep their own back.
    const bool ours = message->kind == GroupMessage::Kind::report || message->kind == GroupMessage::Kind::proxy_query;
    if (ours) counters_.add(Counter::groupReports);
    return ours;
  }
  const std::optional<IpBits> group = prunable_group(frame);
  if (!group) return false;
  const GroupTable::Way way = overlay_->groups.way(*group, now);
  if (way.all) return false;
  counters_.add(way.owners.empty() ? Counter::groupFramesUnwanted : Counter::groupFrames);
  for (const Owner owner : way.owners) {
    if (owner >= view.peers.size() || !view.peers[owner].peer) continue;
    to_peer(view.peers[owner], header, kind, frame, now, false);
  }
  return true;
}

bool FrameSender::beacon(const View &view, Bytes frame, Micros now) {
  if (const std::optional<NodeId> node = read_loop_beacon(frame)) {
    const OverlayEntry *home = view.overlay(overlay_->id);
    const PeerEntry *peer = home == nullptr ? nullptr : view.peer_of(*home, *node);
    if (peer != nullptr && overlay_->flaps.joined(slot_of(peer->peer->id), now)) {
      events_.push(event::Loop{overlay_->id, read_mac(&frame[6]), peer->peer->id});
    }
    counters_.add(Counter::loopBeacons);
    return true;
  }
  if (!repeats_.suspicious(frame, now)) return false;
  std::vector<uint8_t> sent = loop_beacon(GroupSpeaker::of(overlay_->own_mac).mac, overlay_->node);
  const iovec part{sent.data(), sent.size()};
  overlay_->tap.write(VnetHeader{}, {&part, 1});
  return false;
}

void FrameSender::group_chores(const View &view, Micros now) {
  GroupTable &groups = overlay_->groups;
  const GroupTable::Chores chores = groups.chores(now);
  const GroupSpeaker speaker = GroupSpeaker::of(overlay_->own_mac);
  if (chores.query) {
    for (std::vector<uint8_t> &query : group_queries(speaker, chores.soon)) {
      const iovec part{query.data(), query.size()};
      // A device that is down has no listeners.
      overlay_->tap.write(VnetHeader{}, {&part, 1});
    }
  }
  if (chores.announce.empty()) return;
  for (const std::vector<uint8_t> &report : group_reports({overlay_->own_mac, speaker.link_local}, chores.announce)) {
    flood(view, VnetHeader{}, TapFrame::plain, report, now);
  }
}

void FrameSender::flood(const View &view, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now) {
  const OverlayEntry *home = view.overlay(overlay_->id);
  if (home == nullptr) return counters_.add(Counter::dropNoPeers);
  if (!home->floods) return to_each_peer(view, header, kind, frame, now);
  if (home->floods->empty()) return wait(kNobody, header, kind, frame, now);
  if (kind != TapFrame::super_frame) {
    const bool open = kind == TapFrame::checksum_needed;
    return flood_whole(view, *home->floods, open ? wire::kFlagFloodChecksumNeeded : 0, frame, now);
  }
  // A hint of one sender means nothing to who gets it from another: each segment is a frame.
  const std::optional<Segmenter> plan = Segmenter::plan(header, frame, kLargestFrameBytes);
  if (!plan) return counters_.add(Counter::dropTapFrameMalformed);
  for (size_t i = 0; i < plan->count(); ++i) {
    segment_.resize(plan->segment_bytes(i));
    plan->write(i, segment_);
    flood_whole(view, *home->floods, wire::kFlagFloodChecksumNeeded, segment_, now);
  }
}

void FrameSender::flood_whole(const View &view, const FloodTable &floods, uint8_t flags, Bytes frame, Micros now) {
  if (!overlay_->flood_budget.take(now)) return counters_.add(Counter::dropFloodStorm);
  const bool carries = overlay_->carries.load(std::memory_order_relaxed);
  const wire::FloodHeader header{overlay_->node, overlay_->node, overlay_->next_flood++, 0, flags, {}};
  if (carries) overlay_->flood_log.add(header, frame, now);
  const std::vector<FloodCopy> copies = floods.start(carries);
  if (copies.empty()) return counters_.add(Counter::dropNoPeers);
  write_flood_copies(view, copies, header, frame, Sender::frames, trains_, counters_,
                     [&](Peer &peer) { note_sent(peer, now); });
}

void FrameSender::to_each_peer(const View &view, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now) {
  bool any = false;
  for (const PeerEntry &entry : view.peers) {
    if (!entry.peer || entry.peer->overlay != overlay_->id) continue;
    to_peer(entry, header, kind, frame, now, true);
    any = true;
  }
  if (!any) wait(kNobody, header, kind, frame, now);
}

void FrameSender::wait(PeerId peer, const VnetHeader &header, TapFrame kind, Bytes frame, Micros now) {
  PendingFrame waiting{header, kind, now, std::vector<uint8_t>(frame.begin(), frame.end())};
  const bool queued = pending_.add(peer, std::move(waiting));
  counters_.add(queued ? Counter::queuedFrames : Counter::dropQueueFull);
}

void FrameSender::note_sent(Peer &peer, Micros now) {
  peer.tx_frames.fetch_add(1, std::memory_order_relaxed);
  peer.last_sent.store(now, std::memory_order_relaxed);
  counters_.add(Counter::txFrames);
  if (peer.unanswered_since.load(std::memory_order_relaxed) != 0) return;
  peer.unanswered_since.store(now, std::memory_order_relaxed);
  unanswered_();
}

void FrameSender::to_peer(const PeerEntry &entry, const VnetHeader &header, TapFrame kind, Bytes frame,
                          Micros now, bool flood) {
  if (entry.linked()) return send(entry, header, kind, frame, now);
  wait(entry.peer->id, header, kind, frame, now);
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
  note_sent(*entry.peer, now);
}

void FrameSender::send_whole(Train &train, const PeerEntry &entry, uint8_t flags, Bytes frame) {
  const size_t room = Train::room(entry);
  if (frame.size() <= room) {
    if (!overlay_->tap.super_frames()) train.end_datagram();
    if (frame.size() <= train.room_left()) counters_.add(Counter::packedFrames);
    std::copy(frame.begin(), frame.end(), train.add(wire::Kind::frame, flags, frame.size()));
    return;
  }
  if (frame.size() > 65535) return counters_.add(Counter::dropFrameTooLarge);
  train.add_fragments(flags, frame, next_fragment_number(*entry.peer, Sender::frames));
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
  const OverlayEntry *home = view.overlay(overlay_->id);
  const bool can_flood = home != nullptr && !(home->floods ? home->floods->empty() : home->nodes->empty());
  overlay_->groups.joined(can_flood, now);
  if (pending_.empty()) return;
  pending_.take(
      [&](PeerId id) {
        if (id == kNobody) return can_flood;
        const PeerEntry *entry = view.find(id);
        return entry == nullptr || entry->linked();
      },
      [&](PeerId id, const PendingFrame &waiting) {
        if (id == kNobody) {
          counters_.add(Counter::flushedFrames);
          if (answer(waiting.bytes, now)) return counters_.add(Counter::answeredLocally);
          return flood(view, waiting.header, waiting.kind, waiting.bytes, now);
        }
        const PeerEntry *entry = view.find(id);
        if (entry == nullptr) return counters_.add(Counter::dropPeerGone);
        send(*entry, waiting.header, waiting.kind, waiting.bytes, now);
        counters_.add(Counter::flushedFrames);
      });
  end_batch();
}

void FrameSender::expire(const View &view, Micros now) {
  counters_.add(Counter::dropQueueTimeout, pending_.expire(now));
  if (now < overlay_->groups.due()) return;
  group_chores(view, now);
  end_batch();
}

std::optional<Micros> FrameSender::deadline() const {
  const Micros due = overlay_->groups.due();
  const std::optional<Micros> waiting = pending_.deadline();
  return waiting ? std::min(*waiting, due) : due;
}

}  // namespace evio
