#include "link_thread.h"

#include <algorithm>
#include <array>

#include "stall_watch.h"

namespace evio {
namespace {

/// Ids of streams and overlays have 32 bits.
enum Key : uint64_t { kWakeup, kUdp4, kUdp6, kNetwork, kFirstStream, kFirstTap = uint64_t{1} << 33 };

constexpr Micros kStallTick = 100 * kMillisecond;
constexpr Micros kStreamTick = kSecond;
constexpr Micros kReassemblyTick = Reassembly::kTimeout / 2;
/// A change of network comes as a burst of notices; one event for all of them.
constexpr Micros kNetworkQuiet = 20 * kMillisecond;
/// After a turn that moved about half a super-frame or more, the next is mostly not far: to be woken for it
/// would cost both sides more than to look for it. A quiet link never has such a turn.
constexpr size_t kBusyBytes = 30'000;
constexpr Micros kLinger = 50;

}  // namespace

LinkThread::LinkThread(Registry &registry, const Sockets &sockets, EventQueue &events)
    : registry_(registry), sockets_(sockets), events_(events),
      transmitter_(
          sockets, [this](StreamId stream, Bytes bytes) { return post_stream(stream, bytes); },
          counters_, events, 0),
      forwarder_(Sender::link, registry.published(), transmitter_, counters_, events, [this] { unanswered(); }),
      receiver_(registry, forwarder_, counters_, events) {
  poller_.add(wakeup_.fd(), EPOLLIN, kWakeup);
  if (sockets.v4) poller_.add(sockets.v4->fd(), EPOLLIN, kUdp4);
  if (sockets.v6) poller_.add(sockets.v6->fd(), EPOLLIN, kUdp6);
  std::string error;
  network_ = NetworkWatch::open(error);
  if (network_) {
    poller_.add(network_->fd(), EPOLLIN, kNetwork);
  } else {
    events_.push(event::Failed{"cannot watch the network for changes: " + error});
  }
}

LinkThread::~LinkThread() { stop(); }

void LinkThread::stop() {
  stopping_.store(true);
  wake();
  thread_.join();
}

void LinkThread::start() {
  thread_ = Thread("evio-link", [this] { run(); });
}

bool LinkThread::post(command::Any command, size_t bytes) {
  bool first = false;
  if (!commands_.push(std::move(command), bytes, first)) return false;
  if (first) wake();
  return true;
}

bool LinkThread::post_stream(StreamId stream, Bytes bytes) {
  return post(command::StreamMessage{stream, {bytes.begin(), bytes.end()}}, bytes.size());
}

void LinkThread::unanswered() {
  if (!stall_armed_.exchange(true)) wake();
}

void LinkThread::run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    const auto events = next_events();
    const Micros now = now_micros();
    for (const epoll_event &event : events) {
      switch (event.data.u64) {
        case kWakeup:
          wakeup_.clear();
          break;
        case kUdp4:
          receive(*sockets_.v4, now);
          break;
        case kUdp6:
          receive(*sockets_.v6, now);
          break;
        case kNetwork:
          if (network_->drain()) network_due_ = now + kNetworkQuiet;
          break;
        default:
          if (event.data.u64 >= kFirstTap) {
            read_tap(static_cast<OverlayId>(event.data.u64 - kFirstTap), event.events, now);
          } else {
            handle_stream(static_cast<StreamId>(event.data.u64 - kFirstStream), event.events);
          }
      }
    }
    for (const auto &[overlay, tap] : taps_) tap->refresh(now);
    execute(now);
    watch_stalls(now);
    watch_network(now);
    if (receiver_.reassembling() && now >= reassembly_due_) {
      receiver_.expire(now);
      reassembly_due_ = now + kReassemblyTick;
    }
    if (!streams_.empty() && now >= stream_due_) {
      for (auto &[id, stream] : streams_) {
        stream.turn->expire(static_cast<uint64_t>(now / kMillisecond));
        rearm(stream);
      }
      stream_due_ = now + kStreamTick;
    }
    sweep_streams();
    receiver_.refresh();
  }
}

std::span<const epoll_event> LinkThread::next_events() {
  if (std::exchange(moved_, 0) >= kBusyBytes) {
    const auto events = poller_.linger(kLinger);
    if (!events.empty()) return events;
  }
  return poller_.wait(deadline());
}

std::optional<Micros> LinkThread::deadline() const {
  std::optional<Micros> first;
  const auto consider = [&](Micros at) {
    if (!first || at < *first) first = at;
  };
  if (network_due_) consider(*network_due_);
  if (stall_armed_.load(std::memory_order_relaxed)) consider(stall_due_);
  if (receiver_.reassembling()) consider(reassembly_due_);
  for (const auto &[overlay, tap] : taps_) {
    if (const std::optional<Micros> at = tap->deadline()) consider(*at);
  }
  for (const auto &[id, stream] : streams_) {
    if (!stream.turn->is_open()) consider(stream_due_);
  }
  return first;
}

void LinkThread::receive(const UdpSocket &socket, Micros now) {
  const std::span<const Received> trains = udp_.receive(socket);
  for (const Received &train : trains) {
    Arrival arrival{train.from, train.local, 0};
    arrival.local.port = socket.port();
    moved_ += train.bytes.size();
    // An empty datagram is one as well.
    size_t at = 0;
    do {
      const size_t size = std::min(train.segment, train.bytes.size() - at);
      receiver_.datagram(train.bytes.subspan(at, size), arrival, now);
      at += size;
    } while (at < train.bytes.size());
  }
  if (!trains.empty()) receiver_.end_batch();
}

void LinkThread::execute(Micros now) {
  for (command::Any &command : commands_.take()) {
    std::visit([&](auto &one) { run_command(one, now); }, command);
  }
}

void LinkThread::watch_stalls(Micros now) {
  if (!stall_armed_.load(std::memory_order_relaxed) || now < stall_due_) return;
  stall_due_ = now + kStallTick;
  // Disarmed before looking: what is sent from here on arms it again.
  stall_armed_.store(false);
  bool waiting = false;
  const auto view = registry_.view();
  for (const PeerEntry &entry : view->peers) {
    if (!entry.peer || entry.peer->unanswered_since.load(std::memory_order_relaxed) == 0) continue;
    waiting = true;
    switch (stall_step(*entry.peer, now)) {
      case StallStep::none:
        break;
      case StallStep::ask:
        if (entry.linked()) receiver_.ask_echo(entry.peer->id, now);
        break;
      case StallStep::stalled:
        events_.push(event::Stalled{entry.peer->id});
        break;
    }
  }
  if (waiting) stall_armed_.store(true);
}

void LinkThread::watch_network(Micros now) {
  if (!network_due_ || now < *network_due_) return;
  network_due_.reset();
  events_.push(event::Network{});
}

void LinkThread::handle_stream(StreamId id, uint32_t events) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.turn->handle(events);
  rearm(found->second);
}

void LinkThread::read_tap(OverlayId overlay, uint32_t events, Micros now) {
  const auto found = taps_.find(overlay);
  if (found == taps_.end()) return;
  if (const std::optional<size_t> bytes = found->second->read(events, now)) {
    moved_ += *bytes;
    return;
  }
  poller_.remove(found->second->fd());
  taps_.erase(found);
}

void LinkThread::rearm(Stream &stream) {
  const int fd = stream.turn->fd();
  if (fd < 0) return;
  const uint32_t events = stream.turn->wanted_events();
  if (fd == stream.fd && events == stream.events) return;
  const uint64_t key = kFirstStream + stream.id;
  if (fd == stream.fd) {
    poller_.modify(fd, events, key);
  } else {
    poller_.add(fd, events, key);
  }
  stream.fd = fd;
  stream.events = events;
}

void LinkThread::sweep_streams() {
  for (const StreamId id : closed_streams_) streams_.erase(id);
  closed_streams_.clear();
}

LinkThread::Stream *LinkThread::stream_of(const TurnStream &turn) {
  for (auto &[id, stream] : streams_) {
    if (stream.turn.get() == &turn) return &stream;
  }
  return nullptr;
}

void LinkThread::on_open(TurnStream &turn) {
  const Stream *stream = stream_of(turn);
  if (stream == nullptr) return;
  events_.push(event::Stream{stream->id, true, turn.local(), {}});
}

void LinkThread::on_message(TurnStream &turn, MutableBytes message) {
  const Stream *stream = stream_of(turn);
  if (stream == nullptr) return;
  receiver_.datagram(message, Arrival{{}, {}, stream->id}, now_micros());
  receiver_.end_batch();  // the message is the stream's, and gone after this call
}

void LinkThread::on_closed(TurnStream &turn, const std::string &error) {
  const Stream *stream = stream_of(turn);
  if (stream == nullptr) return;
  events_.push(event::Stream{stream->id, false, {}, error});
  closed_streams_.push_back(stream->id);
}

void LinkThread::run_command(command::SendControl &command, Micros) {
  receiver_.send_control(command.peer, command.bytes);
}

void LinkThread::run_command(command::Probe &command, Micros now) {
  std::array<uint8_t, wire::kEchoBytes> body{};
  const size_t bytes = std::min(command.datagram_bytes, wire::kMaxDatagramBytes);
  wire::write_echo(body.data(), {command.token, static_cast<uint64_t>(now), static_cast<uint16_t>(bytes)});
  receiver_.send_record(command.peer, wire::Kind::echo_request, 0, body, bytes);
}

void LinkThread::run_command(command::Echo &command, Micros now) {
  const auto view = registry_.view();
  const PeerEntry *entry = view->find(command.peer);
  if (entry == nullptr || !entry->linked()) return;
  receiver_.ask_echo(command.peer, now);
  // Counts as sent: when it is lost, the stall watch asks again.
  auto &since = entry->peer->unanswered_since;
  if (since.load(std::memory_order_relaxed) == 0) since.store(now, std::memory_order_relaxed);
  unanswered();
}

void LinkThread::run_command(command::SendOverlay &command, Micros now) {
  forwarder_.originate(command.overlay, command.node, command.bytes, now);
}

void LinkThread::run_command(command::OpenStream &command, Micros now) {
  Stream stream{command.stream, nullptr};
  stream.turn = std::make_unique<TurnStream>(std::move(command.options), *this,
                                             static_cast<uint64_t>(now / kMillisecond));
  rearm(streams_.emplace(command.stream, std::move(stream)).first->second);
  stream_due_ = now;  // an error found at once is told by expire()
}

void LinkThread::run_command(command::CloseStream &command, Micros) {
  const auto found = streams_.find(command.stream);
  if (found == streams_.end()) return;
  found->second.turn->close();
  streams_.erase(found);
}

void LinkThread::run_command(command::StreamMessage &command, Micros) {
  const auto found = streams_.find(command.stream);
  if (found == streams_.end()) return counters_.add(Counter::dropStreamGone);
  if (!found->second.turn->send(command.bytes)) counters_.add(Counter::dropStreamFull);
  rearm(found->second);
}

void LinkThread::run_command(command::IgnoreInterfaces &command, Micros) {
  if (network_) network_->ignore(std::move(command.indexes));
}

void LinkThread::run_command(command::RepairFloods &command, Micros now) {
  receiver_.repair_floods(command.overlay, *command.before, command.lost, now);
}

void LinkThread::run_command(command::ForgetPeer &command, Micros) { receiver_.forget(command.peer); }

void LinkThread::run_command(command::AttachTap &command, Micros) {
  poller_.add(command.port->fd(), EPOLLIN, kFirstTap + command.port->overlay());
  taps_.emplace(command.port->overlay(), std::move(command.port));
}

void LinkThread::run_command(command::DetachTap &command, Micros) {
  const auto found = taps_.find(command.overlay);
  if (found != taps_.end()) {
    poller_.remove(found->second->fd());
    taps_.erase(found);
  }
  command.done.set_value();
}

}  // namespace evio
