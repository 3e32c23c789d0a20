// A member that carries others' datagrams and plays foul: between A (1) and B (3), it sees all that the two
// send each other, and passes on what a stream of choices tells: as it is, altered, cut, late, again, with
// another header, or not at all.
#pragma once

#include <functional>
#include <map>

#include "test_ring.h"

namespace evio::test {

class HostileRelay {
 public:
  /// `below(n)`: the next choice, less than n.
  using Below = std::function<size_t(size_t)>;

  HostileRelay() {
    ring.link(1, 2);
    ring.link(2, 3);
    ring.link_through_overlay(1, 3);
    ring.set_routes();
    ring.learn_macs();
  }

  TestRing ring{3};
  TestNode &a = ring.node(1);
  TestNode &relay = ring.node(2);
  TestNode &b = ring.node(3);

  /// A sends a frame that no other equals; then the relay does something.
  void step(const Below &below) {
    const size_t sizes[] = {60, 300, 1000, 1400, 3000};
    if (below(4) != 0) {
      const Buffer frame = test_frame(b.mac(), a.mac(), sizes[below(5)], ++frames_);
      ++sent_[frame];
      a.send_batch({frame});
      for (const auto &one : std::exchange(a.network.sent, {})) carried_.push_back(forward_in(one.bytes));
      if (carried_.size() > 64) carried_.erase(carried_.begin(), carried_.end() - 64);
    }
    for (size_t acts = below(5); acts > 0 && !carried_.empty(); --acts) pass_on(carried_[below(carried_.size())], below);
    a.now += Micros{1} * kMillisecond;
    b.now = a.now;
    judge();
  }

  /// Whether all that was delivered is what was sent, each once.
  bool honest() const { return honest_; }
  size_t delivered() const { return delivered_; }
  uint64_t refused() const { return b.count(Counter::dropForged) + b.count(Counter::dropReplayed); }
  uint64_t passed() const { return passed_; }

 private:
  /// The forward record's body in a datagram for the relay.
  Buffer forward_in(const Buffer &datagram) {
    const Buffer text = ring.opened(datagram, 2);
    return {text.begin() + wire::kRecordHeaderBytes, text.end()};
  }

  void pass_on(Buffer body, const Below &below) {
    const size_t inner = wire::kForwardHeaderBytes;
    switch (below(6)) {
      case 0:
      case 1:
        break;
      case 2:
        for (size_t flips = 1 + below(3); flips > 0; --flips) {
          uint8_t &byte = body[inner + below(body.size() - inner)];
          byte = static_cast<uint8_t>(byte ^ 1 << below(8));
        }
        break;
      case 3:
        body.resize(inner + 1 + below(body.size() - inner));
        break;
      case 4:  // the counter, the index: any of the header's bytes
        body[inner + below(wire::kHeaderBytes)] = static_cast<uint8_t>(below(256));
        break;
      case 5:  // the forward header: another source, hop limit, bound
        body[16 + below(24)] = static_cast<uint8_t>(below(256));
        break;
    }
    relay.receiver->send_record(ring.peer(2, 3), wire::Kind::forward, 0, body);
    ++passed_;
    b.receive_all(relay);
    relay.network.sent.clear();
    b.network.sent.clear();
  }

  void judge() {
    for (const Buffer &frame : b.delivered()) {
      const auto at = sent_.find(frame);
      honest_ &= at != sent_.end() && at->second-- == 1;
      ++delivered_;
    }
  }

  std::map<Buffer, int> sent_;
  std::vector<Buffer> carried_;
  unsigned frames_ = 0;
  size_t delivered_ = 0;
  uint64_t passed_ = 0;
  bool honest_ = true;
};

}  // namespace evio::test
