// Netlink buffers of any content: no read outside of them.
// sources: ../network_state.cc
#include "../network_state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
  evio::NetworkState state;
  state.ignore({3});
  state.apply({input, bytes});
  state.apply({input, bytes});
  return 0;
}
