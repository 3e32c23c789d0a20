// How datagrams reach a peer or a server: straight by UDP, in a TURN channel that goes by UDP or on a
// stream, or through other nodes of the overlay.
#pragma once

#include <cstdint>

#include "endpoint.h"
#include "node_id.h"
#include "wire.h"

namespace evio {

using StreamId = uint32_t;
using OverlayId = uint32_t;

enum class Carrier : uint8_t {
  direct,       // UDP to `to`
  turn_udp,     // ChannelData by UDP to the server `to`
  turn_stream,  // ChannelData on the stream `stream`
  raw_stream,   // a STUN message for the server itself on `stream`; only for single datagrams
  overlay,      // in forward records, from neighbour to neighbour
};

struct Path {
  Carrier carrier = Carrier::direct;
  Endpoint to;           // of the UDP datagram; none on streams
  Endpoint source;       // local address to send from; none: the kernel's choice
  uint16_t channel = 0;  // TURN
  StreamId stream = 0;
  Endpoint remote;       // the peer; behind the relay for TURN
  OverlayId overlay = 0; // of single datagrams that travel through an overlay,
  NodeId node = 0;       // and the node they are for, or came from

  bool operator==(const Path &) const = default;

  bool on_stream() const {
    return carrier == Carrier::turn_stream || carrier == Carrier::raw_stream;
  }
  bool through_overlay() const { return carrier == Carrier::overlay; }
  bool in_channel() const {
    return carrier == Carrier::turn_udp || carrier == Carrier::turn_stream;
  }
  /// Bytes before each datagram of ours on this path.
  size_t prefix_bytes() const { return in_channel() ? wire::kChannelHeaderBytes : 0; }
};

/// Where a TURN channel is bound: its server (UDP) or its stream, and the number.
struct ChannelKey {
  Endpoint server;
  StreamId stream = 0;
  uint16_t channel = 0;

  bool operator==(const ChannelKey &) const = default;
};

struct ChannelKeyHash {
  size_t operator()(const ChannelKey &key) const {
    return EndpointHash{}(key.server) ^ (size_t{key.stream} << 20) ^ (size_t{key.channel} << 1);
  }
};

}  // namespace evio
