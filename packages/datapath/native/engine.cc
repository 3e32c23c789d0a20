#include "engine.h"

#include <algorithm>
#include <iterator>

namespace evio {
namespace {

/// Attempts to find a port that is free for both families.
constexpr int kPortAttempts = 16;
/// Milliseconds for which the sender of frames waits for room in the socket's buffer. On the link thread,
/// what comes from the network waits as well.
constexpr int kPatienceAlone = 10;
constexpr int kPatienceShared = 1;

}  // namespace

Engine::Engine(uint64_t secret, std::function<void()> wake)
    : secret_(secret), events_(std::move(wake)), registry_([this] { changed(); }) {}

std::unique_ptr<Engine> Engine::open(const Options &options, std::function<void()> wake, std::string &error) {
  std::unique_ptr<Engine> engine(new Engine(options.secret, std::move(wake)));
  engine->super_frames_ = options.super_frames;
  engine->tap_threads_ = options.tap_threads;
  if (!engine->open_sockets(options, error)) return nullptr;
  LinkThread &link = *(engine->link_ = std::make_unique<LinkThread>(engine->registry_, engine->sockets_,
                                                                    engine->events_));
  engine->transmitter_ = std::make_unique<SocketTransmitter>(
      engine->sockets_, [&link](StreamId stream, Bytes bytes) { return link.post_stream(stream, bytes); },
      engine->counters_, engine->events_, 0);
  link.start();
  return engine;
}

Engine::~Engine() {
  if (!link_) return;
  std::vector<RunningTap> taps;
  {
    const std::lock_guard lock(taps_mutex_);
    taps.swap(taps_);
  }
  for (RunningTap &tap : taps) stop(std::move(tap));
  link_->stop();
}

bool Engine::open_sockets(const Options &options, std::string &error) {
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    sockets_.v4 = UdpSocket::open(AF_INET, options.port, options.super_frames, error);
    if (!sockets_.v4) return false;
    if (!options.ipv6) return true;
    std::string error6;
    sockets_.v6 = UdpSocket::open(AF_INET6, sockets_.v4->port(), options.super_frames, error6);
    if (sockets_.v6) return true;
    // A wanted port that is taken for IPv6, or a host without IPv6: IPv4 alone will do.
    if (options.port != 0) return true;
  }
  sockets_.v6 = UdpSocket::open(AF_INET6, 0, options.super_frames, error);
  return true;
}

void Engine::changed() {
  if (link_) link_->wake();
  const std::lock_guard lock(taps_mutex_);
  for (const RunningTap &tap : taps_) {
    if (tap.thread) tap.thread->wake();
  }
}

void Engine::send(Bytes bytes, const Path &via) {
  if (bytes.empty() || bytes.size() > wire::kMaxDatagramBytes - wire::kChannelHeaderBytes) {
    return counters_.add(Counter::dropSendFailed);
  }
  if (via.through_overlay()) {
    command::SendOverlay command{via.overlay, via.node, {bytes.begin(), bytes.end()}};
    if (!link_->post(std::move(command), bytes.size())) counters_.add(Counter::dropCommandQueueFull);
    return;
  }
  if (!via.in_channel()) return transmitter_->transmit({via, bytes, bytes.size(), 1, 0});
  std::vector<uint8_t> wrapped(wire::kChannelHeaderBytes + bytes.size());
  write_u16(&wrapped[0], via.channel);
  write_u16(&wrapped[2], static_cast<uint16_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), wrapped.begin() + wire::kChannelHeaderBytes);
  transmitter_->transmit({via, wrapped, wrapped.size(), 1, 0});
}

std::optional<StreamId> Engine::open_stream(const StreamOptions &options, std::string &error) {
  TurnStreamOptions stream;
  stream.remote = options.remote;
  if (options.tls) {
    stream.tls = TlsContext::create({options.ca, options.insecure}, error);
    if (!stream.tls) return {};
    stream.server_name = options.server_name;
  }
  const StreamId id = next_stream_++;
  link_->post(command::OpenStream{id, std::move(stream)});
  return id;
}

void Engine::close_stream(StreamId stream) { link_->post(command::CloseStream{stream}); }

std::shared_ptr<Overlay> Engine::open_tap(const Tap::Options &options, NodeId node, bool carries,
                                          std::string &error) {
  Tap::Options device = options;
  device.super_frames = super_frames_;
  std::optional<Tap> opened = Tap::open(device, error);
  if (!opened) return nullptr;
  const OverlayId id = next_overlay_++;
  auto overlay = std::make_shared<Overlay>(id, std::move(*opened), secret_ ^ (uint64_t{id} << 48), node, carries);
  // Ahead of all that this node used before it was restarted, and of what it may use in the meantime: twice
  // as many as the storm limit lets through. Who has not heard of us for a minute does not mind anyway.
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  overlay->next_flood = static_cast<uint32_t>((int64_t{wall.tv_sec} * 1000 + wall.tv_nsec / 1'000'000) *
                                              (2 * kFloodRate / 1000));
  registry_.add_overlay(overlay);
  RunningTap tap;
  tap.port = std::make_shared<TapPort>(
      overlay, registry_, sockets_,
      [link = link_.get()](StreamId stream, Bytes bytes) { return link->post_stream(stream, bytes); },
      events_, [link = link_.get()] { link->unanswered(); }, tap_threads_ ? kPatienceAlone : kPatienceShared);
  if (tap_threads_) {
    tap.thread = std::make_unique<TapThread>(tap.port);
  } else {
    link_->post(command::AttachTap{tap.port});
  }
  {
    const std::lock_guard lock(taps_mutex_);
    taps_.push_back(std::move(tap));
  }
  ignore_own_interfaces();
  return overlay;
}

void Engine::close_tap(OverlayId overlay) {
  RunningTap closing;
  {
    const std::lock_guard lock(taps_mutex_);
    const auto found = std::find_if(taps_.begin(), taps_.end(),
                                    [&](const RunningTap &tap) { return tap.port->overlay() == overlay; });
    if (found == taps_.end()) return;
    closing = std::move(*found);
    taps_.erase(found);
  }
  registry_.remove_overlay(overlay);
  const std::shared_ptr<TapPort> port = closing.port;
  stop(std::move(closing));
  for (size_t i = 0; i < kCounterCount; ++i) past_[i] += port->counters().get(static_cast<Counter>(i));
  ignore_own_interfaces();
}

void Engine::stop(RunningTap tap) {
  if (tap.thread) return;  // its end joins it
  command::DetachTap detach{tap.port->overlay(), {}};
  const std::future<void> done = detach.done.get_future();
  link_->post(std::move(detach));
  done.wait();
}

void Engine::ignore_own_interfaces() {
  command::IgnoreInterfaces ignore;
  for (const OverlayEntry &entry : registry_.view()->overlays) {
    ignore.indexes.insert(entry.overlay->tap.interface_index());
  }
  link_->post(std::move(ignore));
}

bool Engine::set_carries(OverlayId overlay, bool carries) {
  const auto view = registry_.view();
  const OverlayEntry *entry = view->overlay(overlay);
  if (entry == nullptr) return false;
  entry->overlay->carries.store(carries);
  return true;
}

bool Engine::set_neighbours(OverlayId overlay, std::vector<FloodNeighbour> neighbours, std::set<NodeId> lost) {
  std::shared_ptr<const FloodTable> before;
  if (!registry_.set_neighbours(overlay, std::move(neighbours), before)) return false;
  if (before) link_->post(command::RepairFloods{overlay, std::move(before), std::move(lost)});
  return true;
}

void Engine::remove_peer(PeerId peer) {
  registry_.remove_peer(peer);
  link_->post(command::ForgetPeer{peer});
}

bool Engine::set_path(PeerId peer, std::optional<Path> path) {
  const bool up = path.has_value();
  if (!registry_.set_path(peer, std::move(path))) return false;
  // Shows the peer that we are here, and by which address; and if it is the answerer of the handshake,
  // that we have the keys.
  if (up) link_->post(command::Echo{peer});
  return true;
}

bool Engine::add_session(const SessionKeys &keys, std::string &error) {
  auto frames = Aead::create(keys.cipher, Aead::Direction::seal, keys.send_key);
  auto link = Aead::create(keys.cipher, Aead::Direction::seal, keys.send_key);
  auto opener = Aead::create(keys.cipher, Aead::Direction::open, keys.receive_key);
  if (!frames || !link || !opener) {
    error = "OpenSSL refuses the keys";
    return false;
  }
  const auto session =
      std::make_shared<Session>(keys.local_index, keys.remote_index, keys.peer, keys.role, now_micros(),
                                std::move(*frames), std::move(*link), std::move(*opener));
  if (!registry_.add_session(session)) {
    error = "no such peer, or the session index is in use";
    return false;
  }
  if (keys.role == Role::initiator) link_->post(command::Echo{keys.peer});
  return true;
}

void Engine::send_control(PeerId peer, Bytes bytes) {
  const bool posted = link_->post(command::SendControl{peer, {bytes.begin(), bytes.end()}}, bytes.size());
  if (!posted) counters_.add(Counter::dropCommandQueueFull);
}

void Engine::probe(PeerId peer, uint32_t token, size_t datagram_bytes) {
  if (!link_->post(command::Probe{peer, token, datagram_bytes})) counters_.add(Counter::dropCommandQueueFull);
}

bool Engine::learn(OverlayId overlay, MacBits mac, PeerId peer) {
  const auto view = registry_.view();
  const PeerEntry *entry = view->find(peer);
  if (entry == nullptr || entry->peer->overlay != overlay || mac == entry->overlay->own_mac) return false;
  entry->overlay->macs.pin(mac, slot_of(peer));
  return true;
}

bool Engine::learn_address(OverlayId overlay, const Endpoint &address, std::optional<MacBits> mac) {
  const auto view = registry_.view();
  const OverlayEntry *entry = view->overlay(overlay);
  if (entry == nullptr) return false;
  const uint8_t *bytes = address.address.data();
  const IpBits ip = address.family == 4 ? ipv4_bits(read_u32(bytes)) : static_cast<IpBits>(read_node_id(bytes));
  if (mac) return entry->overlay->addresses.learn(ip, *mac);
  entry->overlay->addresses.forget(ip);
  return true;
}

uint64_t Engine::counter(Counter counter) const {
  uint64_t sum = past_[static_cast<size_t>(counter)] + counters_.get(counter) + link_->counters().get(counter);
  for (const RunningTap &tap : taps_) sum += tap.port->counters().get(counter);
  return sum;
}

}  // namespace evio
