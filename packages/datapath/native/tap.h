// A persistent TAP device: it stays when the process goes, with its bridge membership and addresses.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <string>

#include "bytes.h"
#include "file_descriptor.h"
#include "mac_table.h"
#include "vnet_header.h"

namespace evio {

class Tap {
 public:
  struct Options {
    std::string name;
    unsigned mtu = 1400;
    std::optional<MacBits> mac;  // none: the device keeps the one it has
    /// False: no offloads, so that each frame is one packet with its checksum.
    bool super_frames = true;
  };

  /// Opens the device, making it when there is none. Nothing, and the reason in `error`, when the
  /// kernel refuses.
  static std::optional<Tap> open(const Options &options, std::string &error);
  /// A stand-in for tests: frames go to and come from `fd`, one write or read each.
  static Tap over(FileDescriptor fd, MacBits mac);

  int fd() const { return fd_.get(); }
  const std::string &name() const { return name_; }
  MacBits mac() const { return mac_; }
  int interface_index() const { return index_; }
  bool udp_segments() const { return udp_segments_; }
  bool super_frames() const { return super_frames_; }

  /// Reads one frame with its vnet header; 0 when there is none, -1 and errno when the device is gone.
  ssize_t read(MutableBytes buffer) const;
  /// Writes one frame, given in parts (at most 256); whether the kernel took it.
  bool write(const VnetHeader &header, std::span<const iovec> parts) const;

 private:
  FileDescriptor fd_;
  std::string name_;
  MacBits mac_ = 0;
  int index_ = 0;
  bool udp_segments_ = false;
  bool super_frames_ = true;
};

}  // namespace evio
