// Who our peers are: the one place where overlays, peers, paths, sessions and channels change. Any
// thread may call it; each change is short, makes a new View and wakes the frame threads.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "view.h"

namespace evio {

class Registry {
 public:
  /// `changed` is called after each change, from the thread that made it, without a lock held.
  explicit Registry(std::function<void()> changed) : changed_(std::move(changed)) {}

  const PublishedView &published() const { return published_; }

  void add_overlay(std::shared_ptr<Overlay> overlay);
  /// With its peers and their sessions.
  void remove_overlay(OverlayId id);

  /// Nothing when the overlay is unknown, the node is this one or a peer already, or all 65,535 slots are
  /// taken.
  std::optional<PeerId> add_peer(OverlayId overlay, NodeId node);
  /// With its sessions and learned addresses.
  void remove_peer(PeerId id);
  /// Between overlay paths and others, the path MTU goes back to the default.
  bool set_path(PeerId id, std::optional<Path> path);
  bool set_path_mtu(PeerId id, size_t bytes);

  bool set_routes(OverlayId overlay, std::vector<RouteEntry> entries);
  /// Gives the table that was in force before, if there was one.
  bool set_neighbours(OverlayId overlay, std::vector<FloodNeighbour> neighbours,
                      std::shared_ptr<const FloodTable> &before);

  /// An initiator's session is used for sending at once. False when the index is taken or the peer gone.
  bool add_session(std::shared_ptr<Session> session);
  /// When it was used for sending, the newest other that the peer surely has takes its place.
  void remove_session(uint32_t local_index);
  /// The first authenticated datagram came on `session`: a responder sends with it from now on, unless
  /// it has newer keys in use.
  void confirm(const std::shared_ptr<Session> &session);
  /// Moves the path of a peer, if it still is `from`.
  bool roam(PeerId id, const Path &from, const Path &to);

  void bind_channel(const ChannelKey &key, const Endpoint &remote);
  void unbind_channel(const ChannelKey &key);

  /// The newest view, for threads that keep none.
  std::shared_ptr<const View> view() const {
    uint64_t version = 0;
    return published_.fetch(version);
  }

 private:
  template <typename Change>
  bool change(Change &&apply);
  static PeerEntry *find(View &view, PeerId id);
  static OverlayEntry *find_overlay(View &view, OverlayId id);
  static void drop_peer(View &view, PeerEntry &entry);

  std::function<void()> changed_;
  std::mutex writing_;
  PublishedView published_;
  uint16_t generation_ = 0;
};

}  // namespace evio
