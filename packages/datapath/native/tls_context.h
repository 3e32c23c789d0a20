// What TLS connections to TURN servers trust. Made once, on any thread, and shared: reading
// certificates takes milliseconds that the datapath thread should not spend.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace evio {

struct TlsTrust {
  std::string ca_pem;     // one or more certificates; empty: the system's store
  bool insecure = false;  // accept any certificate
};

class TlsContext {
 public:
  /// Makes a client context (TLS 1.2 or newer). nullptr, and the reason in `error`, when the
  /// certificates cannot be read.
  static std::shared_ptr<const TlsContext> create(const TlsTrust &trust, std::string &error);
  ~TlsContext();
  TlsContext(const TlsContext &) = delete;
  TlsContext &operator=(const TlsContext &) = delete;

  ssl_ctx_st *get() const { return context_; }
  bool insecure() const { return insecure_; }

 private:
  TlsContext(ssl_ctx_st *context, bool insecure) : context_(context), insecure_(insecure) {}

  ssl_ctx_st *context_;
  bool insecure_;
};

/// The oldest entry of OpenSSL's error queue of this thread in words; empties the queue.
std::string openssl_error();

}  // namespace evio
