#include "receiver.h"

#include <algorithm>
#include <array>

#include "address_frames.h"
#include "group_frames.h"
#include "switch.h"

namespace evio {
namespace {

/// The current path must be silent for this long before another address may take over: so that
/// datagrams that were late or duplicated on an old path don't pull it back and forth.
constexpr Micros kRoamSilence = 250 * kMillisecond;

/// Bounds of a handshake datagram: type, index and MAC at least; a Noise message with a node record at
/// most.
constexpr size_t kMinHandshakeBytes = 24;
constexpr size_t kMaxHandshakeBytes = 4096;
/// STUN with all attributes that ICE and TURN use stays far below.
constexpr size_t kMaxUpBytes = 4096;
constexpr size_t kMaxControlBytes = 32 * 1024;

}  // namespace

using wire::Kind;

Receiver::Receiver(Registry &registry, Forwarder &forwarder, Counters &counters, EventQueue &events)
    : registry_(registry), view_(registry.published()), forwarder_(forwarder), counters_(counters),
      events_(events), train_(Sender::link, forwarder, counters, events),
      flood_relay_(forwarder, counters, events), merger_(*this) {}

void Receiver::datagram(MutableBytes bytes, const Arrival &arrival, Micros now) {
  view_.refresh();
  counters_.add(Counter::rxDatagrams);
  counters_.add(Counter::rxBytes, bytes.size());
  if (bytes.empty()) return counters_.add(Counter::dropEmptyDatagram);
  const uint8_t first = bytes[0];
  if (first >= wire::kChannelFirst && first <= wire::kChannelLast) return channel(bytes, arrival, now);
  Path via;
  via.carrier = arrival.stream != 0 ? Carrier::raw_stream : Carrier::direct;
  via.stream = arrival.stream;
  via.to = via.remote = arrival.from;
  via.source = arrival.local.host();
  if (first <= wire::kStunLast) return up(bytes, via, arrival);
  // Ours come straight or in a channel; on a bare stream there is no peer.
  if (first >= wire::kOursFirst && arrival.stream == 0) return ours(bytes, via, arrival, now);
  counters_.add(Counter::dropUnknownType);
}

void Receiver::up(Bytes bytes, Path via, const Arrival &arrival) {
  if (bytes.size() > kMaxUpBytes) return counters_.add(Counter::dropHandshakeMalformed);
  event::Datagram event{{bytes.begin(), bytes.end()}, std::move(via), arrival.local};
  if (!events_.push(std::move(event))) counters_.add(Counter::dropUpQueueFull);
}

void Receiver::channel(MutableBytes bytes, const Arrival &arrival, Micros now) {
  if (bytes.size() < wire::kChannelHeaderBytes) return counters_.add(Counter::dropChannelMalformed);
  const uint16_t number = read_u16(&bytes[0]);
  const size_t length = read_u16(&bytes[2]);
  // By UDP there may be padding behind (RFC 8656 §12.5).
  if (length == 0 || length > bytes.size() - wire::kChannelHeaderBytes) {
    return counters_.add(Counter::dropChannelMalformed);
  }
  const auto bound = view_->channels.find(ChannelKey{arrival.from, arrival.stream, number});
  if (bound == view_->channels.end()) return counters_.add(Counter::dropChannelUnknown);
  Path via;
  via.carrier = arrival.stream != 0 ? Carrier::turn_stream : Carrier::turn_udp;
  via.to = arrival.from;
  via.source = arrival.local.host();
  via.stream = arrival.stream;
  via.channel = number;
  via.remote = bound->second;
  const MutableBytes inner = bytes.subspan(wire::kChannelHeaderBytes, length);
  if (inner[0] <= wire::kStunLast) return up(inner, via, arrival);
  if (inner[0] >= wire::kOursFirst) return ours(inner, via, arrival, now);
  counters_.add(Counter::dropUnknownType);
}

void Receiver::ours(MutableBytes bytes, const Path &via, const Arrival &arrival, Micros now) {
  switch (bytes[0]) {
    case wire::kTransport:
      return transport(bytes, via, now);
    case wire::kInitiation:
    case wire::kResponse:
      if (bytes.size() < kMinHandshakeBytes || bytes.size() > kMaxHandshakeBytes) {
        return counters_.add(Counter::dropHandshakeMalformed);
      }
      return up(bytes, via, arrival);
    default:
      return counters_.add(Counter::dropUnknownType);
  }
}

void Receiver::transport(MutableBytes bytes, const Path &via, Micros now) {
  if (bytes.size() < wire::kOverheadBytes) return counters_.add(Counter::dropTruncatedDatagram);
  const std::optional<wire::Header> header = wire::read_header(bytes.data());
  if (!header) return counters_.add(Counter::dropHeaderInvalid);
  std::shared_ptr<Session> &last = last_[via.through_overlay() ? 1 : 0];
  if (!last || last->local_index != header->receiver) {
    const auto found = view_->sessions.find(header->receiver);
    if (found == view_->sessions.end()) return counters_.add(Counter::dropUnknownIndex);
    last = found->second;
  }
  const std::shared_ptr<Session> session = last;
  const PeerEntry *entry = view_->find(session->peer);
  if (entry == nullptr) return counters_.add(Counter::dropUnknownIndex);
  if (header->counter >= wire::kCounterLimit) return counters_.add(Counter::dropCounterExhausted);
  if (!session->window.fresh(header->counter)) return counters_.add(Counter::dropReplayed);
  const MutableBytes text = bytes.subspan(wire::kHeaderBytes, bytes.size() - wire::kOverheadBytes);
  if (!session->open.open(header->counter, bytes.first(wire::kHeaderBytes), text,
                          text.data() + text.size())) {
    return counters_.add(Counter::dropForged);
  }
  const bool newest = session->window.accept(header->counter);
  heard(session, *entry, via, newest, bytes.size(), now);
  // The view may have changed with what was heard.
  if (view_.refresh()) entry = view_->find(session->peer);
  if (entry == nullptr) return;
  records(*entry, via, text, now);
  if (via.through_overlay()) return;
  // None is added meanwhile: what came through the overlay has no forward records.
  for (const Inner &inner : inner_) {
    counters_.add(Counter::forwardsReceived);
    Path from;
    from.carrier = Carrier::overlay;
    from.overlay = inner.overlay;
    from.node = inner.source;
    ours(inner.datagram, from, {}, now);
  }
  inner_.clear();
}

void Receiver::heard(const std::shared_ptr<Session> &session, const PeerEntry &entry, const Path &via,
                     bool newest, size_t bytes, Micros now) {
  Peer &peer = *entry.peer;
  peer.rx_bytes.store(peer.rx_bytes.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  peer.last_received.store(now, std::memory_order_relaxed);
  if (peer.unanswered_since.load(std::memory_order_relaxed) != 0) {
    peer.unanswered_since.store(0, std::memory_order_relaxed);
  }
  peer.stall_echoes = 0;

  if (!session->confirmed.load(std::memory_order_relaxed)) {
    registry_.confirm(session);
    if (session->role == Role::responder) {
      events_.push(event::Established{peer.id, session->local_index});
    }
  }
  if (!entry.path) return;
  const Path &current = *entry.path;
  const bool on_path = current.carrier == via.carrier && current.to == via.to &&
                       current.stream == via.stream && current.channel == via.channel;
  if (on_path) {
    peer.last_on_path = now;
    return;
  }
  // Only a direct path moves by itself; between direct and relayed, ICE decides.
  const bool movable = current.carrier == Carrier::direct && via.carrier == Carrier::direct;
  if (!movable || !newest || now - peer.last_on_path < kRoamSilence) return;
  Path moved = via;
  if (!current.source) moved.source = {};  // it was the kernel's choice, and stays so
  if (!registry_.roam(peer.id, current, moved)) return;
  peer.last_on_path = now;
  counters_.add(Counter::roams);
  events_.push(event::Roamed{peer.id, moved});
}

void Receiver::records(const PeerEntry &entry, const Path &via, MutableBytes payload, Micros now) {
  wire::RecordReader reader(payload);
  while (const std::optional<wire::Record> record = reader.next()) {
    const uint8_t flags = record->flags;
    switch (record->kind) {
      case Kind::padding:  // the reader stops there
        break;
      case Kind::frame:
        frame(entry, record->body, (flags & wire::kFlagChecksumNeeded) != 0, now);
        break;
      case Kind::segment:
        segment(entry, record->body, now);
        break;
      case Kind::fragment:
        fragment(entry, flags, record->body, now);
        break;
      case Kind::forward:
        forward(entry, via, record->body, now);
        break;
      case Kind::control:
        control(entry, record->body);
        break;
      case Kind::flood:
        flood(entry, record->body, now);
        break;
      case Kind::echo_request:
        reply_echo(entry, flags, record->body);
        break;
      case Kind::echo_reply:
        echo_reply(entry, flags, record->body, now);
        break;
      default:
        counters_.add(Counter::dropRecordUnknown);
    }
  }
  if (reader.malformed()) counters_.add(Counter::dropRecordMalformed);
}

void Receiver::forward(const PeerEntry &entry, const Path &via, MutableBytes body, Micros now) {
  if (body.size() <= wire::kForwardHeaderBytes) return counters_.add(Counter::dropForwardMalformed);
  // Records go from neighbour to neighbour; one inside of another would be a way to make us work.
  if (via.through_overlay()) return counters_.add(Counter::dropForwardNested);
  const wire::ForwardHeader header = wire::read_forward_header(body);
  const MutableBytes inner = body.subspan(wire::kForwardHeaderBytes);
  if (inner[0] < wire::kOursFirst || header.source == header.destination) {
    return counters_.add(Counter::dropForwardMalformed);
  }
  if (header.destination != entry.overlay->node) return forwarder_.relay(*view_, entry, header, inner, now);
  inner_.push_back({entry.overlay->id, header.source, inner});
}

void Receiver::flood(const PeerEntry &from, MutableBytes body, Micros now) {
  const std::optional<FloodRelay::Delivery> taken = flood_relay_.receive(*view_, from, body, now);
  if (!taken) return;
  if (taken->origin != nullptr) return frame(*taken->origin, taken->frame, taken->checksum_needed, now);
  // Of an origin that we do not know yet nothing is learned; the frame is as good.
  if (read_mac(&taken->frame[6]) == from.overlay->own_mac) return counters_.add(Counter::dropOwnSourceMac);
  if (!wanted(*from.overlay, kStranger, taken->frame, now)) return;
  counters_.add(Counter::rxFrames);
  merger_.frame(from.peer->id, taken->frame, taken->checksum_needed);
}

void Receiver::repair_floods(OverlayId overlay, const FloodTable &before, const std::set<NodeId> &lost, Micros now) {
  view_.refresh();
  flood_relay_.repair(*view_, overlay, before, lost, now);
}

void Receiver::reply_echo(const PeerEntry &entry, uint8_t flags, Bytes body) {
  if (body.size() != wire::kEchoBytes) return counters_.add(Counter::dropEchoMalformed);
  if (!entry.linked()) return counters_.add(Counter::dropNoSession);
  train_.begin(entry);
  std::copy(body.begin(), body.end(), train_.add(Kind::echo_reply, flags, body.size()));
  train_.flush();
}

bool Receiver::enter(const PeerEntry &entry, Bytes frame, Micros now) {
  const PeerId peer = entry.peer->id;
  switch (ingress(*entry.overlay, peer, frame, now)) {
    case Ingress::malformed:
      counters_.add(Counter::dropFrameMalformed);
      return false;
    case Ingress::own_source:
      counters_.add(Counter::dropOwnSourceMac);
      return false;
    case Ingress::looping:
      counters_.add(Counter::dropLoop);
      return false;
    case Ingress::accepted:
      break;
    case Ingress::accepted_evicting:
      counters_.add(Counter::macEvicted);
      [[fallthrough]];
    case Ingress::accepted_new:
      events_.push(event::Mac{entry.overlay->id, read_mac(&frame[6]), peer});
      break;
    case Ingress::loop_noticed:
      events_.push(event::Loop{entry.overlay->id, read_mac(&frame[6]), peer});
      [[fallthrough]];
    case Ingress::accepted_moved:
      counters_.add(Counter::macMoves);
      events_.push(event::Mac{entry.overlay->id, read_mac(&frame[6]), peer});
      break;
  }
  if (const std::optional<AddressClaim> claim = read_address_claim(frame)) {
    entry.overlay->addresses.see(claim->ip, claim->mac, claim->router, AddressTable::Side::remote, now);
  }
  auto &frames = entry.peer->rx_frames;
  frames.store(frames.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  counters_.add(Counter::rxFrames);
  return true;
}

bool Receiver::wanted(Overlay &overlay, Owner owner, Bytes frame, Micros now) {
  if ((frame[0] & 1) == 0) return true;
  if (const std::optional<GroupMessage> message = read_group_message(frame)) {
    overlay.groups.note_there(owner, *message, now);
    // A host that heard it would keep its own report back (RFC 4541 §2.1.1).
    if (message->kind != GroupMessage::Kind::report || overlay.groups.router_here(now)) return true;
    counters_.add(Counter::groupReports);
    return false;
  }
  const std::optional<IpBits> group = prunable_group(frame);
  if (!group || overlay.groups.wanted_here(*group, now)) return true;
  counters_.add(Counter::groupFramesUnwanted);
  return false;
}

void Receiver::frame(const PeerEntry &entry, MutableBytes frame, bool checksum_needed, Micros now) {
  if (!enter(entry, frame, now) || !wanted(*entry.overlay, slot_of(entry.peer->id), frame, now)) return;
  merger_.frame(entry.peer->id, frame, checksum_needed);
}

void Receiver::segment(const PeerEntry &entry, MutableBytes body, Micros now) {
  const std::optional<SegmentHint> hint = read_segment_hint(body);
  if (!hint) return counters_.add(Counter::dropSegmentMalformed);
  const MutableBytes frame = body.subspan(kSegmentHintBytes);
  if (enter(entry, frame, now)) merger_.segment(entry.peer->id, *hint, frame);
}

void Receiver::fragment(const PeerEntry &entry, uint8_t flags, MutableBytes body, Micros now) {
  if (body.size() < wire::kFragmentHeaderBytes) return counters_.add(Counter::dropFragmentMalformed);
  counters_.add(Counter::fragmentsReceived);
  const wire::FragmentHeader header = wire::read_fragment_header(body);
  const Reassembly::Result result =
      reassembly_.add(entry.peer->id, flags, header, body.subspan(wire::kFragmentHeaderBytes), now);
  counters_.add(Counter::dropReassemblyFull, result.evicted);
  if (result.outcome == Reassembly::Outcome::malformed) counters_.add(Counter::dropFragmentMalformed);
  if (result.outcome != Reassembly::Outcome::complete) return;
  if ((result.flags & wire::kFlagOfControl) != 0) return control(entry, result.frame);
  counters_.add(Counter::framesReassembled);
  if ((result.flags & wire::kFlagOfFlood) != 0) return flood(entry, result.frame, now);
  frame(entry, result.frame, (result.flags & wire::kFlagChecksumNeeded) != 0, now);
}

void Receiver::control(const PeerEntry &entry, Bytes body) {
  if (body.size() > kMaxControlBytes) return counters_.add(Counter::dropControlTooLong);
  const bool pushed = events_.push(event::Control{entry.peer->id, {body.begin(), body.end()}});
  if (!pushed) counters_.add(Counter::dropUpQueueFull);
}

void Receiver::echo_reply(const PeerEntry &entry, uint8_t flags, Bytes body, Micros now) {
  const std::optional<wire::Echo> echo = wire::read_echo(body);
  if (!echo) return counters_.add(Counter::dropEchoMalformed);
  // The reply is the peer's word: what can't be a round trip is not used as one.
  const Micros rtt = now - static_cast<Micros>(echo->sent_micros);
  if (rtt < 0 || rtt > 60 * kSecond) return counters_.add(Counter::dropEchoMalformed);
  auto &smoothed = entry.peer->rtt;
  const Micros before = smoothed.load(std::memory_order_relaxed);
  // RFC 6298 §2: SRTT ← 7/8 SRTT + 1/8 R.
  smoothed.store(before == 0 ? std::max<Micros>(rtt, 1) : before + (rtt - before) / 8,
                 std::memory_order_relaxed);
  if ((flags & wire::kFlagInternalEcho) != 0) return;
  events_.push(event::Echo{entry.peer->id, echo->token, echo->datagram_bytes, rtt});
}

const PeerEntry *Receiver::linked(PeerId peer) {
  view_.refresh();
  const PeerEntry *entry = view_->find(peer);
  if (entry != nullptr && entry->linked()) return entry;
  counters_.add(Counter::dropNoSession);
  return nullptr;
}

void Receiver::send_record(PeerId peer, Kind kind, uint8_t flags, Bytes body, size_t datagram_bytes) {
  const PeerEntry *entry = linked(peer);
  if (entry == nullptr) return;
  train_.begin(*entry);
  if (datagram_bytes != 0) train_.set_limit(datagram_bytes);
  std::copy(body.begin(), body.end(), train_.add(kind, flags, body.size()));
  if (datagram_bytes != 0) train_.pad_to(datagram_bytes);
  train_.flush();
}

void Receiver::send_control(PeerId peer, Bytes message) {
  const PeerEntry *entry = linked(peer);
  if (entry == nullptr) return;
  if (message.size() > kMaxControlBytes) return counters_.add(Counter::dropControlTooLong);
  const size_t room = Train::room(*entry);
  if (message.size() <= room) return send_record(peer, Kind::control, 0, message);
  train_.begin(*entry);
  train_.add_fragments(wire::kFlagOfControl, message, next_fragment_number(*entry->peer, Sender::link));
  train_.flush();
}

void Receiver::ask_echo(PeerId peer, Micros now) {
  std::array<uint8_t, wire::kEchoBytes> body{};
  wire::write_echo(body.data(), {0, static_cast<uint64_t>(now), 0});
  send_record(peer, Kind::echo_request, wire::kFlagInternalEcho, body);
}

void Receiver::write(MergerPeer peer, const VnetHeader &header, std::span<const iovec> parts) {
  const PeerEntry *entry = view_->find(peer);
  if (entry == nullptr) return counters_.add(Counter::dropPeerGone);
  const bool written = entry->overlay->tap.write(header, parts);
  counters_.add(written ? Counter::tapWrites : Counter::dropTapWrite);
}

void Receiver::sum_merger_counters() {
  const MergerCounters &now = merger_.counters();
  counters_.add(Counter::mergedSegments, now.merged - merged_.merged);
  counters_.add(Counter::dropSegmentMalformed, now.malformed - merged_.malformed);
  merged_ = now;
}

void Receiver::end_batch() {
  merger_.end_of_batch();
  flood_relay_.flush();
  forwarder_.flush();
  sum_merger_counters();
  counters_.add(Counter::rxBatches);
  // Keys that were removed must not live on here.
  last_ = {};
}

void Receiver::forget(PeerId peer) {
  merger_.forget(peer);
  reassembly_.forget(peer);
}

void Receiver::expire(Micros now) {
  view_.refresh();
  counters_.add(Counter::dropReassemblyTimeout, reassembly_.expire(now));
}

}  // namespace evio
