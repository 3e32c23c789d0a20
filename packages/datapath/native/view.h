// What the frame threads work from: an immutable picture of overlays, peers, paths, sessions and
// channels. A change makes a new picture and publishes it; each thread holds the one that it uses, and
// asks once per batch, with one atomic load, whether there is a newer one. So no lock is taken on a
// frame's way, and a session stays alive for as long as a thread may be using it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "address_table.h"
#include "flap_watch.h"
#include "flood_log.h"
#include "flood_table.h"
#include "flood_window.h"
#include "group_table.h"
#include "mac_table.h"
#include "path.h"
#include "peer.h"
#include "route_table.h"
#include "session.h"
#include "tap.h"

namespace evio {

/// A virtual Ethernet on this host: its device and who is behind which address.
struct Overlay {
  Overlay(OverlayId i, Tap t, uint64_t secret, NodeId own, bool carry = true)
      : id(i), node(own), tap(std::move(t)), own_mac(tap.mac()), carries(carry), macs(secret) {}

  const OverlayId id;
  /// This node's.
  const NodeId node;
  Tap tap;
  const MacBits own_mac;
  /// Whether it passes on what is for others; false for a leaf.
  std::atomic<bool> carries;
  MacTable macs;
  AddressTable addresses;
  GroupTable groups;
  FlapWatch flaps;
  FloodLog flood_log;

  /// Sequence of this node's next flood. Written by the TAP thread.
  std::atomic<uint32_t> next_flood{0};

  // The TAP thread's own.
  TokenBucket flood_budget{kFloodRate, kFloodBurst};

  // The link thread's own.
  FloodWindow floods_seen;
};

struct PeerEntry {
  std::shared_ptr<Peer> peer;        // none: the slot is free
  std::shared_ptr<Overlay> overlay;
  std::optional<Path> path;
  size_t path_mtu = wire::kDefaultPathMtu;
  std::shared_ptr<Session> sending;  // the session to seal with; none before the first is up

  bool linked() const { return path && sending; }
  /// Whether records for others may go to it: it is reached without help of the overlay.
  bool neighbour() const { return linked() && !path->through_overlay(); }
};

/// Which slot a node's peer has; sorted by id.
using NodeIndex = std::vector<std::pair<NodeId, uint16_t>>;

/// An overlay and its ring, as TypeScript sees that at present.
struct OverlayEntry {
  std::shared_ptr<Overlay> overlay;
  std::shared_ptr<const NodeIndex> nodes;
  std::shared_ptr<const RouteTable> routes;  // none: nothing is reached through others
  std::shared_ptr<const FloodTable> floods;  // none: what is for all goes straight to each peer
};

struct View {
  std::vector<PeerEntry> peers;  // by slot
  std::unordered_map<uint32_t, std::shared_ptr<Session>> sessions;
  std::unordered_map<ChannelKey, Endpoint, ChannelKeyHash> channels;
  std::vector<OverlayEntry> overlays;

  const OverlayEntry *overlay(OverlayId id) const {
    for (const OverlayEntry &entry : overlays) {
      if (entry.overlay->id == id) return &entry;
    }
    return nullptr;
  }
  /// The entry of a node of the overlay, unless it is no peer.
  const PeerEntry *peer_of(const OverlayEntry &overlay, NodeId node) const {
    const auto at = std::lower_bound(overlay.nodes->begin(), overlay.nodes->end(), std::pair{node, uint16_t{0}});
    return at == overlay.nodes->end() || at->first != node ? nullptr : &peers[at->second];
  }

  /// The peer's entry, unless it is gone.
  const PeerEntry *find(PeerId id) const {
    const uint16_t slot = slot_of(id);
    if (slot >= peers.size() || !peers[slot].peer || peers[slot].peer->id != id) return nullptr;
    return &peers[slot];
  }
};

/// The newest view. Publishing and fetching take a short lock; asking for news takes none.
class PublishedView {
 public:
  PublishedView() : view_(std::make_shared<const View>()) {}

  void publish(std::shared_ptr<const View> view) {
    const std::lock_guard lock(mutex_);
    view_.swap(view);
    version_.fetch_add(1, std::memory_order_release);
  }
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const View> fetch(uint64_t &version) const {
    const std::lock_guard lock(mutex_);
    version = version_.load(std::memory_order_relaxed);
    return view_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const View> view_;
  std::atomic<uint64_t> version_{1};
};

/// One thread's hold on the newest view.
class ViewReader {
 public:
  explicit ViewReader(const PublishedView &published) : published_(published) { refresh(); }

  /// Takes the newest view; whether there was a newer one.
  bool refresh() {
    if (published_.version() == version_) return false;
    view_ = published_.fetch(version_);
    return true;
  }
  const View &operator*() const { return *view_; }
  const View *operator->() const { return view_.get(); }

 private:
  const PublishedView &published_;
  uint64_t version_ = 0;
  std::shared_ptr<const View> view_;
};

}  // namespace evio
