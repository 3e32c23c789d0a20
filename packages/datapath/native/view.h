// What the frame threads work from: an immutable picture of overlays, peers, paths, sessions and
// channels. A change makes a new picture and publishes it; each thread holds the one that it uses, and
// asks once per batch, with one atomic load, whether there is a newer one. So no lock is taken on a
// frame's way, and a session stays alive for as long as a thread may be using it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "mac_table.h"
#include "path.h"
#include "peer.h"
#include "session.h"
#include "tap.h"

namespace evio {

/// A virtual Ethernet on this host: its device and who is behind which address.
struct Overlay {
  Overlay(OverlayId i, Tap t, uint64_t secret)
      : id(i), tap(std::move(t)), own_mac(tap.mac()), macs(secret) {}

  const OverlayId id;
  Tap tap;
  const MacBits own_mac;
  MacTable macs;
};

struct PeerEntry {
  std::shared_ptr<Peer> peer;        // none: the slot is free
  std::shared_ptr<Overlay> overlay;
  std::optional<Path> path;
  size_t path_mtu = wire::kDefaultPathMtu;
  std::shared_ptr<Session> sending;  // the session to seal with; none before the first is up

  bool linked() const { return path && sending; }
};

struct View {
  std::vector<PeerEntry> peers;  // by slot
  std::unordered_map<uint32_t, std::shared_ptr<Session>> sessions;
  std::unordered_map<ChannelKey, Endpoint, ChannelKeyHash> channels;
  std::vector<std::shared_ptr<Overlay>> overlays;

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
