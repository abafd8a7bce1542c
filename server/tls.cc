// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr unsigned kRereadSeconds = 2;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

absl::StatusOr<std::string> ReadPem(absl::string_view key, const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::InvalidArgumentError(
        absl::StrCat("server.tls.", key, ": cannot read ", path, "; name a readable PEM file"));
  }
  return text.str();
}

Certificate ParseCertificate(const std::string& pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
}

// Refuses to ask for a passphrase on the terminal of a daemon.
int NoPassphrase(char*, int, int, void*) { return -1; }

Key ParseKey(const std::string& pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, nullptr), &EVP_PKEY_free);
}

absl::Status CheckPair(const TlsConfig& config, const std::string& certificate_pem,
                       const std::string& key_pem) {
  const Certificate certificate = ParseCertificate(certificate_pem);
  const Key key = ParseKey(key_pem);
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("server.tls.certificate: ", config.certificate,
                                                   " holds no certificate in PEM"));
  }
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "server.tls.key: ", config.key, " holds no private key in PEM without a passphrase"));
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat("server.tls: the key in ", config.key,
                                                   " is not that of the certificate in ",
                                                   config.certificate));
  }
  return absl::OkStatus();
}

absl::Status CheckClientCa(const TlsConfig& config) {
  const auto client_ca = ReadPem("client_ca", config.client_ca);
  if (!client_ca.ok()) return client_ca.status();
  if (ParseCertificate(*client_ca) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("server.tls.client_ca: ", config.client_ca, " holds no certificate in PEM"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsConfig& config) {
  if (!config.enabled()) return grpc::InsecureServerCredentials();
  auto certificate = ReadPem("certificate", config.certificate);
  if (!certificate.ok()) return certificate.status();
  auto key = ReadPem("key", config.key);
  if (!key.ok()) return key.status();
  if (auto status = CheckPair(config, *certificate, *key); !status.ok()) return status;
  const bool asks_clients = !config.client_ca.empty();
  if (asks_clients) {
    if (auto status = CheckClientCa(config); !status.ok()) return status;
  }

  // Nothing may fail from here on: options that no credentials take over are never freed by gRPC.
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      config.key, config.certificate, config.client_ca, kRereadSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(std::move(provider));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  if (asks_clients) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace hanga
