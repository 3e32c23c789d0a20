// Finds out for certain whether two hosts have a second way to each other. Where broadcast goes round in one
// direction only, no MAC jumps (flap_watch.h), but the same frame comes from the TAP again and again. That may
// be a host that repeats itself; so a beacon with our node id goes out by the TAP. Who gets a beacon of another
// node from its own TAP has a loop with that node.
//
//   0  ff:ff:ff:ff:ff:ff, source, EtherType 0x88b6 (IEEE 802 local experimental 2)
//   14 "evio"
//   18 node id, then zeros up to 60 bytes
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "clock.h"
#include "mac_table.h"
#include "node_id.h"

namespace evio {

inline constexpr size_t kBeaconBytes = 60;
inline constexpr uint16_t kBeaconType = 0x88b6;
inline constexpr uint32_t kBeaconMagic = 0x6576696f;

inline std::vector<uint8_t> loop_beacon(MacBits from, NodeId node) {
  std::vector<uint8_t> frame(kBeaconBytes);
  std::fill_n(frame.begin(), 6, uint8_t{0xff});
  for (int i = 0; i < 6; ++i) frame[static_cast<size_t>(6 + i)] = static_cast<uint8_t>(from >> (40 - 8 * i));
  write_u16(&frame[12], kBeaconType);
  write_u32(&frame[14], kBeaconMagic);
  write_node_id(&frame[18], node);
  return frame;
}

/// Whose beacon a frame is.
inline std::optional<NodeId> read_loop_beacon(Bytes frame) {
  if (frame.size() < kBeaconBytes || read_u16(&frame[12]) != kBeaconType || read_u32(&frame[14]) != kBeaconMagic) {
    return {};
  }
  return read_node_id(&frame[18]);
}

/// Counts equal frames. Belongs to the TAP thread.
class RepeatWatch {
 public:
  static constexpr int kRepeats = 8;
  static constexpr Micros kWindow = kSecond;
  static constexpr Micros kPause = 200 * kMillisecond;

  /// Whether it is time for a beacon.
  bool suspicious(Bytes frame, Micros now) {
    const size_t hash = std::hash<std::string_view>{}({reinterpret_cast<const char *>(frame.data()), frame.size()});
    Row &row = rows_[hash % rows_.size()];
    if (row.hash != hash || now - row.since > kWindow) row = {hash, 0, now};
    if (++row.count < kRepeats || now - told_ < kPause) return false;
    row.count = 0;
    told_ = now;
    return true;
  }

 private:
  struct Row {
    size_t hash = 0;
    int count = 0;
    Micros since = 0;
  };
  std::array<Row, 128> rows_{};
  Micros told_ = 0;
};

}  // namespace evio
