// Which floods of which origin have passed here: each is delivered once, and neither an origin nor a link may
// bring more than its share. Bounded; belongs to the link thread.
//
// Who the origin is, is the word of the neighbour that passes the flood on. So that a member that lies about
// it can silence nobody:
//   - what comes in the name of one origin by one link leaves a share to other links;
//   - a flood is known again by its content too (flood_marks.h), and only when it passed the limits: what
//     others send with a number makes no other frame with that number old.
// Whose floods a neighbour alone brings, it can of course drop.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "flood_marks.h"
#include "node_id.h"
#include "session.h"
#include "token_bucket.h"

namespace evio {

/// Floods that a node may begin, a second and at once; what comes from others may have gathered on its way.
inline constexpr int64_t kFloodRate = 2000;
inline constexpr int64_t kFloodBurst = 1000;
inline constexpr int64_t kFloodBurstReceived = 2 * kFloodBurst;
/// Of one origin by all links, and of all origins by one link.
inline constexpr int64_t kShares = 2;

class FloodWindow {
 public:
  static constexpr size_t kMaxOrigins = 4096;

  enum class Seen : uint8_t { first, again, storm, link_storm };

  /// `link`: the neighbour that it came from. `member`: whether the origin is known to be one; all others
  /// count as one origin, so that invented names gain nothing.
  Seen see(const wire::FloodHeader &header, Bytes frame, PeerId link, bool member, Micros now) {
    if (!by_link(link).take(now)) return Seen::link_storm;
    const FloodMarks::Mark mark = marks_.mark_of(header, frame);
    if (marks_.has(mark, now)) return Seen::again;
    if (!limits(header.origin, member).delivered.take(link, now)) return Seen::storm;
    marks_.add(mark, now);
    return Seen::first;
  }

  /// For what is only handed on: first, or one of the storms.
  Seen hand_on(NodeId origin, PeerId link, bool member, Micros now) {
    if (!by_link(link).take(now)) return Seen::link_storm;
    return limits(origin, member).handed_on.take(link, now) ? Seen::first : Seen::storm;
  }

 private:
  /// What one origin may send: by each link, and in all.
  class Share {
   public:
    bool take(PeerId link, Micros now) {
      By *by = std::find_if(by_.begin(), by_.end(), [&](const By &one) { return one.link == link; });
      if (by == by_.end()) {
        by = std::min_element(by_.begin(), by_.end(), [](const By &a, const By &b) { return a.used < b.used; });
        by->link = link;
        by->bucket = TokenBucket{kFloodRate, kFloodBurstReceived};
      }
      by->used = now;
      return by->bucket.take(now) && all_.take(now);
    }

   private:
    struct By {
      PeerId link = 0;
      Micros used = 0;
      TokenBucket bucket{kFloodRate, kFloodBurstReceived};
    };
    std::array<By, 4> by_{};
    TokenBucket all_{kShares * kFloodRate, kShares * kFloodBurstReceived};
  };

  struct Limits {
    Share delivered;
    Share handed_on;
  };

  TokenBucket &by_link(PeerId link) {
    return links_.try_emplace(slot_of(link), kShares * kFloodRate, kShares * kFloodBurstReceived).first->second;
  }

  Limits &limits(NodeId origin, bool member) {
    if (!member) return strangers_;
    auto &at = origins_[origin];
    if (at) {
      recent_.splice(recent_.begin(), recent_, *at);
      return recent_.front().second;
    }
    recent_.emplace_front(origin, Limits{});
    at = recent_.begin();
    if (recent_.size() > kMaxOrigins) {
      origins_.erase(recent_.back().first);
      recent_.pop_back();
    }
    return recent_.front().second;
  }

  using Recent = std::list<std::pair<NodeId, Limits>>;
  FloodMarks marks_;
  Recent recent_;  // members, the one that sent last first
  std::map<NodeId, std::optional<Recent::iterator>> origins_;
  Limits strangers_;
  std::unordered_map<uint16_t, TokenBucket> links_;  // by slot
};

}  // namespace evio
