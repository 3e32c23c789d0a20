#include "reassembly.h"

#include <algorithm>

namespace evio {
namespace {

/// Smallest piece that a sender makes, but for the last: what the smallest path MTU leaves, and less.
constexpr size_t kMinPieceBytes = 256;

}  // namespace

Reassembly::Result Reassembly::add(uint32_t peer, uint8_t flags, const wire::FragmentHeader &header,
                                   Bytes body, Micros now) {
  Result result;
  const size_t end = header.offset + body.size();
  const bool last = end == header.total;
  if (body.empty() || end > header.total || (!last && body.size() < kMinPieceBytes)) {
    result.outcome = Outcome::malformed;
    return result;
  }
  auto at = std::find_if(frames_.begin(), frames_.end(), [&](const Frame &f) {
    return f.peer == peer && f.number == header.frame;
  });
  if (at == frames_.end()) {
    make_room(peer, result);
    frames_.push_back({peer, header.frame, flags, now, header.total, {},
                       std::vector<uint8_t>(header.total)});
    at = frames_.end() - 1;
  }
  const bool overlaps = std::any_of(at->pieces.begin(), at->pieces.end(), [&](const Piece &p) {
    return header.offset < p.offset + p.length && p.offset < end;
  });
  if (at->bytes.size() != header.total || at->flags != flags || overlaps) {
    frames_.erase(at);
    result.outcome = Outcome::malformed;
    return result;
  }
  std::copy(body.begin(), body.end(), at->bytes.begin() + header.offset);
  at->pieces.push_back({header.offset, static_cast<uint16_t>(body.size())});
  at->missing -= body.size();
  if (at->missing > 0) return result;
  finished_.swap(at->bytes);
  frames_.erase(at);
  result.outcome = Outcome::complete;
  result.frame = finished_;
  result.flags = flags;
  return result;
}

void Reassembly::make_room(uint32_t peer, Result &result) {
  // Frames stand in the order in which they started, so the first found is the oldest.
  const auto of_peer = [&](const Frame &f) { return f.peer == peer; };
  if (static_cast<size_t>(std::count_if(frames_.begin(), frames_.end(), of_peer)) >=
      kMaxFramesPerPeer) {
    frames_.erase(std::find_if(frames_.begin(), frames_.end(), of_peer));
    ++result.evicted;
  } else if (frames_.size() >= kMaxFrames) {
    frames_.erase(frames_.begin());
    ++result.evicted;
  }
}

size_t Reassembly::expire(Micros now) {
  return std::erase_if(frames_, [&](const Frame &f) { return now - f.started > kTimeout; });
}

void Reassembly::forget(uint32_t peer) {
  std::erase_if(frames_, [&](const Frame &f) { return f.peer == peer; });
}

}  // namespace evio
