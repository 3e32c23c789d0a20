// TurnStream against a small server on loopback, over TCP and TLS.
// sources: test_certificates.cc ../endpoint.cc ../turn_deframer.cc ../tls_context.cc ../turn_stream.cc
#include "../turn_stream.h"

#include <sys/epoll.h>

#include <csignal>

#include "check.h"
#include "test_certificates.h"
#include "turn_messages.h"
#include "turn_server.h"

using namespace evio;
using namespace evio::test;

namespace {

static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP);

const TestCertificates &certificates() {
  static const TestCertificates made;
  return made;
}

TurnStreamOptions plain(const TurnServer &server) { return {.remote = server.endpoint()}; }

TurnStreamOptions secure(const TurnServer &server, const std::string &name, const TlsTrust &trust) {
  std::string error;
  TurnStreamOptions options{.remote = server.endpoint(), .tls = TlsContext::create(trust, error), .server_name = name};
  CHECK(options.tls != nullptr);
  return options;
}

void exchanges_messages(TurnServer &server, TurnClient &client) {
  CHECK(client.run(server, [&] { return client.open && server.connected(); }));
  CHECK(client.stream.is_open());
  CHECK(client.stream.local().port != 0);
  Message expected;
  for (size_t bytes : {0u, 1u, 2u, 3u, 4u, 1400u, 65535u}) {
    append_padded(expected, channel_message(0x4001, bytes));
    append_padded(expected, stun_message(bytes / 4 * 4));
    append_padded(server.to_send, channel_message(0x4002, bytes));
    append_padded(server.to_send, stun_message(bytes / 4 * 4));
    CHECK(client.stream.send(channel_message(0x4001, bytes)));
    CHECK(client.stream.send(stun_message(bytes / 4 * 4)));
  }
  CHECK(client.run(server, [&] { return server.received.size() == expected.size() && client.messages.size() == 14; }));
  CHECK(server.received == expected);
  CHECK(client.messages.size() == 14 && client.messages[2] == channel_message(0x4002, 1));
  CHECK(client.messages[13] == stun_message(65532));
  CHECK(!client.closed);
}

}  // namespace

TEST("messages pass both ways over TCP, padded on the stream and only there") {
  TurnServer server;
  TurnClient client(plain(server));
  CHECK(client.stream.wanted_events() == EPOLLOUT);
  exchanges_messages(server, client);
  CHECK(client.stream.wanted_events() == EPOLLIN);
  server.end();
  CHECK(client.run(server, [&] { return client.closed; }));
  CHECK(client.error.empty() && client.stream.fd() == -1 && client.stream.wanted_events() == 0);
}

TEST("messages pass both ways over TLS, to a server that proves its name") {
  TurnServer server(certificates().server());
  TurnClient client(secure(server, "turn.example", {.ca_pem = certificates().ca_pem()}));
  exchanges_messages(server, client);
  CHECK(server.server_name == "turn.example");
  server.end();
  CHECK(client.run(server, [&] { return client.closed; }));
  CHECK(client.error.empty());
}

TEST("a server may be named by its address, which is checked too and not sent as a name") {
  TurnServer server(certificates().server());
  TurnClient client(secure(server, "127.0.0.1", {.ca_pem = certificates().ca_pem()}));
  CHECK(client.run(server, [&] { return client.open; }));
  client.run(server, [&] { return SSL_is_init_finished(server.ssl()) == 1; });
  CHECK(server.server_name.empty());
}

TEST("keys may be changed by the server in the middle of the stream") {
  TurnServer server(certificates().server());
  TurnClient client(secure(server, "turn.example", {.ca_pem = certificates().ca_pem()}));
  CHECK(client.run(server, [&] { return client.open && SSL_is_init_finished(server.ssl()) == 1; }));
  for (size_t i = 1; i <= 20; ++i) {
    CHECK(SSL_key_update(server.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    append_padded(server.to_send, stun_message(400));
    CHECK(client.stream.send(stun_message(0)));
    CHECK(client.run(server, [&] { return client.messages.size() == i && server.received.size() == i * 20; }));
  }
}

TEST("a certificate for another name, or of an unknown authority, is refused with the reason") {
  {
    TurnServer server(certificates().server());
    TurnClient client(secure(server, "other.example", {.ca_pem = certificates().ca_pem()}));
    CHECK(client.run(server, [&] { return client.closed; }));
    CHECK(!client.open && client.error.find("ostname mismatch") != std::string::npos);
  }
  {
    TurnServer server(certificates().server());
    TurnClient client(secure(server, "127.0.0.2", {.ca_pem = certificates().ca_pem()}));
    CHECK(client.run(server, [&] { return client.closed; }));
    CHECK(!client.open && client.error.find("IP address mismatch") != std::string::npos);
  }
  {
    TurnServer server(certificates().server());
    TurnClient client(secure(server, "turn.example", {}));  // the system's store
    CHECK(client.run(server, [&] { return client.closed; }));
    CHECK(!client.open && client.error.find("unable to get local issuer") != std::string::npos);
  }
  {
    TurnServer server(certificates().server());
    TurnClient client(secure(server, "", {.ca_pem = certificates().ca_pem()}));
    CHECK(client.run(server, [&] { return client.closed; }));
    CHECK(client.error.find("no server name") != std::string::npos);
  }
}

TEST("insecure takes any certificate") {
  TurnServer server(certificates().server());
  TurnClient client(secure(server, "other.example", {.insecure = true}));
  exchanges_messages(server, client);
}

TEST("a text that holds no certificate is refused when the context is made") {
  std::string error;
  CHECK(TlsContext::create({.ca_pem = "nonsense"}, error) == nullptr);
  CHECK(error.find("expected one or more PEM certificates") == 0);
  const std::string broken = certificates().ca_pem().substr(0, 200) + "\n-----END CERTIFICATE-----\n";
  CHECK(TlsContext::create({.ca_pem = certificates().ca_pem() + broken}, error) == nullptr);
  CHECK(TlsContext::create({.ca_pem = certificates().ca_pem() + certificates().ca_pem()}, error) != nullptr);
}

TEST("a server that does not read costs whole messages, not the thread, and STUN still has room") {
  for (const bool tls : {false, true}) {
    TurnServer server(tls ? certificates().server() : nullptr);
    TurnClient client(tls ? secure(server, "turn.example", {.ca_pem = certificates().ca_pem()}) : plain(server));
    CHECK(client.run(server, [&] { return client.open && server.connected(); }));
    if (tls) client.run(server, [&] { return SSL_is_init_finished(server.ssl()) == 1; });
    server.reading = false;
    Message expected;
    const Message message = channel_message(0x4000, 1401);
    for (int refused = 0; refused < 10;) {
      if (client.stream.send(message)) {
        append_padded(expected, message);
      } else {
        ++refused;
      }
      CHECK(expected.size() < 64 << 20);
    }
    CHECK(client.stream.send(stun_message(100)));
    append_padded(expected, stun_message(100));
    CHECK(client.stream.counters().dropped_full == 10);
    CHECK((client.stream.wanted_events() & EPOLLOUT) != 0);
    server.reading = true;
    CHECK(client.run(server, [&] { return server.received.size() >= expected.size(); }));
    CHECK(server.received == expected);
  }
}

TEST("what is not a message is not sent") {
  TurnServer server;
  TurnClient client(plain(server));
  CHECK(!client.stream.send(stun_message(0)));  // not open yet
  CHECK(client.run(server, [&] { return client.open; }));
  Message longer = stun_message(0);
  longer.push_back(0);
  for (const Message &wrong : {Message{}, Message{0x40, 0, 0}, Message(100, 0xc0), longer}) {
    CHECK(!client.stream.send(wrong));
  }
  CHECK(client.stream.counters().dropped_malformed == 4);
}

TEST("a hostile stream ends the connection and says why") {
  TurnServer server;
  TurnClient client(plain(server));
  append_padded(server.to_send, stun_message(4));
  server.to_send.insert(server.to_send.end(), 1000, 0xff);
  CHECK(client.run(server, [&] { return client.closed; }));
  CHECK(client.messages.size() == 1);
  CHECK(client.error.find("neither STUN nor ChannelData") != std::string::npos);
}

TEST("a TLS server that speaks something else is refused") {
  TurnServer server;
  TurnClient client(secure(server, "turn.example", {.ca_pem = certificates().ca_pem()}));
  server.to_send = Message(500, 'x');
  CHECK(client.run(server, [&] { return client.closed; }));
  CHECK(client.error.find("TLS handshake: ") == 0);
}

TEST("a refused connection says so") {
  Endpoint nobody;
  {
    const TurnServer gone;
    nobody = gone.endpoint();
  }
  TurnServer other;
  TurnClient client({.remote = nobody});
  CHECK(client.run(other, [&] { return client.closed; }));
  CHECK(client.error == "connect: Connection refused");
}

TEST("an error found at once is told by expire()") {
  TurnClient client({.remote = *Endpoint::parse("127.0.0.1", 9), .local = *Endpoint::parse("192.0.2.77", 0)});
  CHECK(client.stream.fd() == -1 && !client.closed);
  client.stream.expire(0);
  CHECK(client.closed && client.error.find("bind: ") == 0);
}

TEST("a server that accepts and says nothing is given up in time") {
  TurnServer server;
  TurnClient client(secure(server, "turn.example", {.ca_pem = certificates().ca_pem()}));
  client.run(server, [&] { return server.connected(); });
  client.stream.expire(9'999);
  CHECK(!client.closed);
  client.stream.expire(10'000);
  CHECK(client.closed && client.error == "not open after 10000 ms");
}

TEST("the stream may be closed from inside of a callback") {
  TurnServer server;
  TurnClient client(plain(server));
  client.close_on_message = true;
  append_padded(server.to_send, stun_message(4));
  append_padded(server.to_send, stun_message(4));
  CHECK(client.run(server, [&] { return !client.messages.empty(); }));
  CHECK(client.messages.size() == 1 && !client.closed && client.stream.fd() == -1);
}

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  return evio::test::runAll();
}
