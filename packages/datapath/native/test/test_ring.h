// Several nodes without a kernel, numbered from 1, whose ids stand in the order of their numbers: with links,
// sessions through each other, and the tables that TypeScript would set.
#pragma once

#include <map>
#include <set>

#include "test_node.h"

namespace evio::test {

class TestRing {
 public:
  explicit TestRing(int count) {
    for (int i = 1; i <= count; ++i) {
      nodes_.push_back(std::make_unique<TestNode>(i));
      links_.emplace_back();
    }
    for (int i = 1; i <= count; ++i) {
      for (int j = 1; j <= count; ++j) {
        if (i != j) peers_[{i, j}] = *node(i).registry.add_peer(1, node_of(j));
      }
    }
  }

  int size() const { return static_cast<int>(nodes_.size()); }
  TestNode &node(int number) { return *nodes_[static_cast<size_t>(number - 1)]; }
  /// What `to` is at `at`.
  PeerId peer(int at, int to) const { return peers_.at({at, to}); }
  bool linked(int a, int b) { return neighbours(a).contains(b); }
  std::set<int> &neighbours(int number) { return links_[static_cast<size_t>(number - 1)]; }

  /// A session, and a direct path each way.
  void link(int a, int b) {
    neighbours(a).insert(b);
    neighbours(b).insert(a);
    connect(a, b, direct_path(b), direct_path(a));
  }
  /// A session, and overlay paths.
  void link_through_overlay(int a, int b) {
    Path path;
    path.carrier = Carrier::overlay;
    connect(a, b, path, path);
  }
  void unlink(int a, int b) {
    neighbours(a).erase(b);
    neighbours(b).erase(a);
    node(a).registry.set_path(peer(a, b), {});
    node(b).registry.set_path(peer(b, a), {});
  }

  /// Route tables of all that is within two hops.
  void set_routes() {
    for (int i = 1; i <= size(); ++i) {
      std::vector<RouteEntry> entries;
      for (const int n : neighbours(i)) {
        entries.push_back({node_of(n), peer(i, n)});
        for (const int m : neighbours(n)) entries.push_back({node_of(m), peer(i, n)});
      }
      node(i).registry.set_routes(1, std::move(entries));
    }
  }
  /// Flood tables of all links; `leafs` carry nothing.
  void set_neighbours(const std::set<int> &leafs = {}) {
    for (int i = 1; i <= size(); ++i) set_neighbours_of(i, leafs);
  }
  std::shared_ptr<const FloodTable> set_neighbours_of(int i, const std::set<int> &leafs = {}) {
    std::vector<FloodNeighbour> all;
    for (const int n : neighbours(i)) all.push_back({node_of(n), peer(i, n), !leafs.contains(n)});
    node(i).overlay->carries = !leafs.contains(i);
    std::shared_ptr<const FloodTable> before;
    node(i).registry.set_neighbours(1, std::move(all), before);
    node(i).receiver->refresh();
    return before;
  }
  /// Everyone knows who is behind whose MAC.
  void learn_macs() {
    for (const auto &[pair, id] : peers_) {
      node(pair.first).overlay->macs.learn(node(pair.second).mac(), slot_of(id), node(pair.first).now);
    }
  }

  /// Carries datagrams to and fro until none is left.
  void run() {
    for (bool busy = true; busy;) {
      busy = false;
      for (int i = 1; i <= size(); ++i) {
        for (const auto &one : std::exchange(node(i).network.sent, {})) {
          busy = true;
          for (int to = 1; to <= size(); ++to) {
            if (one.path.to != node(to).endpoint()) continue;
            node(to).receive(one.bytes, node(i).endpoint());
            node(to).end_batch();
          }
        }
      }
    }
  }

  /// The payload of a datagram, opened by whom it is for.
  Buffer opened(const Buffer &datagram, int by) {
    const auto header = wire::read_header(datagram.data());
    Buffer copy = datagram;
    const MutableBytes text(copy.data() + wire::kHeaderBytes, copy.size() - wire::kOverheadBytes);
    const bool good = node(by).registry.view()->sessions.at(header->receiver)->open.open(
        header->counter, Bytes(copy).first(wire::kHeaderBytes), text, text.data() + text.size());
    return good ? Buffer(text.begin(), text.end()) : Buffer{};
  }

  /// All drops of all nodes.
  uint64_t dropped() {
    uint64_t sum = 0;
    for (size_t i = 0; i < kCounterCount; ++i) {
      if (std::string(kCounterNames[i]).rfind("drop", 0) != 0) continue;
      for (auto &one : nodes_) sum += one->count(static_cast<Counter>(i));
    }
    return sum;
  }

 private:
  void connect(int a, int b, const Path &to_b, const Path &to_a) {
    // Each pair has a generation of its own, so that all indexes and keys differ.
    const auto generation = static_cast<uint32_t>(std::min(a, b) * 256 + std::max(a, b));
    node(a).add_session(peer(a, b), b, Role::initiator, generation);
    node(b).add_session(peer(b, a), a, Role::initiator, generation);
    node(a).registry.set_path(peer(a, b), to_b);
    node(b).registry.set_path(peer(b, a), to_a);
    node(a).receiver->refresh();
    node(b).receiver->refresh();
  }

  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::vector<std::set<int>> links_;
  std::map<std::pair<int, int>, PeerId> peers_;
};

}  // namespace evio::test
