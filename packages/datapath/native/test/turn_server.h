// The server's end of TurnStream tests: accepts one connection on loopback, in the test's own thread.
#pragma once

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "../endpoint.h"
#include "../file_descriptor.h"
#include "../turn_stream.h"
#include "check.h"
#include "turn_messages.h"

namespace evio::test {

class TurnServer {
 public:
  /// Listens on 127.0.0.1; speaks TLS when given a context.
  explicit TurnServer(SSL_CTX *tls = nullptr) : tls_(tls) {
    listener_ = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener_.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0);
    CHECK(listen(listener_.get(), 5) == 0);
  }
  ~TurnServer() { SSL_free(ssl_); }

  Endpoint endpoint() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    CHECK(getsockname(listener_.get(), reinterpret_cast<sockaddr *>(&address), &length) == 0);
    return Endpoint::from(address);
  }

  bool reading = true;     // false: lets what comes pile up
  Message received;        // all bytes, in order
  Message to_send;         // what is still to be sent
  std::string server_name; // what the client asked for by SNI
  bool connected() const { return static_cast<bool>(connection_); }
  SSL *ssl() const { return ssl_; }

  /// Does what can be done now, without waiting.
  void work() {
    if (!connection_) {
      connection_ = FileDescriptor(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!connection_) return;
      if (tls_ != nullptr) {
        ssl_ = SSL_new(tls_);
        SSL_set_fd(ssl_, connection_.get());
        SSL_set_accept_state(ssl_);
      }
    }
    if (ssl_ != nullptr && !SSL_is_init_finished(ssl_)) {
      ERR_clear_error();
      if (SSL_do_handshake(ssl_) != 1) return;
      const char *name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
      if (name != nullptr) server_name = name;
    }
    send_some();
    if (reading) receive_some();
  }
  void end() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    connection_.reset();
  }

 private:
  void send_some() {
    while (!to_send.empty()) {
      const int size = static_cast<int>(std::min<size_t>(to_send.size(), 16384));
      ERR_clear_error();
      const long put = ssl_ != nullptr ? SSL_write(ssl_, to_send.data(), size)
                                       : send(connection_.get(), to_send.data(), static_cast<size_t>(size), MSG_NOSIGNAL);
      if (put <= 0) return;
      to_send.erase(to_send.begin(), to_send.begin() + put);
    }
  }
  void receive_some() {
    uint8_t buffer[16384];
    for (;;) {
      ERR_clear_error();
      const long got = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer) : recv(connection_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return;
      received.insert(received.end(), buffer, buffer + got);
    }
  }

  FileDescriptor listener_;
  FileDescriptor connection_;
  SSL_CTX *tls_;
  SSL *ssl_ = nullptr;
};

/// A client that keeps what it is told, and its stream.
struct TurnClient final : TurnStream::Listener {
  bool open = false, closed = false;
  bool close_on_message = false;
  std::string error;
  std::vector<Message> messages;
  std::vector<Bytes> batch;  // told by on_message(), copied by on_batch_end()
  TurnStream stream;

  explicit TurnClient(TurnStreamOptions options) : stream(std::move(options), *this, 0) {}

  void on_open(TurnStream &) override {
    CHECK(!open);
    open = true;
  }
  void on_message(TurnStream &which, MutableBytes message) override {
    CHECK(open && !closed);
    batch.push_back(message);
    if (close_on_message) which.close();
  }
  void on_batch_end(TurnStream &) override {
    CHECK(!batch.empty());
    for (const Bytes message : batch) messages.emplace_back(message.begin(), message.end());
    batch.clear();
  }
  void on_closed(TurnStream &, const std::string &why) override {
    CHECK(!closed);
    closed = true;
    error = why;
  }

  /// Runs both ends until `done`; a generous number of steps, each waiting for events briefly.
  bool run(TurnServer &server, const std::function<bool()> &done) {
    for (int step = 0; step < 20'000 && !done(); ++step) {
      server.work();
      if (stream.fd() < 0) continue;
      pollfd waiting{stream.fd(), static_cast<short>(stream.wanted_events()), 0};
      if (poll(&waiting, 1, 1) > 0) stream.handle(static_cast<uint32_t>(waiting.revents));
    }
    return done();
  }
};

}  // namespace evio::test
