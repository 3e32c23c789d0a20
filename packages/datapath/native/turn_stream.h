// A TCP or TLS connection to a TURN server (RFC 8656 §3.1), carrying STUN messages and ChannelData back
// to back. One thread owns it: the one that polls fd() and calls handle().
//
// How it goes:
//  1. connect() starts a non-blocking connect; the owner adds fd() with wanted_events() to its epoll,
//     and asks again for wanted_events() after each handle() and send().
//  2. handle() drives the connect, the TLS handshake (then on_open), reading (on_message for each
//     whole message) and writing.
//  3. send() queues one message; when the queue is full the whole message is dropped and counted, so a
//     slow server never makes anyone wait.
//  4. on_closed comes once, with the reason; fd() is then -1.
//
// Inside of a callback the stream may be sent to and closed, but not destroyed.
//
// The process must ignore SIGPIPE (Node does): OpenSSL writes without MSG_NOSIGNAL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bytes.h"
#include "endpoint.h"
#include "file_descriptor.h"
#include "tls_context.h"
#include "turn_deframer.h"

struct ssl_st;

namespace evio {

struct TurnStreamOptions {
  Endpoint remote;
  Endpoint local;                            // address to connect from (port 0), or none
  std::shared_ptr<const TlsContext> tls;     // none: plain TCP
  std::string server_name;                   // TLS: host name or IP address in the certificate
  uint64_t open_timeout_ms = 10'000;         // for connect and TLS handshake together
  size_t queue_bytes = 256 * 1024;           // bound of the send queue
};

struct TurnStreamCounters {
  uint64_t sent_messages = 0;
  uint64_t received_messages = 0;
  uint64_t dropped_full = 0;       // send(): queue full, or not open
  uint64_t dropped_malformed = 0;  // send(): neither a STUN message nor ChannelData
};

class TurnStream {
 public:
  class Listener {
   public:
    virtual void on_open(TurnStream &stream) = 0;
    /// One STUN message, or one ChannelData message without its padding. Valid until on_batch_end()
    /// returns, and free to be changed in place.
    virtual void on_message(TurnStream &stream, MutableBytes message) = 0;
    /// After the messages of one read; what they lie in is used again afterwards.
    virtual void on_batch_end(TurnStream &) {}
    /// The end; `error` says why in words, empty when the server closed in good order.
    virtual void on_closed(TurnStream &stream, const std::string &error) = 0;

   protected:
    ~Listener() = default;
  };

  /// Starts connecting. Never calls back: an error found at once is told by the next handle() or
  /// expire(). `now_ms`: monotonic.
  TurnStream(TurnStreamOptions options, Listener &listener, uint64_t now_ms);
  ~TurnStream();
  TurnStream(const TurnStream &) = delete;
  TurnStream &operator=(const TurnStream &) = delete;

  /// The socket, or -1 when closed.
  int fd() const { return socket_.get(); }
  /// EPOLLIN, EPOLLOUT (level-triggered) that the stream waits for now.
  uint32_t wanted_events() const;
  /// To be called with what epoll said.
  void handle(uint32_t events);
  /// Closes a stream that has not opened in time, and tells errors found at once. Call every second
  /// or so.
  void expire(uint64_t now_ms);
  /// Queues one STUN message or one ChannelData message (padding is added), and writes what the socket
  /// takes; false when it was dropped. ChannelData leaves some of the queue to STUN, so that a flood of
  /// frames does not cost the allocation its refreshes. Never calls back.
  bool send(Bytes message);
  /// Closes without calling back.
  void close();

  bool is_open() const { return state_ == State::open; }
  /// Our address on this connection; none before it is open.
  Endpoint local() const;
  const TurnStreamCounters &counters() const { return counters_; }

 private:
  enum class State { failed, connecting, handshaking, open, closed };
  struct SslFree {
    void operator()(ssl_st *ssl) const;
  };

  struct Transfer {
    enum class Kind { done, blocked, ended, broken } kind;
    size_t bytes = 0;
  };

  std::string start();
  std::string start_tls();
  void connected();
  void handshake();
  void read();
  void write();
  Transfer receive(MutableBytes into);
  Transfer transmit(Bytes from);
  Transfer tls_result(int result, bool writing);
  void opened();
  void fail(std::string error);
  void release();
  size_t queued() const { return queue_.size() - queue_start_; }

  const TurnStreamOptions options_;
  Listener &listener_;
  const uint64_t open_deadline_ms_;
  State state_ = State::connecting;
  std::string error_;  // why it failed, until it can be told
  FileDescriptor socket_;
  std::unique_ptr<ssl_st, SslFree> ssl_;
  // The TLS layer may have to write before it can read, and the other way round.
  bool read_waits_for_write_ = false;
  bool write_waits_for_read_ = false;
  bool more_to_read_ = false;  // reading stopped for the sake of others, and epoll cannot tell
  TurnDeframer deframer_;
  std::vector<uint8_t> queue_;
  size_t queue_start_ = 0;  // bytes of queue_ already written
  TurnStreamCounters counters_;
};

}  // namespace evio
