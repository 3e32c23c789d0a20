#include "tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <unistd.h>

namespace evio {
namespace {

template <auto free>
struct Freeing {
  template <typename T>
  void operator()(T *object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;

/// Trusts each certificate of a PEM text; whether there was at least one and none was broken.
bool trust_pem(SSL_CTX *context, const std::string &pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return false;
  size_t trusted = 0;
  for (;;) {
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1) return false;
    ++trusted;
  }
  // Reading ends with "no start line" at the end of the text, and with something else in a broken one.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (trusted == 0 || !at_end) return false;
  ERR_clear_error();
  return true;
}

/// Trusts what the system trusts. Node's OpenSSL was built with other paths than the distribution's, so
/// these are named; a hashed directory is read lazily, a bundle at once.
void trust_system(SSL_CTX *context) {
  SSL_CTX_set_default_verify_paths(context);  // honours SSL_CERT_FILE and SSL_CERT_DIR
  const char *bundles[] = {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0) {
    SSL_CTX_load_verify_dir(context, "/etc/ssl/certs");
  } else {
    for (const char *bundle : bundles) {
      if (access(bundle, R_OK) == 0 && SSL_CTX_load_verify_file(context, bundle) == 1) break;
    }
  }
  ERR_clear_error();
}

}  // namespace

std::shared_ptr<const TlsContext> TlsContext::create(const TlsTrust &trust, std::string &error) {
  ERR_clear_error();
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) {
    error = openssl_error();
    return nullptr;
  }
  const std::shared_ptr<const TlsContext> result(new TlsContext(context, trust.insecure));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // TURN's own framing tells a cut-off message, so an end without close_notify is an end.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context, trust.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (trust.insecure) return result;
  if (trust.ca_pem.empty()) {
    trust_system(context);
  } else if (!trust_pem(context, trust.ca_pem)) {
    error = "expected one or more PEM certificates as CA: " + openssl_error();
    return nullptr;
  }
  return result;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  const char *reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

}  // namespace evio
