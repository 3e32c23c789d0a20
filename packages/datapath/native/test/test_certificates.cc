#include "test_certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "check.h"

namespace evio::test {
namespace {

void extend(X509 *certificate, X509 *issuer, int kind, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

/// A certificate for `key`, signed by `issuer_key`; self-signed when there is no issuer.
X509 *certificate_for(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key) {
  X509 *certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME *subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char *>(name), -1, -1, 0);
  X509_set_issuer_name(certificate, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509_set_pubkey(certificate, key);
  if (issuer == nullptr) {
    extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    extend(certificate, issuer, NID_subject_alt_name, "DNS:turn.example,IP:127.0.0.1");
  }
  CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

TestCertificates::TestCertificates() : server_(SSL_CTX_new(TLS_server_method())) {
  EVP_PKEY *ca_key = EVP_EC_gen("P-256");
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *ca = certificate_for("test authority", ca_key, nullptr, ca_key);
  X509 *leaf = certificate_for("turn.example", key, ca, ca_key);
  CHECK(SSL_CTX_use_certificate(server_, leaf) == 1 && SSL_CTX_use_PrivateKey(server_, key) == 1);
  BIO *text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, ca);
  char *at = nullptr;
  const long bytes = BIO_get_mem_data(text, &at);
  ca_pem_.assign(at, static_cast<size_t>(bytes));
  BIO_free(text);
  X509_free(leaf);
  X509_free(ca);
  EVP_PKEY_free(key);
  EVP_PKEY_free(ca_key);
}

TestCertificates::~TestCertificates() { SSL_CTX_free(server_); }

}  // namespace evio::test
