// Any header before any frame: never a read outside of it, and what is restored is taken by a TAP.
// sources: ../test/reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc
#include "../test/reference_segmenter.h"
#include "../vnet_header.h"
#include "require.h"

using namespace evio;
using namespace evio::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
  const auto vnet = read_vnet_header({input, bytes});
  if (!vnet) return 0;
  const Frame frame(input + kVnetHeaderBytes, input + bytes);
  Frame sent = frame;
  const TapFrame kind = classify_tap_frame(*vnet, sent);
  Frame received = sent;
  const auto restored = restore_checksum_needed(received);
  if (kind == TapFrame::checksum_needed || kind == TapFrame::super_frame) REQUIRE(restored.has_value());
  if (restored) REQUIRE(tap_objection(*restored, received).empty());
  return 0;
}
