// A TAP for tests: keeps what is written to it, and says what a kernel would object to.
#pragma once

#include <string>
#include <vector>

#include "../merger.h"
#include "reference_segmenter.h"

namespace evio::test {

class RecordingSink final : public FrameSink {
 public:
  struct Written {
    MergerPeer peer;
    VnetHeader vnet;
    Frame frame;
    std::string objection;  // empty: the kernel takes it
  };
  std::vector<Written> written;

  void write(MergerPeer peer, const VnetHeader &vnet, std::span<const iovec> parts) override {
    Frame frame;
    for (const iovec &part : parts) {
      const uint8_t *bytes = static_cast<const uint8_t *>(part.iov_base);
      frame.insert(frame.end(), bytes, bytes + part.iov_len);
    }
    std::string objection = tap_objection(vnet, frame);
    if (parts.empty() || parts.size() > 256) objection = "too many parts";
    if (parts[0].iov_len < vnet.hdr_len) objection = "headers not in the first part";
    written.push_back({peer, vnet, std::move(frame), std::move(objection)});
  }

  size_t payload_of(size_t index) const {
    return written[index].frame.size() - parse_headers(written[index].frame)->payload;
  }
  bool has_flag(size_t index, uint8_t flag) const {
    const Frame &frame = written[index].frame;
    return (frame[parse_headers(frame)->transport + kTcpFlags] & flag) != 0;
  }
};

}  // namespace evio::test
