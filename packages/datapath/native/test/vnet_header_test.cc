// What a frame from the TAP is, and the header that a received frame gets.
// sources: packet_builder.cc reference_segmenter.cc ../packet_headers.cc ../vnet_header.cc
#include "../vnet_header.h"

#include "check.h"
#include "packet_builder.h"
#include "reference_segmenter.h"

using namespace evio;
using namespace evio::test;

TEST("a header is read as it lies in memory, and not from fewer than ten bytes") {
  const VnetHeader written{1, 4, 66, 1348, 54, 16};
  uint8_t bytes[kVnetHeaderBytes];
  std::memcpy(bytes, &written, sizeof bytes);
  const auto read = read_vnet_header(bytes);
  CHECK(read && read->gso_size == 1348 && read->csum_start == 54 && read->gso_type == 4);
  CHECK(!read_vnet_header(Bytes(bytes).first(9)));
}

TEST("frames are told apart") {
  Random random(1);
  TapPacket packet = build_packet({.payload_bytes = 3000, .gso_size = 1000}, random);
  CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::super_frame);
  packet.vnet.gso_size = 3000;
  CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::checksum_needed);
  packet.vnet.gso_size = 0;
  CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::invalid);
  packet.vnet.gso_size = 1000;
  for (uint8_t type : {2, 3, 4, 5, 0x41, 0x81 ^ 0xff}) {
    packet.vnet.gso_type = type;
    CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::unsegmentable);
  }
  packet.vnet.gso_type = kGsoTcp4 | kGsoEcn;
  CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::super_frame);
  packet.vnet.csum_start += 2;
  CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::unsegmentable);
  CHECK(classify_tap_frame({}, packet.frame) == TapFrame::plain);
  CHECK(classify_tap_frame({}, MutableBytes(packet.frame).first(13)) == TapFrame::invalid);
}

TEST("a checksum that lies outside of the frame is invalid") {
  Random random(2);
  TapPacket packet = build_packet({.payload_bytes = 10}, random);
  VnetHeader vnet = packet.vnet;
  vnet.csum_start = static_cast<uint16_t>(packet.frame.size() - 17);
  CHECK(classify_tap_frame(vnet, packet.frame) == TapFrame::invalid);
  vnet.csum_start = 13;
  CHECK(classify_tap_frame(vnet, packet.frame) == TapFrame::invalid);
  vnet = {.flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff};
  CHECK(classify_tap_frame(vnet, packet.frame) == TapFrame::invalid);
}

TEST("a checksum that the peer could not find is computed here") {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    PacketShape shape = random_shape(random, 300);
    TapPacket packet = build_packet(shape, random);
    packet.vnet.gso_type = kGsoNone;
    const auto whole = kernel_segments(packet.vnet, packet.frame).at(0);
    // Ethernet padding makes the packet one that parse_headers() refuses.
    packet.frame.push_back(0);
    packet.frame.push_back(0);
    CHECK(classify_tap_frame(packet.vnet, packet.frame) == TapFrame::plain);
    packet.frame.resize(packet.frame.size() - 2);
    CHECK(packet.frame == whole);
    CHECK(checksums_hold(packet.frame));
  }
}

TEST("a received frame gets a header that a TAP accepts, whatever its checksum fields held") {
  Random random(4);
  for (int i = 0; i < 500; ++i) {
    TapPacket packet = build_packet(random_shape(random, 300), random);
    const auto found = *parse_headers(packet.frame);
    const std::vector<uint8_t> before = packet.frame;
    write_u16(&packet.frame[found.transport + found.checksum_offset()], static_cast<uint16_t>(random()));
    if (!found.ipv6) write_u16(&packet.frame[found.network + 10], 0);
    const auto vnet = restore_checksum_needed(packet.frame);
    CHECK(vnet && tap_objection(*vnet, packet.frame).empty());
    CHECK(packet.frame == before);
  }
}

TEST("a received frame that is not exactly one TCP or UDP packet is refused") {
  Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<uint8_t> noise(below(random, 120));
    for (uint8_t &byte : noise) byte = static_cast<uint8_t>(random());
    CHECK(!restore_checksum_needed(noise));
  }
}

RUN_ALL()
