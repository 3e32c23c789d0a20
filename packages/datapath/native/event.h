// What the engine tells TypeScript. The names are those of the TypeScript face.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "mac_table.h"
#include "path.h"
#include "peer.h"

namespace evio::event {

/// STUN, a handshake message, or anything for the control part, from nobody in particular.
struct Datagram {
  std::vector<uint8_t> bytes;
  Path via;  // a reply goes back by it
  Endpoint local;
};
struct Control {
  PeerId peer;
  std::vector<uint8_t> bytes;
};
struct Echo {
  PeerId peer;
  uint32_t token;
  uint16_t datagram_bytes;
  Micros rtt;
};
struct Roamed {
  PeerId peer;
  Path path;
};
struct Established {
  PeerId peer;
  uint32_t local_index;
};
struct Wanted {
  PeerId peer;
};
struct Stalled {
  PeerId peer;
};
struct Exhausted {
  PeerId peer;
  uint32_t local_index;
};
/// A datagram was larger than the local device's MTU and was not sent.
struct TooBig {
  PeerId peer;
  uint32_t datagram_bytes;
};
struct Mac {
  OverlayId overlay;
  MacBits mac;
  PeerId owner;  // 0: this host
};
/// A MAC jumps between this host and a peer: the two have another way to each other.
struct Loop {
  OverlayId overlay;
  MacBits mac;
  PeerId peer;
};
struct Stream {
  StreamId stream;
  bool open;
  Endpoint local;
  std::string error;
};
struct Network {};
struct Failed {
  std::string message;
};

using Any = std::variant<Datagram, Control, Echo, Roamed, Established, Wanted, Stalled, Exhausted,
                         TooBig, Mac, Loop, Stream, Network, Failed>;

}  // namespace evio::event
