// Who wants which multicast group: what hosts behind our own TAP have reported, and what other nodes have
// announced. Decides where a group's frames go, when to ask and when to announce; sends nothing itself.
// Bounded. Looked at only for multicast that is not for everybody, so behind a lock.
//
//   1. Reports of hosts stay on their host; note_here(…) takes them. Each node asks its own side now and then
//      (RFC 4541 §2.1.1), so whoever listens is known, with or without a router.
//   2. For its hosts, a node announces to all what is wanted on its side: at once and again a second later when
//      that changes, and every 30 s as long as it is anything. A node that announces nothing wants nothing.
//   3. way(group) names the nodes to send to: those that want the group, and those with a router. Everybody
//      while this node is new in the overlay and may not have heard all announcements.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "group_frames.h"
#include "mac_table.h"

namespace evio {

/// As owner: a member that is none of our peers.
inline constexpr Owner kStranger = 0;

class GroupTable {
 public:
  static constexpr Micros kQueryEvery = 125 * kSecond;  // RFC 3376 §8.2
  static constexpr Micros kSecondQuery = 31 * kSecond;  // RFC 3376 §8.6
  /// How long what a host has reported counts: two queries and the time for an answer (RFC 3376 §8.4).
  static constexpr Micros kReported = 2 * kQueryEvery + 10 * kSecond;
  /// After a host has left, others have this long to say that they stay.
  static constexpr Micros kLastListener = 3 * kSecond;
  static constexpr Micros kRouter = 255 * kSecond;  // RFC 3376 §8.5
  static constexpr Micros kAnnounceEvery = 30 * kSecond;
  static constexpr Micros kAnnounceAgain = kSecond;
  static constexpr Micros kAnnouncePause = 200 * kMillisecond;
  /// Three announcements that are lost in a row.
  static constexpr Micros kAnnounced = 3 * kAnnounceEvery + 15 * kSecond;
  static constexpr Micros kSettling = kAnnounceEvery + 10 * kSecond;
  static constexpr size_t kMaxHere = 512;
  static constexpr size_t kMaxThere = 8192;
  /// Of one owner: what a node announces at most. Who announces more gets every group, as a router does; those
  /// that are none of our peers get what fits.
  static constexpr size_t kMaxOfOwner = kMaxHere;
  static constexpr Micros kSweepEvery = kSecond;
  /// Up to so many get copies of their own; for more, a flood is less work for the sender.
  static constexpr size_t kFew = 8;

  // The TAP thread:

  /// What came from our own TAP.
  void note_here(const GroupMessage &message, Micros now);
  /// Whether there is anybody in the overlay to hear us: what was unheard while there was not, is unknown.
  void joined(bool joined, Micros now);

  struct Chores {
    bool query = false;
    bool soon = false;  // the query wants answers within a second
    std::vector<GroupChange> announce;
  };
  /// What is due now. Costs one load when there is nothing.
  Chores chores(Micros now);
  Micros due() const { return due_.load(std::memory_order_relaxed); }

  struct Way {
    bool all = false;
    std::vector<Owner> owners;
  };
  Way way(IpBits group, Micros now);

  // The link thread:

  /// What came from another node.
  void note_there(Owner owner, const GroupMessage &message, Micros now);
  /// Whether a group's frames are wanted on our own side.
  bool wanted_here(IpBits group, Micros now);
  /// Whether reports are.
  bool router_here(Micros now);
  // Any thread:
  void forget(Owner owner);

 private:
  struct Here {
    Micros until = 0;
    bool gone = false;   // told as left once more, then forgotten
  };

  void changed(Micros now);
  bool room_there(Owner owner, Micros now);
  void erased_there(Owner owner);
  void schedule();
  bool settled(Micros now) const { return since_ != 0 && now - since_ >= kSettling; }

  std::mutex mutex_;
  std::atomic<Micros> due_{0};

  std::map<IpBits, Here> here_;
  Micros router_until_ = 0;
  Micros next_query_ = 0;
  Micros next_soon_ = 0;   // 0: none wanted
  Micros last_soon_ = 0;
  Micros next_announce_ = 0;  // 0: nothing to announce
  Micros last_announce_ = 0;
  int repeats_ = 0;
  bool queried_ = false;
  Micros since_ = 0;  // when we joined; 0: alone

  std::map<IpBits, std::map<Owner, Micros>> there_;
  std::map<Owner, size_t> there_of_;  // how many groups each owner has in there_
  size_t there_count_ = 0;
  Micros swept_ = 0;
  std::map<Owner, Micros> routers_;
  Micros overflow_until_ = 0;
};

}  // namespace evio
