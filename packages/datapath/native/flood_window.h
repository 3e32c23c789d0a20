// Which floods of which origin have passed here: each is delivered once, and no origin may send more than
// its share. Bounded; belongs to the link thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "node_id.h"
#include "token_bucket.h"

namespace evio {

/// Floods that a node may begin, a second and at once; what comes from others may have gathered on its way.
inline constexpr int64_t kFloodRate = 2000;
inline constexpr int64_t kFloodBurst = 1000;
inline constexpr int64_t kFloodBurstReceived = 2 * kFloodBurst;

class FloodWindow {
 public:
  /// How far behind the newest sequence of an origin a record may come.
  static constexpr uint32_t kWindow = 1024;
  /// An origin that was silent this long starts anew, with whatever sequence it has.
  static constexpr Micros kForget = 60 * kSecond;
  static constexpr size_t kMaxOrigins = 4096;

  enum class Seen : uint8_t { first, again, storm };

  /// `member`: whether the origin is known to be one. All others share one bucket, so that invented names
  /// gain nothing.
  Seen see(NodeId origin, uint32_t sequence, bool member, Micros now) {
    Origin &held = find(origin, sequence, now);
    if (held.marked(sequence, now)) return Seen::again;
    return (member ? held.bucket : strangers_).take(now) ? Seen::first : Seen::storm;
  }

  /// For what is only handed on.
  bool allow(NodeId origin, uint32_t sequence, bool member, Micros now) {
    return (member ? find(origin, sequence, now).handed_on : strangers_).take(now);
  }

 private:
  struct Origin {
    uint32_t newest;
    Micros seen_at = 0;
    TokenBucket bucket{kFloodRate, kFloodBurstReceived};
    TokenBucket handed_on{kFloodRate, kFloodBurstReceived};
    std::array<uint64_t, kWindow / 64> bits{};

    explicit Origin(uint32_t sequence) : newest(sequence) {}

    uint64_t &word(uint32_t sequence) { return bits[sequence % kWindow / 64]; }
    static uint64_t bit(uint32_t sequence) { return uint64_t{1} << sequence % 64; }

    /// Marks a sequence; true when it was marked before, or is too old to tell. Sequences are serial
    /// numbers modulo 2^32 (RFC 1982).
    bool marked(uint32_t sequence, Micros now) {
      const uint32_t ahead = sequence - newest;
      if (ahead != 0 && ahead < uint32_t{1} << 31) {
        if (ahead >= kWindow) {
          bits = {};
        } else {
          for (uint32_t step = 1; step <= ahead; ++step) word(newest + step) &= ~bit(newest + step);
        }
        newest = sequence;
      } else if (newest - sequence >= kWindow) {
        return true;
      } else if ((word(sequence) & bit(sequence)) != 0) {
        return true;
      }
      seen_at = now;
      word(sequence) |= bit(sequence);
      return false;
    }
  };

  Origin &find(NodeId origin, uint32_t sequence, Micros now) {
    const auto at = origins_.find(origin);
    if (at != origins_.end()) {
      if (now - at->second.seen_at <= kForget) return at->second;
      origins_.erase(at);
    } else if (origins_.size() >= kMaxOrigins) {
      auto oldest = origins_.begin();
      for (auto one = origins_.begin(); one != origins_.end(); ++one) {
        if (one->second.seen_at < oldest->second.seen_at) oldest = one;
      }
      origins_.erase(oldest);
    }
    Origin &made = origins_.emplace(origin, Origin(sequence)).first->second;
    made.seen_at = now;
    return made;
  }

  std::map<NodeId, Origin> origins_;
  TokenBucket strangers_{kFloodRate, kFloodBurstReceived};
};

}  // namespace evio
