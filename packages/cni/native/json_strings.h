// Finds strings at the top level of a JSON object, without building a tree.
//
// The shim needs three values of the network configuration before, or without, the agent: which
// version to answer in, where the agent listens, where deletions are kept. Whether the configuration
// is right is the agent's to say; what cannot be read here is as if it were not there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evio::cni {

// The value of the last member named `key` (compared without regard to case, as Go's encoding/json
// does) of the object `json`, if it is a string. Escapes other than \u are decoded.
std::optional<std::string> top_level_string(std::string_view json, std::string_view key);

// `text` as a JSON string with its quotes. Bytes that are no printable ASCII become '?'.
std::string json_quoted(std::string_view text);

}  // namespace evio::cni
