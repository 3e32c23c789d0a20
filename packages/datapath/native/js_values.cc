#include "js_values.h"

#include <cstdio>
#include <cstring>

namespace evio::js {
namespace {

std::string mac_text(MacBits mac) {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", static_cast<unsigned>(mac >> 40 & 255),
                static_cast<unsigned>(mac >> 32 & 255), static_cast<unsigned>(mac >> 24 & 255),
                static_cast<unsigned>(mac >> 16 & 255), static_cast<unsigned>(mac >> 8 & 255),
                static_cast<unsigned>(mac & 255));
  return text;
}

std::string node_text(NodeId id) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(id >> 64),
                static_cast<unsigned long long>(id));
  return text;
}

/// The local address of a path, when there is one; none is no mistake.
bool read_source(const Napi::Object &object, Endpoint &source) {
  const std::string text = read_string(object, "source");
  if (text.empty()) return true;
  const std::optional<Endpoint> parsed = Endpoint::parse(text, 0);
  if (!parsed) {
    raise(object.Env(), "ENDPOINT_INVALID", "expected a local IP address as source, got \"" + text + "\"");
    return false;
  }
  source = *parsed;
  return true;
}

/// Fills in how bytes reach a TURN server.
bool read_uplink(const Napi::Object &uplink, Path &path) {
  if (read_string(uplink, "kind") == "stream") {
    path.carrier = Carrier::raw_stream;
    path.stream = uplink.Get("stream").ToNumber().Uint32Value();
    return true;
  }
  path.carrier = Carrier::direct;
  const std::optional<Endpoint> server = read_endpoint(uplink.Get("server"));
  if (!server) return false;
  path.to = *server;
  return read_source(uplink, path.source);
}

/// One object per event, built by overloads on its type.
struct Build {
  Napi::Env env;
  Napi::Object object;

  void type(const char *name) { object.Set("type", name); }
  void peer(PeerId id) { object.Set("peer", Napi::Number::New(env, id)); }

  void operator()(const event::Datagram &e) {
    type("datagram");
    object.Set("bytes", bytes(env, e.bytes));
    object.Set("via", path(env, e.via));
    if (e.local) object.Set("local", endpoint(env, e.local));
  }
  void operator()(const event::Control &e) {
    type("control");
    peer(e.peer);
    object.Set("bytes", bytes(env, e.bytes));
  }
  void operator()(const event::Echo &e) {
    type("echo");
    peer(e.peer);
    object.Set("token", Napi::Number::New(env, e.token));
    object.Set("datagramBytes", Napi::Number::New(env, e.datagram_bytes));
    object.Set("rttMs", Napi::Number::New(env, static_cast<double>(e.rtt) / kMillisecond));
  }
  void operator()(const event::Roamed &e) {
    type("roamed");
    peer(e.peer);
    object.Set("path", path(env, e.path));
  }
  void operator()(const event::Established &e) {
    type("established");
    peer(e.peer);
    object.Set("localIndex", Napi::Number::New(env, e.local_index));
  }
  void operator()(const event::Wanted &e) {
    type("wanted");
    peer(e.peer);
  }
  void operator()(const event::Stalled &e) {
    type("stalled");
    peer(e.peer);
  }
  void operator()(const event::Exhausted &e) {
    type("exhausted");
    peer(e.peer);
    object.Set("localIndex", Napi::Number::New(env, e.local_index));
  }
  void operator()(const event::TooBig &e) {
    type("too-big");
    peer(e.peer);
    object.Set("datagramBytes", Napi::Number::New(env, e.datagram_bytes));
  }
  void operator()(const event::Mac &e) {
    type("mac");
    object.Set("overlay", Napi::Number::New(env, e.overlay));
    object.Set("mac", mac_text(e.mac));
    object.Set("owner", Napi::Number::New(env, e.owner));
  }
  void operator()(const event::Loop &e) {
    type("loop");
    object.Set("overlay", Napi::Number::New(env, e.overlay));
    object.Set("mac", mac_text(e.mac));
    peer(e.peer);
  }
  void operator()(const event::Stream &e) {
    type("stream");
    object.Set("stream", Napi::Number::New(env, e.stream));
    object.Set("state", e.open ? "open" : "closed");
    if (e.local) object.Set("local", endpoint(env, e.local));
    if (!e.error.empty()) object.Set("error", e.error);
  }
  void operator()(const event::Network &) { type("network"); }
  void operator()(const event::Failed &e) {
    type("failed");
    object.Set("message", e.message);
  }
};

}  // namespace

void raise(Napi::Env env, const char *code, const std::string &message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  error.ThrowAsJavaScriptException();
}

std::string read_string(const Napi::Object &object, const char *key) {
  const Napi::Value value = object.Get(key);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

std::optional<Endpoint> read_endpoint(const Napi::Value &value) {
  if (value.IsObject()) {
    const Napi::Object object = value.As<Napi::Object>();
    const std::string address = read_string(object, "address");
    const uint32_t port = object.Get("port").ToNumber().Uint32Value();
    const std::optional<Endpoint> parsed = Endpoint::parse(address, static_cast<uint16_t>(port));
    if (parsed && port <= 65535) return parsed;
    raise(value.Env(), "ENDPOINT_INVALID",
          "expected an IP address and port, got \"" + address + "\" and " + std::to_string(port));
    return {};
  }
  raise(value.Env(), "ENDPOINT_INVALID", "expected an endpoint");
  return {};
}

std::optional<Path> read_path(const Napi::Value &value) {
  if (!value.IsObject()) {
    raise(value.Env(), "ENDPOINT_INVALID", "expected a path");
    return {};
  }
  const Napi::Object object = value.As<Napi::Object>();
  const std::string kind = read_string(object, "kind");
  Path path;
  if (kind == "direct") {
    const std::optional<Endpoint> remote = read_endpoint(object.Get("remote"));
    if (!remote || !read_source(object, path.source)) return {};
    path.to = path.remote = *remote;
    return path;
  }
  if (kind == "overlay") {
    path.carrier = Carrier::overlay;
    // A peer's path needs no more; a single datagram names the node.
    if (!object.Has("node")) return path;
    const std::optional<NodeId> node = read_node(object.Get("node"));
    if (!node) return {};
    path.node = *node;
    path.overlay = object.Get("overlay").ToNumber().Uint32Value();
    return path;
  }
  if (!read_uplink(object.Get("uplink").ToObject(), path)) return {};
  if (kind == "uplink") return path;
  const std::optional<Endpoint> remote = read_endpoint(object.Get("remote"));
  if (!remote) return {};
  path.remote = *remote;
  path.channel = static_cast<uint16_t>(object.Get("channel").ToNumber().Uint32Value());
  path.carrier = path.carrier == Carrier::raw_stream ? Carrier::turn_stream : Carrier::turn_udp;
  return path;
}

std::optional<ChannelKey> read_channel(const Napi::Value &uplink, uint32_t channel) {
  Path path;
  if (!read_uplink(uplink.ToObject(), path)) return {};
  return ChannelKey{path.to, path.stream, static_cast<uint16_t>(channel)};
}

Bytes read_bytes(const Napi::Value &value) {
  if (!value.IsTypedArray()) return {};
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::optional<NodeId> read_node(const Napi::Value &value) {
  const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
  NodeId id = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0 || text.size() != 2 * kNodeIdBytes) {
      id = 0;
      break;
    }
    id = id << 4 | static_cast<NodeId>(digit);
  }
  if (id != 0) return id;
  raise(value.Env(), "NODE_ID_INVALID", "expected a node id of 32 hex digits, got \"" + text + "\"");
  return {};
}

MacBits read_mac_number(const Napi::Value &value) {
  return static_cast<MacBits>(value.ToNumber().Int64Value()) & 0xffffffffffff;
}

Napi::Value endpoint(Napi::Env env, const Endpoint &endpoint) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("address", endpoint.address_text());
  object.Set("port", Napi::Number::New(env, endpoint.port));
  return object;
}

Napi::Value path(Napi::Env env, const Path &path) {
  Napi::Object object = Napi::Object::New(env);
  if (path.carrier == Carrier::direct) {
    object.Set("kind", "direct");
    object.Set("remote", endpoint(env, path.to));
    if (path.source) object.Set("source", path.source.address_text());
    return object;
  }
  if (path.through_overlay()) {
    object.Set("kind", "overlay");
    if (path.node == 0) return object;
    object.Set("overlay", Napi::Number::New(env, path.overlay));
    object.Set("node", node_text(path.node));
    return object;
  }
  Napi::Object uplink = Napi::Object::New(env);
  if (path.on_stream()) {
    uplink.Set("kind", "stream");
    uplink.Set("stream", Napi::Number::New(env, path.stream));
  } else {
    uplink.Set("kind", "udp");
    uplink.Set("server", endpoint(env, path.to));
    if (path.source) uplink.Set("source", path.source.address_text());
  }
  object.Set("uplink", uplink);
  object.Set("kind", path.in_channel() ? "turn" : "uplink");
  if (path.in_channel()) {
    object.Set("channel", Napi::Number::New(env, path.channel));
    object.Set("remote", endpoint(env, path.remote));
  }
  return object;
}

Napi::Value bytes(Napi::Env env, Bytes bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(array.Data(), bytes.data(), bytes.size());
  return array;
}

Napi::Value event(Napi::Env env, const event::Any &event) {
  Build build{env, Napi::Object::New(env)};
  std::visit(build, event);
  return build.object;
}

}  // namespace evio::js
