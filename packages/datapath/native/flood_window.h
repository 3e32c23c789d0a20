// Which floods of which origin have passed here: each is delivered once, and neither an origin nor a link may
// bring more than its share. Bounded; belongs to the link thread.
//
// Who the origin is, is the word of the neighbour that passes the flood on. So that a member that lies about
// it can silence nobody:
//   - what comes in the name of one origin by one link leaves a share to other links;
//   - a sequence far from those that came begins a second run beside the first, and the run unused for
//     longest makes room: a single number from far ahead makes none of the true ones old.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "node_id.h"
#include "sequence_window.h"
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
  /// An origin that was silent this long starts anew, with whatever sequence it has.
  static constexpr Micros kForget = 60 * kSecond;
  static constexpr size_t kMaxOrigins = 4096;

  enum class Seen : uint8_t { first, again, storm, link_storm };

  /// `link`: the neighbour that it came from. `member`: whether the origin is known to be one; all others
  /// share one limit, so that invented names gain nothing.
  Seen see(NodeId origin, uint32_t sequence, PeerId link, bool member, Micros now) {
    Origin &held = find(origin, now);
    if (held.marked(sequence, now)) return Seen::again;
    return limit(held.delivered, link, member, now);
  }

  /// For what is only handed on: first, or one of the storms.
  Seen hand_on(NodeId origin, PeerId link, bool member, Micros now) {
    if (!member) return limit(strangers_, link, now);
    return limit(find(origin, now).handed_on, link, member, now);
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

  struct Origin {
    Micros seen_at = 0;
    Share delivered;
    Share handed_on;
    std::array<SequenceWindow, 2> runs{};

    bool marked(uint32_t sequence, Micros now) {
      for (SequenceWindow &run : runs) {
        if (run.fits(sequence)) return run.marked(sequence, now);
      }
      SequenceWindow &oldest = runs[0].used <= runs[1].used ? runs[0] : runs[1];
      oldest = SequenceWindow(sequence, now);
      return oldest.marked(sequence, now);
    }
  };

  Seen limit(Share &share, PeerId link, bool member, Micros now) {
    if (!member) return limit(strangers_, link, now);
    if (!by_link(link).take(now)) return Seen::link_storm;
    return share.take(link, now) ? Seen::first : Seen::storm;
  }
  Seen limit(TokenBucket &bucket, PeerId link, Micros now) {
    if (!by_link(link).take(now)) return Seen::link_storm;
    return bucket.take(now) ? Seen::first : Seen::storm;
  }

  TokenBucket &by_link(PeerId link) {
    return links_.try_emplace(slot_of(link), kShares * kFloodRate, kShares * kFloodBurstReceived).first->second;
  }

  Origin &find(NodeId origin, Micros now) {
    const auto at = origins_.find(origin);
    if (at != origins_.end()) {
      if (now - at->second.seen_at > kForget) at->second = {};
      at->second.seen_at = now;
      return at->second;
    }
    if (origins_.size() >= kMaxOrigins) {
      origins_.erase(std::min_element(origins_.begin(), origins_.end(), [](const auto &a, const auto &b) {
        return a.second.seen_at < b.second.seen_at;
      }));
    }
    Origin &made = origins_[origin];
    made.seen_at = now;
    return made;
  }

  std::map<NodeId, Origin> origins_;
  std::unordered_map<uint16_t, TokenBucket> links_;  // by slot
  TokenBucket strangers_{kFloodRate, kFloodBurstReceived};
};

}  // namespace evio
