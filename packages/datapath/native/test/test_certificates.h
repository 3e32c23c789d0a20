// A certificate authority for tests, made in memory.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace evio::test {

/// An authority and a server certificate for "turn.example" and 127.0.0.1.
class TestCertificates {
 public:
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates &) = delete;
  TestCertificates &operator=(const TestCertificates &) = delete;

  const std::string &ca_pem() const { return ca_pem_; }
  /// A TLS server's context with the certificate.
  ssl_ctx_st *server() const { return server_; }

 private:
  std::string ca_pem_;
  ssl_ctx_st *server_;
};

}  // namespace evio::test
