// The Node-API face of the engine: one class, whose methods take and give the shapes of src/native.ts.
// No exception crosses Node-API; mistakes are thrown as JavaScript errors with a code.
#include <malloc.h>
#include <napi.h>
#include <openssl/rand.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <cstdlib>
#include <memory>

#include "engine.h"
#include "js_values.h"

namespace evio {
namespace {

bool aes_hardware() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
  return false;
#endif
}

class NativeDatapath final : public Napi::ObjectWrap<NativeDatapath> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeDatapath",
                       {
                           InstanceMethod<&NativeDatapath::ports>("ports"),
                           InstanceMethod<&NativeDatapath::drain>("drain"),
                           InstanceMethod<&NativeDatapath::send>("send"),
                           InstanceMethod<&NativeDatapath::open_stream>("openStream"),
                           InstanceMethod<&NativeDatapath::close_stream>("closeStream"),
                           InstanceMethod<&NativeDatapath::bind_channel>("bindChannel"),
                           InstanceMethod<&NativeDatapath::unbind_channel>("unbindChannel"),
                           InstanceMethod<&NativeDatapath::open_tap>("openTap"),
                           InstanceMethod<&NativeDatapath::close_tap>("closeTap"),
                           InstanceMethod<&NativeDatapath::set_carries>("setCarries"),
                           InstanceMethod<&NativeDatapath::set_routes>("setRoutes"),
                           InstanceMethod<&NativeDatapath::set_neighbours>("setNeighbours"),
                           InstanceMethod<&NativeDatapath::add_peer>("addPeer"),
                           InstanceMethod<&NativeDatapath::remove_peer>("removePeer"),
                           InstanceMethod<&NativeDatapath::set_path>("setPath"),
                           InstanceMethod<&NativeDatapath::set_path_mtu>("setPathMtu"),
                           InstanceMethod<&NativeDatapath::add_session>("addSession"),
                           InstanceMethod<&NativeDatapath::remove_session>("removeSession"),
                           InstanceMethod<&NativeDatapath::send_control>("sendControl"),
                           InstanceMethod<&NativeDatapath::probe>("probe"),
                           InstanceMethod<&NativeDatapath::learn>("learn"),
                           InstanceMethod<&NativeDatapath::learn_address>("learnAddress"),
                           InstanceMethod<&NativeDatapath::counters>("counters"),
                           InstanceMethod<&NativeDatapath::peer_counters>("peerCounters"),
                           InstanceMethod<&NativeDatapath::mac_table>("macTable"),
                           InstanceMethod<&NativeDatapath::close>("close"),
                       });
  }

  /// new NativeDatapath(port, ipv6, wake): `wake` is called on JavaScript's thread when drain() has
  /// something.
  explicit NativeDatapath(const Napi::CallbackInfo &info) : Napi::ObjectWrap<NativeDatapath>(info) {
    const Napi::Env env = info.Env();
    Engine::Options options;
    options.port = static_cast<uint16_t>(info[0].ToNumber().Uint32Value());
    options.ipv6 = info[1].ToBoolean();
    options.super_frames = std::getenv("EVIO_SINGLE_FRAMES") == nullptr;
    if (RAND_bytes(reinterpret_cast<unsigned char *>(&options.secret), sizeof options.secret) != 1) {
      js::raise(env, "RANDOM_FAILED", "OpenSSL gives no random bytes");
      return;
    }
    wake_ = Napi::ThreadSafeFunction::New(env, info[2].As<Napi::Function>(), "evio datapath", 0, 1);
    std::string error;
    engine_ = Engine::open(options, [wake = wake_] { wake.NonBlockingCall(); }, error);
    if (!engine_) {
      wake_.Release();
      js::raise(env, "SOCKET_FAILED", error);
      return;
    }
    // Runs before the environment takes the function above away, so no thread can call it after that.
    env_ = env;
    napi_add_env_cleanup_hook(env, on_exit, this);
  }

  ~NativeDatapath() override { shut(); }

 private:
  static void on_exit(void *self) { static_cast<NativeDatapath *>(self)->shut(); }

  void shut() {
    if (!engine_) return;
    napi_remove_env_cleanup_hook(env_, on_exit, this);
    engine_.reset();
    wake_.Release();
  }

  /// The engine, or nothing and an error thrown.
  Engine *engine(const Napi::CallbackInfo &info) {
    if (!engine_) js::raise(info.Env(), "DATAPATH_CLOSED", "the datapath is closed");
    return engine_.get();
  }

  static uint32_t number(const Napi::Value &value) { return value.ToNumber().Uint32Value(); }
  static void unknown_peer(const Napi::CallbackInfo &info) {
    js::raise(info.Env(), "PEER_UNKNOWN", "no such peer: it was removed, or never added");
  }

  static void unknown_overlay(const Napi::CallbackInfo &info) {
    js::raise(info.Env(), "OVERLAY_UNKNOWN", "no such overlay: its TAP is closed");
  }

  Napi::Value ports(const Napi::CallbackInfo &info) {
    Napi::Object ports = Napi::Object::New(info.Env());
    if (const Engine *e = engine(info)) {
      ports.Set("port4", Napi::Number::New(info.Env(), e->port4()));
      ports.Set("port6", Napi::Number::New(info.Env(), e->port6()));
      ports.Set("aesHardware", Napi::Boolean::New(info.Env(), aes_hardware()));
    }
    return ports;
  }

  Napi::Value drain(const Napi::CallbackInfo &info) {
    Napi::Array events = Napi::Array::New(info.Env());
    if (!engine_) return events;  // a wake-up that was under way while it was closed
    uint32_t at = 0;
    for (const event::Any &event : engine_->events()) {
      // A scope each, so that a full queue does not hold thousands of handles.
      const Napi::HandleScope scope(info.Env());
      events.Set(at++, js::event(info.Env(), event));
    }
    return events;
  }

  void send(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    if (const std::optional<Path> via = js::read_path(info[1])) e->send(js::read_bytes(info[0]), *via);
  }

  Napi::Value open_stream(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return info.Env().Undefined();
    const std::optional<Endpoint> remote = js::read_endpoint(info[0]);
    if (!remote) return info.Env().Undefined();
    Engine::StreamOptions options;
    options.remote = *remote;
    if (info[1].IsObject()) {
      const Napi::Object tls = info[1].As<Napi::Object>();
      options.tls = true;
      options.server_name = js::read_string(tls, "serverName");
      options.ca = js::read_string(tls, "ca");
      options.insecure = tls.Get("insecure").ToBoolean();
    }
    std::string error;
    const std::optional<StreamId> stream = e->open_stream(options, error);
    if (!stream) {
      js::raise(info.Env(), "TLS_INVALID", error);
      return info.Env().Undefined();
    }
    return Napi::Number::New(info.Env(), *stream);
  }

  void close_stream(const Napi::CallbackInfo &info) {
    if (Engine *e = engine(info)) e->close_stream(number(info[0]));
  }

  void bind_channel(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    const std::optional<ChannelKey> key = js::read_channel(info[0], number(info[1]));
    if (!key) return;
    if (const std::optional<Endpoint> remote = js::read_endpoint(info[2])) e->bind_channel(*key, *remote);
  }

  void unbind_channel(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    if (const std::optional<ChannelKey> key = js::read_channel(info[0], number(info[1]))) e->unbind_channel(*key);
  }

  Napi::Value open_tap(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return info.Env().Undefined();
    Tap::Options options{info[0].ToString().Utf8Value(), number(info[1]), {}};
    if (info[2].IsNumber()) options.mac = js::read_mac_number(info[2]);
    std::string error;
    const std::optional<NodeId> node = js::read_node(info[3]);
    if (!node) return info.Env().Undefined();
    const std::shared_ptr<Overlay> overlay = e->open_tap(options, *node, info[4].ToBoolean(), error);
    if (!overlay) {
      js::raise(info.Env(), "TAP_FAILED", error);
      return info.Env().Undefined();
    }
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("overlay", Napi::Number::New(info.Env(), overlay->id));
    result.Set("name", overlay->tap.name());
    result.Set("mac", Napi::Number::New(info.Env(), static_cast<double>(overlay->own_mac)));
    return result;
  }

  void close_tap(const Napi::CallbackInfo &info) {
    if (Engine *e = engine(info)) e->close_tap(number(info[0]));
  }

  void set_carries(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e != nullptr && !e->set_carries(number(info[0]), info[1].ToBoolean())) unknown_overlay(info);
  }

  void set_routes(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    const Napi::Array points = info[1].As<Napi::Array>();
    std::vector<RouteEntry> entries;
    entries.reserve(points.Length());
    for (uint32_t i = 0; i < points.Length(); ++i) {
      const Napi::HandleScope scope(info.Env());
      const Napi::Object point = points.Get(i).ToObject();
      const std::optional<NodeId> id = js::read_node(point.Get("id"));
      if (!id) return;
      entries.push_back({*id, number(point.Get("nextHop")), false, point.Get("leaf").ToBoolean()});
    }
    if (!e->set_routes(number(info[0]), std::move(entries))) unknown_overlay(info);
  }

  void set_neighbours(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    const Napi::Array list = info[1].As<Napi::Array>();
    std::vector<FloodNeighbour> neighbours;
    neighbours.reserve(list.Length());
    for (uint32_t i = 0; i < list.Length(); ++i) {
      const Napi::HandleScope scope(info.Env());
      const Napi::Object one = list.Get(i).ToObject();
      const std::optional<NodeId> id = js::read_node(one.Get("id"));
      if (!id) return;
      neighbours.push_back({*id, number(one.Get("peer")), one.Get("carries").ToBoolean()});
    }
    std::set<NodeId> lost;
    const Napi::Array gone = info[2].As<Napi::Array>();
    for (uint32_t i = 0; i < gone.Length(); ++i) {
      const std::optional<NodeId> id = js::read_node(gone.Get(i));
      if (!id) return;
      lost.insert(*id);
    }
    if (!e->set_neighbours(number(info[0]), std::move(neighbours), std::move(lost))) unknown_overlay(info);
  }

  Napi::Value add_peer(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return info.Env().Undefined();
    const std::optional<NodeId> node = js::read_node(info[1]);
    if (!node) return info.Env().Undefined();
    if (const std::optional<PeerId> peer = e->add_peer(number(info[0]), *node)) {
      return Napi::Number::New(info.Env(), *peer);
    }
    if (e->view()->overlay(number(info[0])) == nullptr) {
      unknown_overlay(info);
    } else {
      js::raise(info.Env(), "PEER_REFUSED", "the node is this one or a peer already, or there are 65,535 peers");
    }
    return info.Env().Undefined();
  }

  void remove_peer(const Napi::CallbackInfo &info) {
    if (Engine *e = engine(info)) e->remove_peer(number(info[0]));
  }

  void set_path(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    std::optional<Path> path;
    if (!info[1].IsUndefined() && !(path = js::read_path(info[1]))) return;
    if (!e->set_path(number(info[0]), std::move(path))) unknown_peer(info);
  }

  void set_path_mtu(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e != nullptr && !e->set_path_mtu(number(info[0]), number(info[1]))) unknown_peer(info);
  }

  void add_session(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    const Napi::Object s = info[1].ToObject();
    const Engine::SessionKeys keys{
        number(info[0]),
        number(s.Get("localIndex")),
        number(s.Get("remoteIndex")),
        js::read_bytes(s.Get("sendKey")),
        js::read_bytes(s.Get("receiveKey")),
        js::read_string(s, "cipher") == "aes-256-gcm" ? Cipher::aes256gcm : Cipher::chacha20poly1305,
        js::read_string(s, "role") == "initiator" ? Role::initiator : Role::responder};
    std::string error;
    if (!e->add_session(keys, error)) js::raise(info.Env(), "SESSION_REFUSED", error);
  }

  void remove_session(const Napi::CallbackInfo &info) {
    if (Engine *e = engine(info)) e->remove_session(number(info[0]));
  }

  void send_control(const Napi::CallbackInfo &info) {
    if (Engine *e = engine(info)) e->send_control(number(info[0]), js::read_bytes(info[1]));
  }

  void probe(const Napi::CallbackInfo &info) {
    if (Engine *e = engine(info)) e->probe(number(info[0]), number(info[1]), number(info[2]));
  }

  void learn(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e != nullptr) e->learn(number(info[0]), js::read_mac_number(info[1]), number(info[2]));
  }

  /// (overlay, ip, mac): without a MAC it is forgotten.
  void learn_address(const Napi::CallbackInfo &info) {
    Engine *e = engine(info);
    if (e == nullptr) return;
    const std::string text = info[1].ToString().Utf8Value();
    const std::optional<Endpoint> address = Endpoint::parse(text, 0);
    if (!address) return js::raise(info.Env(), "ENDPOINT_INVALID", "expected an IP address, got \"" + text + "\"");
    std::optional<MacBits> mac;
    if (info[2].IsNumber()) mac = js::read_mac_number(info[2]);
    if (!e->learn_address(number(info[0]), *address, mac)) unknown_overlay(info);
  }

  Napi::Value counters(const Napi::CallbackInfo &info) {
    Napi::Object all = Napi::Object::New(info.Env());
    const Engine *e = engine(info);
    if (e == nullptr) return all;
    for (size_t i = 0; i < kCounterCount; ++i) {
      all.Set(kCounterNames[i],
              Napi::Number::New(info.Env(), static_cast<double>(e->counter(static_cast<Counter>(i)))));
    }
    return all;
  }

  Napi::Value peer_counters(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    const Engine *e = engine(info);
    if (e == nullptr) return env.Undefined();
    const auto view = e->view();
    const PeerEntry *entry = view->find(number(info[0]));
    if (entry == nullptr) {
      unknown_peer(info);
      return env.Undefined();
    }
    const Peer &peer = *entry->peer;
    const Micros now = now_micros();
    Napi::Object all = Napi::Object::New(env);
    const auto set = [&](const char *key, double value) { all.Set(key, Napi::Number::New(env, value)); };
    const auto set_age = [&](const char *key, Micros at) {
      if (at != 0) set(key, static_cast<double>(now - at) / kMillisecond);
    };
    set("rxBytes", static_cast<double>(peer.rx_bytes.load()));
    set("txBytes", static_cast<double>(peer.tx_bytes.load()));
    set("rxFrames", static_cast<double>(peer.rx_frames.load()));
    set("txFrames", static_cast<double>(peer.tx_frames.load()));
    set_age("lastReceivedMs", peer.last_received.load());
    set_age("lastSentMs", peer.last_sent.load());
    if (peer.rtt.load() != 0) set("rttMs", static_cast<double>(peer.rtt.load()) / kMillisecond);
    set("pathMtu", static_cast<double>(entry->path_mtu));
    if (entry->path) all.Set("path", js::path(env, *entry->path));
    if (entry->sending) set("sendingIndex", entry->sending->local_index);
    return all;
  }

  Napi::Value mac_table(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    Napi::Array rows = Napi::Array::New(env);
    const Engine *e = engine(info);
    if (e == nullptr) return rows;
    const auto view = e->view();
    uint32_t at = 0;
    for (const OverlayEntry &overlay : view->overlays) {
      if (overlay.overlay->id != number(info[0])) continue;
      for (const MacTable::Entry &entry : overlay.overlay->macs.entries(now_micros())) {
        if (entry.owner >= view->peers.size()) continue;
        const auto &peer = view->peers[entry.owner].peer;
        Napi::Object row = Napi::Object::New(env);
        row.Set("mac", Napi::Number::New(env, static_cast<double>(entry.mac)));
        row.Set("owner", Napi::Number::New(env, peer ? peer->id : 0));
        row.Set("ageSeconds", Napi::Number::New(env, static_cast<double>(entry.age / kSecond)));
        rows.Set(at++, row);
      }
    }
    return rows;
  }

  void close(const Napi::CallbackInfo &) { shut(); }

  Napi::ThreadSafeFunction wake_;
  std::unique_ptr<Engine> engine_;
  napi_env env_ = nullptr;
};

void trim_memory(const Napi::CallbackInfo &) { malloc_trim(0); }

}  // namespace
}  // namespace evio

// At global scope: the macro defines names of its own.
static Napi::Object start(Napi::Env env, Napi::Object exports) {
  exports.Set("NativeDatapath", evio::NativeDatapath::define(env));
  exports.Set("trimMemory", Napi::Function::New(env, evio::trim_memory));
  return exports;
}
NODE_API_MODULE(datapath, start)
