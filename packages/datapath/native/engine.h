// The datapath as one object: what the addon calls, from JavaScript's thread. It composes the parts,
// and none of its calls waits for a thread of the engine (but closing, which joins them).
//
// Threads and what each owns:
//   JavaScript's     this object; changes the Registry; sends raw datagrams
//   evio-link        all that comes from the network, timers, TURN streams           (link_thread.h)
//   evio-tap, each   what comes from one TAP and goes to peers                        (tap_thread.h)
// With fewer than four cores there is no evio-tap, and evio-link reads the TAPs as well: the answer to what it
// wrote is there when it looks (a wake-up less in each round trip), and the cores have enough to do.
// They share the Registry's published View (view.h), the MAC tables (mac_table.h), counters and a few
// atomics of Peer and Session, the event queue, and the link thread's command queue.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "event_queue.h"
#include "link_thread.h"
#include "registry.h"
#include "tap_thread.h"

namespace evio {

class Engine {
 public:
  static constexpr unsigned kCoresForTapThreads = 4;

  struct Options {
    uint16_t port = 0;  // 0: any free one
    bool ipv6 = true;
    uint64_t secret = 0;  // random, of this process
    /// False: each frame is read, sealed, sent, received and written alone. To measure what batches gain.
    bool super_frames = true;
    /// Whether each TAP has a thread of its own, or the link thread reads it.
    bool tap_threads = std::thread::hardware_concurrency() >= kCoresForTapThreads;
  };
  struct SessionKeys {
    PeerId peer;
    uint32_t local_index;
    uint32_t remote_index;
    Bytes send_key;
    Bytes receive_key;
    Cipher cipher;
    Role role;
  };
  struct StreamOptions {
    Endpoint remote;
    bool tls = false;
    std::string server_name;
    std::string ca;
    bool insecure = false;
  };

  /// `wake`: called from any thread when there are events to drain. nullptr, and the reason, when the
  /// sockets cannot be opened.
  static std::unique_ptr<Engine> open(const Options &options, std::function<void()> wake, std::string &error);
  ~Engine();

  uint16_t port4() const { return sockets_.v4 ? sockets_.v4->port() : 0; }
  uint16_t port6() const { return sockets_.v6 ? sockets_.v6->port() : 0; }
  std::vector<event::Any> events() { return events_.drain(); }

  /// One raw datagram or stream message.
  void send(Bytes bytes, const Path &via);

  /// Nothing, and the reason, when the certificates cannot be read.
  std::optional<StreamId> open_stream(const StreamOptions &options, std::string &error);
  void close_stream(StreamId stream);
  void bind_channel(const ChannelKey &key, const Endpoint &remote) { registry_.bind_channel(key, remote); }
  void unbind_channel(const ChannelKey &key) { registry_.unbind_channel(key); }

  /// `node`: this node's id; `carries`: false for a leaf.
  std::shared_ptr<Overlay> open_tap(const Tap::Options &options, NodeId node, bool carries, std::string &error);
  void close_tap(OverlayId overlay);

  bool set_carries(OverlayId overlay, bool carries);
  bool set_routes(OverlayId overlay, std::vector<RouteEntry> entries) {
    return registry_.set_routes(overlay, std::move(entries));
  }

  /// `lost`: those whose links died since the last call; what they were to pass on goes another way.
  bool set_neighbours(OverlayId overlay, std::vector<FloodNeighbour> neighbours, std::set<NodeId> lost);

  std::optional<PeerId> add_peer(OverlayId overlay, NodeId node) { return registry_.add_peer(overlay, node); }
  void remove_peer(PeerId peer);
  bool set_path(PeerId peer, std::optional<Path> path);
  bool set_path_mtu(PeerId peer, size_t bytes) { return registry_.set_path_mtu(peer, bytes); }
  /// False, and the reason, when the peer is gone, the index taken or the keys unusable.
  bool add_session(const SessionKeys &keys, std::string &error);
  void remove_session(uint32_t local_index) { registry_.remove_session(local_index); }

  void send_control(PeerId peer, Bytes bytes);
  void probe(PeerId peer, uint32_t token, size_t datagram_bytes);
  bool learn(OverlayId overlay, MacBits mac, PeerId peer);
  /// From a node record: `mac` nothing: it is no longer so. False when the overlay is unknown or has too many.
  bool learn_address(OverlayId overlay, const Endpoint &address, std::optional<MacBits> mac);

  uint64_t counter(Counter counter) const;
  std::shared_ptr<const View> view() const { return registry_.view(); }

 private:
  Engine(uint64_t secret, std::function<void()> wake);
  bool open_sockets(const Options &options, std::string &error);
  void changed();
  void ignore_own_interfaces();

  const uint64_t secret_;
  bool super_frames_ = true;
  bool tap_threads_ = false;
  EventQueue events_;
  Sockets sockets_;
  Registry registry_;
  Counters counters_;  // of JavaScript's thread
  std::unique_ptr<LinkThread> link_;
  std::unique_ptr<SocketTransmitter> transmitter_;
  struct RunningTap {
    std::shared_ptr<TapPort> port;
    std::unique_ptr<TapThread> thread;  // none: the link thread reads it
  };
  /// Returns when no thread reads it any more.
  void stop(RunningTap tap);

  std::mutex taps_mutex_;  // taps_: changed by JavaScript's thread, woken by any
  std::vector<RunningTap> taps_;
  std::array<uint64_t, kCounterCount> past_{};  // counts of TAPs that are gone
  OverlayId next_overlay_ = 1;
  StreamId next_stream_ = 1;
};

}  // namespace evio
