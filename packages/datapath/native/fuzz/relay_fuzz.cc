// A relay that plays foul with what it carries, as the input tells: nothing is delivered that was not sent, and
// nothing twice.
// sources: ../address_frames.cc ../aead.cc ../aes_gcm_vaes.cc ../endpoint.cc ../flood_relay.cc ../flood_table.cc ../forwarder.cc ../frame_sender.cc ../group_frames.cc ../group_table.cc ../mac_table.cc ../merger.cc ../packet_headers.cc ../reassembly.cc ../receiver.cc ../registry.cc ../route_table.cc ../segmenter.cc ../tap.cc ../train.cc ../transmitter.cc ../udp_socket.cc ../vnet_header.cc
#include "../test/hostile_relay.h"

#include "require.h"

using namespace evio;
using namespace evio::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Each input goes on where the one before ended, now and then from the start.
  static std::unique_ptr<HostileRelay> playing;
  static unsigned inputs = 0;
  if (inputs++ % 512 == 0) playing = std::make_unique<HostileRelay>();
  HostileRelay &play = *playing;
  size_t at = 0;
  const auto below = [&](size_t limit) {
    size_t value = 0;
    for (size_t span = limit - 1; span > 0; span >>= 8) value = value << 8 | (at < size ? data[at++] : 0);
    return value % limit;
  };
  for (int i = 0; i < 64 && at < size; ++i) play.step(below);
  REQUIRE(play.honest());
  return 0;
}
