// Between JavaScript's values and ours, in the shapes of src/types.ts. What JavaScript passes was typed
// there, so a wrong shape is a mistake of our own: it throws, and the caller returns at once.
#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "engine.h"

namespace evio::js {

/// Throws an Error with a `code`, which the TypeScript face turns into an EvioError.
void raise(Napi::Env env, const char *code, const std::string &message);

/// These three throw `ENDPOINT_INVALID` and return nothing when the value is not what it should be.
std::optional<Endpoint> read_endpoint(const Napi::Value &value);
/// A `Via` or a `Path`.
std::optional<Path> read_path(const Napi::Value &value);
/// Where an `Uplink` with a channel number is bound.
std::optional<ChannelKey> read_channel(const Napi::Value &uplink, uint32_t channel);

Bytes read_bytes(const Napi::Value &value);
/// A node id of 32 hexadecimal digits; nothing, and an error thrown, when it is none.
std::optional<NodeId> read_node(const Napi::Value &value);
MacBits read_mac_number(const Napi::Value &value);
std::string read_string(const Napi::Object &object, const char *key);

Napi::Value endpoint(Napi::Env env, const Endpoint &endpoint);
Napi::Value path(Napi::Env env, const Path &path);
Napi::Value bytes(Napi::Env env, Bytes bytes);
/// An event in the shape of `DatapathEvent`.
Napi::Value event(Napi::Env env, const event::Any &event);

}  // namespace evio::js
