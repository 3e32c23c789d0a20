// Finding messages in the stream of a TURN server.
// sources: ../turn_deframer.cc
#include "../turn_deframer.h"

#include <algorithm>
#include <random>

#include "check.h"
#include "turn_messages.h"

using namespace evio;
using namespace evio::test;

namespace {

/// Feeds `stream` in pieces of at most `piece` bytes; returns the messages found.
std::vector<Message> deframe(TurnDeframer &deframer, Bytes stream, const auto &piece) {
  std::vector<Message> found;
  while (!stream.empty()) {
    const MutableBytes room = deframer.room();
    CHECK(!room.empty());
    const size_t now = std::min({room.size(), stream.size(), piece()});
    std::copy_n(stream.begin(), now, room.begin());
    deframer.added(now);
    stream = stream.subspan(now);
    for (Bytes one = deframer.next(); !one.empty(); one = deframer.next()) found.emplace_back(one.begin(), one.end());
  }
  return found;
}

}  // namespace

TEST("messages of all sizes are found, however the stream is cut") {
  std::mt19937 random(1);
  for (size_t piece : {1u, 3u, 1000u, 100'000u}) {
    std::vector<Message> sent;
    Message stream;
    for (int i = 0; i < 60; ++i) {
      const size_t bytes = i % 20 == 19 ? 65532 : random() % 300;
      sent.push_back(i % 2 == 0 ? stun_message(bytes / 4 * 4) : channel_message(0x4000 + i, bytes));
      append_padded(stream, sent.back());
    }
    TurnDeframer deframer;
    CHECK(deframe(deframer, stream, [&] { return 1 + random() % piece; }) == sent);
    CHECK(!deframer.failed());
  }
}

TEST("a message waits for its padding") {
  TurnDeframer deframer;
  const Message message = channel_message(0x4001, 5);
  CHECK(deframe(deframer, message, [] { return size_t{100}; }).empty());
  const uint8_t padding[3] = {};
  CHECK(deframe(deframer, padding, [] { return size_t{1}; }).size() == 1);
}

TEST("what is neither STUN nor ChannelData ends the stream for good") {
  const auto fails = [](Message bytes) {
    TurnDeframer deframer;
    deframe(deframer, bytes, [] { return size_t{100}; });
    const bool failed = deframer.failed();
    deframe(deframer, stun_message(0), [] { return size_t{100}; });
    return failed && deframer.failed();
  };
  CHECK(fails({0x80}));
  CHECK(fails({0x50, 0, 0, 0}));
  CHECK(fails({0xc0}));
  CHECK(fails({0, 1, 0, 3}));                             // a length that is no multiple of 4
  CHECK(fails({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43, 0}));  // another cookie
  CHECK(!fails(stun_message(8)));
}

RUN_ALL()
