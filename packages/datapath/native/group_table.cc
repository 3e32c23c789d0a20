#include "group_table.h"

#include <algorithm>
#include <limits>

namespace evio {
namespace {

using Kind = GroupMessage::Kind;

constexpr Micros kNever = std::numeric_limits<Micros>::max();

}  // namespace

void GroupTable::note_here(const GroupMessage &message, Micros now) {
  const std::lock_guard lock(mutex_);
  if (message.kind == Kind::query || message.kind == Kind::router) router_until_ = now + kRouter;
  bool differs = false;
  for (const GroupChange &change : message.changes) {
    const auto at = here_.find(change.group);
    const bool known = at != here_.end() && !at->second.gone;
    if (change.joins) {
      if (at == here_.end() && here_.size() >= kMaxHere) continue;
      here_[change.group] = {now + kReported, false};
      differs |= !known;
    } else if (known) {
      at->second.until = std::min(at->second.until, now + kLastListener);
      if (next_soon_ == 0) next_soon_ = std::max(now, last_soon_ + kSecond);
    }
  }
  if (differs) changed(now);
  schedule();
}

void GroupTable::changed(Micros now) {
  next_announce_ = std::max(now, last_announce_ + kAnnouncePause);
  repeats_ = 1;
}

void GroupTable::joined(bool joined, Micros now) {
  const std::lock_guard lock(mutex_);
  if (joined == (since_ != 0)) return;
  since_ = joined ? now : 0;
  if (joined && !here_.empty()) changed(now);
  schedule();
}

GroupTable::Chores GroupTable::chores(Micros now) {
  if (now < due()) return {};
  const std::lock_guard lock(mutex_);
  Chores chores;
  if (now >= next_query_) {
    chores.query = true;
    next_query_ = now + (queried_ ? kQueryEvery : kSecondQuery);
    queried_ = true;
  }
  if (next_soon_ != 0 && now >= next_soon_) {
    chores.query = chores.soon = true;
    last_soon_ = now;
    next_soon_ = 0;
  }
  bool expired = false;
  for (auto &[group, here] : here_) {
    if (here.gone || here.until > now) continue;
    here.gone = expired = true;
  }
  if (expired) changed(now);
  if (next_announce_ != 0 && now >= next_announce_ && since_ != 0) {
    for (const auto &[group, here] : here_) chores.announce.push_back({group, !here.gone});
    last_announce_ = now;
    if (repeats_ > 0) {
      --repeats_;
      next_announce_ = now + kAnnounceAgain;
    } else {
      std::erase_if(here_, [](const auto &row) { return row.second.gone; });
      next_announce_ = here_.empty() ? 0 : now + kAnnounceEvery;
    }
  }
  schedule();
  return chores;
}

void GroupTable::schedule() {
  Micros due = next_query_;
  if (next_soon_ != 0) due = std::min(due, next_soon_);
  if (next_announce_ != 0 && since_ != 0) due = std::min(due, next_announce_);
  for (const auto &[group, here] : here_) due = std::min(due, here.gone ? kNever : here.until);
  due_.store(due, std::memory_order_relaxed);
}

GroupTable::Way GroupTable::way(IpBits group, Micros now) {
  const std::lock_guard lock(mutex_);
  if (!settled(now) || overflow_until_ > now) return {true, {}};
  Way way;
  const auto add = [&](const std::map<Owner, Micros> &owners) {
    for (const auto &[owner, until] : owners) {
      if (until <= now) continue;
      if (owner == kStranger) way.all = true;
      way.owners.push_back(owner);
    }
  };
  if (const auto at = there_.find(group); at != there_.end()) add(at->second);
  add(routers_);
  std::sort(way.owners.begin(), way.owners.end());
  way.owners.erase(std::unique(way.owners.begin(), way.owners.end()), way.owners.end());
  if (way.owners.size() > kFew) way.all = true;
  if (way.all) way.owners.clear();
  return way;
}

void GroupTable::note_there(Owner owner, const GroupMessage &message, Micros now) {
  const std::lock_guard lock(mutex_);
  if (message.kind == Kind::query || message.kind == Kind::router) routers_[owner] = now + kRouter;
  for (const GroupChange &change : message.changes) {
    const auto at = there_.find(change.group);
    if (!change.joins) {
      if (at == there_.end()) continue;
      if (at->second.erase(owner) != 0) erased_there(owner);
      if (at->second.empty()) there_.erase(at);
      continue;
    }
    if (at != there_.end() && at->second.contains(owner)) {
      at->second[owner] = now + kAnnounced;
      continue;
    }
    if (!room_there(owner, now)) {
      if (there_count_ >= kMaxThere) {
        overflow_until_ = now + kAnnounced;
      } else if (owner != kStranger) {
        routers_[owner] = std::max(routers_[owner], now + kAnnounced);
      }
      return;
    }
    there_[change.group][owner] = now + kAnnounced;
    ++there_of_[owner];
    ++there_count_;
  }
}

bool GroupTable::room_there(Owner owner, Micros now) {
  const auto room = [&] {
    const auto of = there_of_.find(owner);
    return there_count_ < kMaxThere && (of == there_of_.end() || of->second < kMaxOfOwner);
  };
  if (room() || now - swept_ < kSweepEvery) return room();
  swept_ = now;
  for (auto row = there_.begin(); row != there_.end();) {
    std::erase_if(row->second, [&](const auto &one) {
      if (one.second > now) return false;
      erased_there(one.first);
      return true;
    });
    row = row->second.empty() ? there_.erase(row) : std::next(row);
  }
  return room();
}

void GroupTable::erased_there(Owner owner) {
  --there_count_;
  const auto of = there_of_.find(owner);
  if (--of->second == 0) there_of_.erase(of);
}

bool GroupTable::wanted_here(IpBits group, Micros now) {
  const std::lock_guard lock(mutex_);
  if (!settled(now) || router_until_ > now || here_.size() >= kMaxHere) return true;
  const auto at = here_.find(group);
  return at != here_.end() && !at->second.gone;
}

bool GroupTable::router_here(Micros now) {
  const std::lock_guard lock(mutex_);
  return router_until_ > now;
}

void GroupTable::forget(Owner owner) {
  const std::lock_guard lock(mutex_);
  routers_.erase(owner);
  for (auto row = there_.begin(); row != there_.end();) {
    if (row->second.erase(owner) != 0) erased_there(owner);
    row = row->second.empty() ? there_.erase(row) : std::next(row);
  }
}

}  // namespace evio
