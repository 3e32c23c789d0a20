// IGMP and MLD frames of anybody, and the table that believes them: nothing crashes, and nothing grows.
// sources: ../address_frames.cc ../group_frames.cc ../group_table.cc
#include <algorithm>

#include "../checksum.h"
#include "../group_table.h"
#include "require.h"

using namespace evio;

namespace {

/// Makes the checksum right, so that what is behind it is reached.
void mend(std::vector<uint8_t> &frame) {
  if (frame.size() < 62 || frame[14] >> 4 != 4) return;
  const size_t at = 14 + size_t{4} * (frame[14] & 15);
  const size_t end = std::min<size_t>(frame.size(), 14 + size_t{read_u16(&frame[16])});
  if (at + 8 > end) return;
  write_u16(&frame[at + 2], 0);
  write_u16(&frame[at + 2], static_cast<uint16_t>(~checksum_fold(checksum_add(0, Bytes(frame).subspan(at, end - at)))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  static GroupTable table;
  static Micros now = 1'000 * kSecond;
  now += Micros{data[0]} * 100 * kMillisecond;
  table.joined(data[1] != 0, now);
  // From nothing, or from a frame of our own with bytes of the input laid over it.
  std::vector<uint8_t> frame(data + 3, data + size);
  if (data[2] < 128) {
    std::vector<std::vector<uint8_t>> good = group_queries(GroupSpeaker::of(5), true);
    const auto reports = group_reports(GroupSpeaker::of(5), {{ipv4_bits(0xef010000 + data[1]), true}, {~IpBits{0}, true}});
    good.insert(good.end(), reports.begin(), reports.end());
    std::vector<uint8_t> base = good[data[2] % good.size()];
    for (size_t i = 0; i + 1 < frame.size() && i < 16; i += 2) base[frame[i] % base.size()] = frame[i + 1];
    frame = std::move(base);
    mend(frame);
  }
  prunable_group(frame);
  const auto message = read_group_message(frame);
  if (!message) return 0;
  REQUIRE(message->changes.size() <= 512);
  if (message->kind != GroupMessage::Kind::report) REQUIRE(message->changes.empty());
  table.note_here(*message, now);
  table.note_there(data[1], *message, now);
  for (const GroupChange &change : message->changes) {
    REQUIRE(table.way(change.group, now).owners.size() <= GroupTable::kFew);
  }
  REQUIRE(table.chores(now).announce.size() <= GroupTable::kMaxHere);
  return 0;
}
