// The wire codec, and that docs/protocol.md says what it does.
#include "../wire.h"

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"

using namespace evio;
using namespace evio::wire;

namespace {

using Row = std::vector<std::string>;

/// The rows of the table that follows the heading `section` on the page, first row excluded.
std::vector<Row> table_after(const std::string &section) {
  std::ifstream page("../../../docs/protocol.md");
  std::vector<Row> rows;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == section) {
      inside = true;
    } else if (inside && !line.empty() && line[0] == '|') {
      Row row;
      std::istringstream cells(line.substr(1));
      for (std::string cell; std::getline(cells, cell, '|');) {
        const size_t first = cell.find_first_not_of(' ');
        const size_t last = cell.find_last_not_of(' ');
        row.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
      }
      rows.push_back(row);
    } else if (inside && !rows.empty()) {
      break;
    }
  }
  if (rows.size() > 2) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

/// Whether the table has a field of this name at this offset, with this many bytes.
bool field(const std::vector<Row> &rows, const std::string &name, size_t offset, size_t bytes) {
  for (const Row &row : rows) {
    if (row.size() > 2 && row[2] == name) {
      return row[0] == std::to_string(offset) && row[1] == std::to_string(bytes);
    }
  }
  return false;
}

}  // namespace

TEST("the header is laid out as the page says") {
  const auto rows = table_after("## Transport datagram");
  std::array<uint8_t, kHeaderBytes> bytes{};
  write_header(bytes.data(), {0, 0x01020304, 0x05060708090a0b0c});
  CHECK(bytes[0] == 0xC0);
  CHECK(field(rows, "receiver index", 4, 4) && read_u32(&bytes[4]) == 0x01020304);
  CHECK(field(rows, "counter", 8, 8) && read_u64(&bytes[8]) == 0x05060708090a0b0c);
  CHECK(field(rows, "flags", 1, 1) && field(rows, "reserved", 2, 2));
  const auto header = read_header(bytes.data());
  CHECK(header && header->receiver == 0x01020304 && header->counter == 0x05060708090a0b0c);
  for (const size_t at : {1, 2, 3}) {
    bytes[at] = 1;
    CHECK(!read_header(bytes.data()));
    bytes[at] = 0;
  }
}

TEST("records, fragments and echoes are laid out as the page says") {
  std::array<uint8_t, 16> bytes{};
  write_record_header(bytes.data(), Kind::control, 2, 0x0304);
  const auto record = table_after("## Payload: records");
  CHECK(field(record, "kind", 0, 1) && bytes[0] == 5);
  CHECK(field(record, "flags", 1, 1) && bytes[1] == 2);
  CHECK(field(record, "length", 2, 2) && read_u16(&bytes[2]) == 0x0304);

  write_fragment_header(bytes.data(), {0x01020304, 0x0506, 0x0708});
  const auto fragment = table_after("### Fragment");
  CHECK(field(fragment, "number", 0, 4) && field(fragment, "offset", 4, 2) && field(fragment, "total", 6, 2));
  CHECK(read_u32(&bytes[0]) == 0x01020304 && read_u16(&bytes[4]) == 0x0506 && read_u16(&bytes[6]) == 0x0708);

  write_echo(bytes.data(), {0x01020304, 0x05060708090a0b0c, 0x0d0e});
  const auto echo = table_after("### Echo");
  CHECK(field(echo, "token", 0, 4) && field(echo, "sent", 4, 8) && field(echo, "datagram bytes", 12, 2));
  const auto back = read_echo({bytes.data(), kEchoBytes});
  CHECK(back && back->token == 0x01020304 && back->sent_micros == 0x05060708090a0b0c &&
        back->datagram_bytes == 0x0d0e);
  CHECK(!read_echo({bytes.data(), kEchoBytes - 1}));
}

TEST("forward headers are laid out as the page says") {
  std::array<uint8_t, kForwardHeaderBytes> bytes{};
  const NodeId destination = static_cast<NodeId>(0x0102030405060708) << 64 | 0x090a0b0c0d0e0f10;
  write_forward_header(bytes.data(), {destination, 7, 0x11, 0x12, 0x13141516});
  const auto rows = table_after("### Forward");
  CHECK(field(rows, "destination", 0, 16) && read_node_id(&bytes[0]) == destination && bytes[15] == 0x10);
  CHECK(field(rows, "source", 16, 16) && read_node_id(&bytes[16]) == 7);
  CHECK(field(rows, "hop limit", 32, 1) && bytes[32] == 0x11);
  CHECK(field(rows, "flags", 33, 1) && bytes[33] == 0x12);
  CHECK(field(rows, "reserved", 34, 2) && read_u16(&bytes[34]) == 0);
  CHECK(field(rows, "bound", 36, 4) && read_u32(&bytes[36]) == 0x13141516);
  CHECK(rows.back()[0] == std::to_string(kForwardHeaderBytes));
  const ForwardHeader back = read_forward_header(bytes);
  CHECK(back.destination == destination && back.source == 7 && back.hop_limit == 0x11 && back.bound == 0x13141516);
}

TEST("flood headers are laid out as the page says") {
  std::array<uint8_t, kFloodHeaderBytes + kNodeIdBytes> bytes{};
  FloodHeader header{5, 6, 0x01020304, 7, kFlagFloodChecksumNeeded, {}};
  write_flood_header(bytes.data(), header);
  const auto rows = table_after("### Flood");
  CHECK(field(rows, "origin", 0, 16) && read_node_id(&bytes[0]) == 5);
  CHECK(field(rows, "end", 16, 16) && read_node_id(&bytes[16]) == 6);
  CHECK(field(rows, "sequence", 32, 4) && read_u32(&bytes[32]) == 0x01020304);
  CHECK(field(rows, "hops", 36, 1) && bytes[36] == 7);
  CHECK(field(rows, "flags", 37, 1) && bytes[37] == 1);
  CHECK(field(rows, "reserved", 38, 2));
  CHECK(field(rows, "begin", 40, 16));
  CHECK(!read_flood_header(Bytes(bytes).first(kFloodHeaderBytes))->begin);
  header.begin = 9;
  write_flood_header(bytes.data(), header);
  CHECK(bytes[37] == 3 && read_node_id(&bytes[40]) == 9 && read_flood_header(bytes)->begin == 9);
  CHECK(!read_flood_header(Bytes(bytes).first(kFloodHeaderBytes)));
  CHECK(!read_flood_header(Bytes(bytes).first(kFloodHeaderBytes - 1)));
}

TEST("a payload is walked to its end, to padding, or to what is no record") {
  std::vector<uint8_t> payload = {1, 0, 0, 2, 'a', 'b', 9, 7, 0, 0, 5, 0, 0, 1, 'c'};
  RecordReader reader(payload);
  auto record = reader.next();
  CHECK(record && record->kind == Kind::frame && record->body.size() == 2 && record->body[0] == 'a');
  record = reader.next();
  CHECK(record && static_cast<int>(record->kind) == 9 && record->flags == 7 && record->body.empty());
  record = reader.next();
  CHECK(record && record->kind == Kind::control && record->body[0] == 'c');
  CHECK(!reader.next() && !reader.malformed());

  std::vector<uint8_t> padded = {5, 0, 0, 0, 0, 1, 2};
  RecordReader until(padded);
  CHECK(until.next() && !until.next() && !until.malformed());

  for (std::vector<uint8_t> broken : {std::vector<uint8_t>{1}, {1, 0, 0}, {1, 0, 0, 1}, {1, 0, 255, 255, 0}}) {
    RecordReader bad(broken);
    CHECK(!bad.next() && bad.malformed() && !bad.next());
  }
}

RUN_ALL()
