// Tells when this host's place in the network changed: an address came or went, a link went up or
// down, the default route changed. Listens to rtnetlink (rtnetlink(7)) and knows the present state, so
// that repeated notices of it are no change (network_state.h says what is one).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

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
  /// Reads all waiting notices; whether any of them was a change. When notices were lost (ENOBUFS) it
  /// reads the state anew, which takes some milliseconds, and calls it a change.
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
