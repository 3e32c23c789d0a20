#include "registry.h"

#include <algorithm>
#include <utility>

namespace evio {
namespace {

constexpr size_t kMaxSlots = 65535;

}  // namespace

template <typename Change>
bool Registry::change(Change &&apply) {
  {
    const std::lock_guard lock(writing_);
    auto next = std::make_shared<View>(*view());
    if (!apply(*next)) return false;
    published_.publish(std::move(next));
  }
  changed_();
  return true;
}

PeerEntry *Registry::find(View &view, PeerId id) {
  return const_cast<PeerEntry *>(std::as_const(view).find(id));
}

OverlayEntry *Registry::find_overlay(View &view, OverlayId id) {
  return const_cast<OverlayEntry *>(std::as_const(view).overlay(id));
}

void Registry::drop_peer(View &view, PeerEntry &entry) {
  const PeerId id = entry.peer->id;
  if (OverlayEntry *overlay = find_overlay(view, entry.peer->overlay)) {
    auto nodes = std::make_shared<NodeIndex>(*overlay->nodes);
    std::erase(*nodes, std::pair{entry.peer->node, slot_of(id)});
    overlay->nodes = std::move(nodes);
  }
  entry.overlay->macs.forget(slot_of(id));
  entry.overlay->groups.forget(slot_of(id));
  std::erase_if(view.sessions, [&](const auto &item) { return item.second->peer == id; });
  entry = PeerEntry{};
}

void Registry::add_overlay(std::shared_ptr<Overlay> overlay) {
  change([&](View &view) {
    view.overlays.push_back({std::move(overlay), std::make_shared<NodeIndex>(), nullptr, nullptr});
    return true;
  });
}

void Registry::remove_overlay(OverlayId id) {
  change([&](View &view) {
    for (PeerEntry &entry : view.peers) {
      if (entry.peer && entry.peer->overlay == id) drop_peer(view, entry);
    }
    return std::erase_if(view.overlays, [&](const OverlayEntry &e) { return e.overlay->id == id; }) > 0;
  });
}

std::optional<PeerId> Registry::add_peer(OverlayId overlay, NodeId node) {
  std::optional<PeerId> added;
  change([&](View &view) {
    OverlayEntry *home = find_overlay(view, overlay);
    if (home == nullptr || node == home->overlay->node || view.peer_of(*home, node) != nullptr) return false;
    if (view.peers.empty()) view.peers.emplace_back();  // slot 0 stands for this host
    auto slot = std::find_if(view.peers.begin() + 1, view.peers.end(),
                             [](const PeerEntry &entry) { return !entry.peer; });
    if (slot == view.peers.end()) {
      if (view.peers.size() > kMaxSlots) return false;
      slot = view.peers.emplace(view.peers.end());
    }
    // A slot that is used again gets another id, so that what is meant for its former peer misses.
    const auto number = static_cast<PeerId>(slot - view.peers.begin());
    added = static_cast<PeerId>(++generation_) << 16 | number;
    slot->peer = std::make_shared<Peer>(*added, overlay, node);
    slot->overlay = home->overlay;
    auto nodes = std::make_shared<NodeIndex>(*home->nodes);
    const std::pair row{node, slot_of(*added)};
    nodes->insert(std::lower_bound(nodes->begin(), nodes->end(), row), row);
    home->nodes = std::move(nodes);
    // A frame of the former peer may have been on its way when that went.
    slot->overlay->macs.forget(slot_of(*added));
    slot->overlay->groups.forget(slot_of(*added));
    return true;
  });
  return added;
}

void Registry::remove_peer(PeerId id) {
  change([&](View &view) {
    PeerEntry *entry = find(view, id);
    if (entry == nullptr) return false;
    drop_peer(view, *entry);
    return true;
  });
}

bool Registry::set_path(PeerId id, std::optional<Path> path) {
  return change([&](View &view) {
    PeerEntry *entry = find(view, id);
    if (entry == nullptr) return false;
    const bool before = entry->path && entry->path->through_overlay();
    const bool after = path && path->through_overlay();
    if (after && !before) entry->path_mtu = wire::kDefaultOverlayPathMtu;
    if (before && !after) entry->path_mtu = wire::kDefaultPathMtu;
    entry->path = std::move(path);
    return true;
  });
}

bool Registry::set_path_mtu(PeerId id, size_t bytes) {
  return change([&](View &view) {
    PeerEntry *entry = find(view, id);
    if (entry == nullptr) return false;
    const bool through = entry->path && entry->path->through_overlay();
    const size_t least = through ? wire::kMinOverlayPathMtu : wire::kMinPathMtu;
    entry->path_mtu = std::clamp(bytes, least, wire::kMaxDatagramBytes);
    return true;
  });
}

bool Registry::set_routes(OverlayId id, std::vector<RouteEntry> entries) {
  return change([&](View &view) {
    OverlayEntry *overlay = find_overlay(view, id);
    if (overlay == nullptr) return false;
    for (RouteEntry &entry : entries) {
      const PeerEntry *next = std::as_const(view).find(entry.next_hop);
      entry.neighbour = next != nullptr && next->peer->node == entry.point;
    }
    overlay->routes = std::make_shared<RouteTable>(overlay->overlay->node, std::move(entries));
    return true;
  });
}

bool Registry::set_neighbours(OverlayId id, std::vector<FloodNeighbour> neighbours,
                              std::shared_ptr<const FloodTable> &before) {
  return change([&](View &view) {
    OverlayEntry *overlay = find_overlay(view, id);
    if (overlay == nullptr) return false;
    for (FloodNeighbour &one : neighbours) {
      const PeerEntry *peer = std::as_const(view).find(one.peer);
      one.linked = peer != nullptr && peer->peer->node == one.id;
    }
    before = std::exchange(overlay->floods,
                           std::make_shared<FloodTable>(overlay->overlay->node, std::move(neighbours)));
    return true;
  });
}

bool Registry::add_session(std::shared_ptr<Session> session) {
  return change([&](View &view) {
    PeerEntry *entry = find(view, session->peer);
    if (entry == nullptr) return false;
    if (!view.sessions.emplace(session->local_index, session).second) return false;
    if (session->role == Role::initiator) entry->sending = std::move(session);
    return true;
  });
}

void Registry::remove_session(uint32_t local_index) {
  change([&](View &view) {
    const auto gone = view.sessions.find(local_index);
    if (gone == view.sessions.end()) return false;
    const std::shared_ptr<Session> session = gone->second;
    view.sessions.erase(gone);
    PeerEntry *entry = find(view, session->peer);
    if (entry == nullptr || entry->sending != session) return true;
    entry->sending = nullptr;
    for (const auto &[index, other] : view.sessions) {
      const bool usable = other->role == Role::initiator || other->confirmed.load();
      if (other->peer != session->peer || !usable) continue;
      if (!entry->sending || other->added > entry->sending->added) entry->sending = other;
    }
    return true;
  });
}

void Registry::confirm(const std::shared_ptr<Session> &session) {
  change([&](View &view) {
    PeerEntry *entry = find(view, session->peer);
    // It may have been removed while the datagram was on its way to us.
    if (entry == nullptr || !view.sessions.contains(session->local_index)) return false;
    session->confirmed.store(true);
    // An initiator sends with it already. A late datagram under older keys must not bring those back.
    const bool older = entry->sending && session->added < entry->sending->added;
    if (session->role == Role::initiator || entry->sending == session || older) return false;
    entry->sending = session;
    return true;
  });
}

bool Registry::roam(PeerId id, const Path &from, const Path &to) {
  return change([&](View &view) {
    PeerEntry *entry = find(view, id);
    if (entry == nullptr || entry->path != from) return false;
    entry->path = to;
    return true;
  });
}

void Registry::bind_channel(const ChannelKey &key, const Endpoint &remote) {
  change([&](View &view) {
    view.channels.insert_or_assign(key, remote);
    return true;
  });
}

void Registry::unbind_channel(const ChannelKey &key) {
  change([&](View &view) { return view.channels.erase(key) > 0; });
}

}  // namespace evio
