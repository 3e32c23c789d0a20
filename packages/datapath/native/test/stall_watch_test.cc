// When a silent peer is asked, and when it is given up.
// sources: ../aead.cc ../aes_gcm_vaes.cc
#include "../stall_watch.h"

#include "check.h"

using namespace evio;

TEST("two echoes are asked for, then the peer is stalled, once a second at most") {
  Peer peer(65537, 1, 2);
  const Micros sent = 10 * kSecond;
  CHECK(stall_step(peer, sent) == StallStep::none);
  peer.unanswered_since.store(sent);
  CHECK(stall_step(peer, sent + 249 * kMillisecond) == StallStep::none);
  CHECK(stall_step(peer, sent + 250 * kMillisecond) == StallStep::ask);
  CHECK(stall_step(peer, sent + 374 * kMillisecond) == StallStep::none);
  CHECK(stall_step(peer, sent + 375 * kMillisecond) == StallStep::ask);
  CHECK(stall_step(peer, sent + 500 * kMillisecond) == StallStep::stalled);
  CHECK(stall_step(peer, sent + 600 * kMillisecond) == StallStep::none);
  peer.unanswered_since.store(sent + 600 * kMillisecond);
  stall_step(peer, sent + 850 * kMillisecond);
  stall_step(peer, sent + 975 * kMillisecond);
  CHECK(stall_step(peer, sent + 1100 * kMillisecond) == StallStep::none);  // told 600 ms ago
}

TEST("a long way is given its time") {
  Peer peer(65537, 1, 2);
  peer.rtt.store(600 * kMillisecond);
  peer.unanswered_since.store(1);
  CHECK(stall_step(peer, 1200 * kMillisecond) == StallStep::none);
  CHECK(stall_step(peer, 1250 * kMillisecond + 1) == StallStep::ask);
}

RUN_ALL()
