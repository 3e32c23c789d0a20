// ARP (RFC 826) and neighbour discovery (RFC 4861) as a switch sees them: what a frame tells of an address,
// what it asks for, and the answer. Frames are hostile; VLAN-tagged ones are nobody's business here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "address_table.h"
#include "bytes.h"

namespace evio {

struct AddressClaim {
  IpBits ip;
  MacBits mac;
  std::optional<bool> router;
};

/// What the sender of an ARP or ND frame says of itself; nothing when it is none, or says nothing (probes).
std::optional<AddressClaim> read_address_claim(Bytes frame);

struct AddressQuestion {
  IpBits ip;
  MacBits asker;
};

/// What a frame asks of all: an ARP request or a solicitation by multicast. Not: probes whether an address is
/// free (RFC 5227, RFC 4862), announcements, questions to one node.
std::optional<AddressQuestion> read_address_question(Bytes frame);

/// The frame that answers `question`, which read_address_question() took.
std::vector<uint8_t> address_answer(Bytes question, const AddressTable::Answer &answer);

}  // namespace evio
