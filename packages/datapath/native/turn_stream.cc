#include "turn_stream.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace evio {
namespace {

/// Bytes read in one handle(), so that a fast server does not starve the thread's other work.
constexpr size_t kReadBudget = 256 * 1024;
/// Part of the send queue that only STUN messages may fill.
constexpr size_t kStunReserve = 8 * 1024;
/// How much may wait unsent in the kernel: more would only be delay.
constexpr int kUnsentBytes = 64 * 1024;
/// When the kernel gives a silent connection up, ms (RFC 5482).
constexpr unsigned kUserTimeoutMs = 20'000;
/// Most that one TLS record carries (RFC 8446 §5.1).
constexpr size_t kTlsRecordBytes = 16 * 1024;

std::string text_of(int error) { return std::strerror(error); }

bool is_address(const std::string &name) {
  uint8_t address[16];
  return inet_pton(AF_INET, name.c_str(), address) == 1 || inet_pton(AF_INET6, name.c_str(), address) == 1;
}

}  // namespace

void TurnStream::SslFree::operator()(ssl_st *ssl) const { SSL_free(ssl); }

TurnStream::TurnStream(TurnStreamOptions options, Listener &listener, uint64_t now_ms)
    : options_(std::move(options)), listener_(listener), open_deadline_ms_(now_ms + options_.open_timeout_ms) {
  error_ = start();
  if (error_.empty()) return;
  state_ = State::failed;
  socket_.reset();
}

TurnStream::~TurnStream() = default;

/// Starts to connect; returns what went wrong, or nothing.
std::string TurnStream::start() {
  sockaddr_storage remote{};
  const socklen_t length = options_.remote.to(remote);
  socket_ = FileDescriptor(::socket(remote.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return "socket: " + text_of(errno);
  const int yes = 1;
  setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
  setsockopt(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
  if (options_.local) {
    sockaddr_storage local{};
    const socklen_t local_length = options_.local.to(local);
    if (::bind(fd(), reinterpret_cast<const sockaddr *>(&local), local_length) != 0) return "bind: " + text_of(errno);
  }
  const int result = ::connect(fd(), reinterpret_cast<const sockaddr *>(&remote), length);
  if (result != 0 && errno != EINPROGRESS) return "connect: " + text_of(errno);
  return {};
}

uint32_t TurnStream::wanted_events() const {
  switch (state_) {
    case State::connecting:
    case State::failed:
      return EPOLLOUT;
    case State::handshaking:
      return read_waits_for_write_ ? EPOLLOUT : EPOLLIN;
    case State::open:
      return EPOLLIN | ((queued() > 0 && !write_waits_for_read_) || read_waits_for_write_ || more_to_read_
                            ? static_cast<uint32_t>(EPOLLOUT)
                            : 0);
    case State::closed:
      return 0;
  }
  return 0;
}

void TurnStream::handle(uint32_t events) {
  switch (state_) {
    case State::connecting:
      if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) connected();
      break;
    case State::handshaking:
      handshake();
      break;
    case State::open:
      if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0 || read_waits_for_write_ || more_to_read_) read();
      if (state_ == State::open && queued() > 0) write();
      if (state_ == State::failed) fail(error_);
      break;
    case State::failed:
      fail(error_);
      break;
    case State::closed:
      break;
  }
}

void TurnStream::expire(uint64_t now_ms) {
  if (state_ == State::failed) return fail(error_);
  const bool opening = state_ == State::connecting || state_ == State::handshaking;
  if (opening && now_ms >= open_deadline_ms_) {
    fail("not open after " + std::to_string(options_.open_timeout_ms) + " ms");
  }
}

void TurnStream::connected() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return fail("connect: " + text_of(error));
  if (!options_.tls) return opened();
  std::string problem = start_tls();
  if (!problem.empty()) return fail(std::move(problem));
  state_ = State::handshaking;
  handshake();
}

/// Makes the TLS session; returns what went wrong, or nothing.
std::string TurnStream::start_tls() {
  ERR_clear_error();
  const std::string &name = options_.server_name;
  ssl_.reset(SSL_new(options_.tls->get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd()) != 1) return openssl_error();
  SSL_set_connect_state(ssl_.get());
  // SNI is for names only (RFC 6066 §3).
  if (!name.empty() && !is_address(name) && SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) != 1) {
    return openssl_error();
  }
  if (options_.tls->insecure()) return {};
  if (name.empty()) return "no server name to check the certificate against";
  const int set = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str())
                                   : SSL_set1_host(ssl_.get(), name.c_str());
  return set == 1 ? std::string() : openssl_error();
}

void TurnStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return opened();
  const Transfer outcome = tls_result(result, false);
  if (outcome.kind == Transfer::Kind::ended) error_ = "closed by the server";
  if (outcome.kind != Transfer::Kind::blocked) fail("TLS handshake: " + error_);
}

void TurnStream::opened() {
  state_ = State::open;
  read_waits_for_write_ = false;
  // The server may have sent something behind its handshake that lies in the TLS layer already.
  more_to_read_ = ssl_ && SSL_has_pending(ssl_.get()) == 1;
  listener_.on_open(*this);
}

void TurnStream::read() {
  more_to_read_ = false;
  for (size_t total = 0; total < kReadBudget;) {
    const Transfer got = receive(deframer_.room());
    if (got.kind == Transfer::Kind::blocked) return;
    if (got.kind == Transfer::Kind::ended) return fail("");
    if (got.kind == Transfer::Kind::broken) return fail(error_);
    total += got.bytes;
    deframer_.added(got.bytes);
    bool any = false;
    for (MutableBytes message = deframer_.next(); !message.empty() && state_ == State::open;
         message = deframer_.next()) {
      ++counters_.received_messages;
      listener_.on_message(*this, message);
      any = true;
    }
    if (any) listener_.on_batch_end(*this);
    if (state_ != State::open) return;
    if (deframer_.failed()) return fail("the server sent something that is neither STUN nor ChannelData");
  }
  more_to_read_ = ssl_ != nullptr;
}

bool TurnStream::send(Bytes message) {
  const TurnFraming framing = turn_framing(message);
  if (framing.kind != TurnFraming::Kind::message || framing.bytes != message.size()) {
    ++counters_.dropped_malformed;
    return false;
  }
  const bool stun = message[0] <= 0x3f;
  const size_t limit = options_.queue_bytes - (stun ? 0 : std::min(options_.queue_bytes, kStunReserve));
  if (state_ != State::open || queued() + framing.stride > limit) {
    ++counters_.dropped_full;
    return false;
  }
  const bool idle = queued() == 0;
  queue_.insert(queue_.end(), message.begin(), message.end());
  queue_.resize(queue_.size() + framing.stride - framing.bytes);
  ++counters_.sent_messages;
  if (idle) write();
  return true;
}

/// Writes what the socket takes. A failure is kept for the next handle().
void TurnStream::write() {
  write_waits_for_read_ = false;
  while (queued() > 0) {
    const Transfer put = transmit(Bytes(queue_).subspan(queue_start_));
    if (put.kind == Transfer::Kind::blocked) break;
    if (put.kind == Transfer::Kind::ended) error_.clear();
    if (put.kind != Transfer::Kind::done) {
      state_ = State::failed;
      return;
    }
    queue_start_ += put.bytes;
  }
  if (queue_start_ == queue_.size() || queue_start_ >= options_.queue_bytes / 2) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_start_));
    queue_start_ = 0;
  }
}

TurnStream::Transfer TurnStream::receive(MutableBytes into) {
  if (ssl_) {
    ERR_clear_error();
    read_waits_for_write_ = false;
    return tls_result(SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size())), false);
  }
  const ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
  if (got > 0) return {Transfer::Kind::done, static_cast<size_t>(got)};
  if (got == 0) return {Transfer::Kind::ended};
  if (errno == EAGAIN || errno == EINTR) return {Transfer::Kind::blocked};
  error_ = text_of(errno);
  return {Transfer::Kind::broken};
}

TurnStream::Transfer TurnStream::transmit(Bytes from) {
  if (ssl_) {
    ERR_clear_error();
    return tls_result(SSL_write(ssl_.get(), from.data(), static_cast<int>(std::min(from.size(), kTlsRecordBytes))),
                      true);
  }
  const ssize_t put = ::send(fd(), from.data(), from.size(), MSG_NOSIGNAL);
  if (put >= 0) return {Transfer::Kind::done, static_cast<size_t>(put)};
  if (errno == EAGAIN || errno == EINTR) return {Transfer::Kind::blocked};
  error_ = text_of(errno);
  return {Transfer::Kind::broken};
}

/// What an SSL call that returned `result` came to.
TurnStream::Transfer TurnStream::tls_result(int result, bool writing) {
  if (result > 0) return {Transfer::Kind::done, static_cast<size_t>(result)};
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      if (writing) write_waits_for_read_ = true;
      if (!writing) read_waits_for_write_ = false;
      return {Transfer::Kind::blocked};
    case SSL_ERROR_WANT_WRITE:
      if (!writing) read_waits_for_write_ = true;
      return {Transfer::Kind::blocked};
    case SSL_ERROR_ZERO_RETURN:
      return {Transfer::Kind::ended};
    case SSL_ERROR_SYSCALL:
      error_ = system_error != 0 ? text_of(system_error) : "closed by the server";
      return {Transfer::Kind::broken};
    default: {
      const long verdict = SSL_get_verify_result(ssl_.get());
      error_ = openssl_error();
      if (verdict != X509_V_OK) error_ += std::string(": ") + X509_verify_cert_error_string(verdict);
      return {Transfer::Kind::broken};
    }
  }
}

void TurnStream::fail(std::string error) {
  release();
  listener_.on_closed(*this, error);
}

void TurnStream::close() {
  // A polite end, if it can be had without waiting.
  if (state_ == State::open && ssl_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  release();
}

void TurnStream::release() {
  state_ = State::closed;
  ssl_.reset();
  socket_.reset();
  queue_.clear();
  queue_start_ = 0;
}

Endpoint TurnStream::local() const {
  if (state_ != State::open && state_ != State::handshaking) return {};
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd(), reinterpret_cast<sockaddr *>(&address), &length) != 0) return {};
  return Endpoint::from(address);
}

}  // namespace evio
