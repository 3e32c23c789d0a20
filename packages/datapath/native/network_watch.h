// Tells when this host's place in the network changed: an address came or went, a link went up or
// down, the default route changed. Listens to rtnetlink (rtnetlink(7)) and keeps what it has seen, so
// that repeated notices of the same state (router advertisements, statistics) are no change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "bytes.h"
#include "file_descriptor.h"
#include "network_state.h"

namespace evio {

class NetworkWatch {
 public:
  /// Opens the netlink socket and reads the present state. nullptr, and the reason in `error`, when
  /// the kernel refuses.
  static std::unique_ptr<NetworkWatch> open(std::string &error);

  /// Readable when there are notices; non-blocking.
  int fd() const { return socket_.get(); }
  /// Reads all waiting notices; whether any of them was a change. Lost notices (ENOBUFS) count as one.
  bool drain();
  /// Interfaces whose changes do not matter, such as our own TAPs.
  void ignore(std::set<int> interface_indexes) { state_.ignore(std::move(interface_indexes)); }

 private:
  explicit NetworkWatch(FileDescriptor socket) : socket_(std::move(socket)) {}
  bool read_state(std::string &error);

  FileDescriptor socket_;
  NetworkState state_;
};

}  // namespace evio
