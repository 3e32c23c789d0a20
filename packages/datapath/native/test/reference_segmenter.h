// Slow and obvious models to test against: what segmentation means, and what the kernel's TAP accepts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../bytes.h"
#include "../vnet_header.h"

namespace evio::test {

using Frame = std::vector<uint8_t>;

/// The Internet checksum of `bytes`, word by word.
uint16_t plain_checksum(Bytes bytes);

/// Whether both checksums of a complete TCP or UDP packet are right.
bool checksums_hold(Bytes frame);

/// The packets, complete with all checksums, that a frame stands for: cut at `size` bytes of payload.
/// The frame must be TCP or UDP.
std::vector<Frame> reference_segments(Bytes frame, size_t size);

/// Why Linux's TAP would refuse this (tun_get_user, virtio_net_hdr_to_skb), and beyond that any
/// disagreement of the header with the packet; empty when all is well.
std::string tap_objection(const VnetHeader &vnet, Bytes frame);

/// The packets that the kernel makes of an accepted frame.
std::vector<Frame> kernel_segments(const VnetHeader &vnet, Bytes frame);

}  // namespace evio::test
