// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/server/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace hanga {
namespace {

std::string TakePem(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// "DNS:localhost,IP:127.0.0.1"
std::string AlternativeNames(const std::string& hosts) {
  std::string names;
  for (const absl::string_view host : absl::StrSplit(hosts, ',')) {
    const bool is_ip = host.find_first_not_of("0123456789.") == absl::string_view::npos;
    absl::StrAppend(&names, names.empty() ? "" : ",", is_ip ? "IP:" : "DNS:", host);
  }
  return names;
}

}  // namespace

Certified MakeCertificate(const std::string& host, const Certified* issuer) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  static int serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  AddExtension(certificate.get(), NID_subject_alt_name, AlternativeNames(host));
  if (issuer == nullptr) {
    AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_set_issuer_name(certificate.get(), name);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
  } else {
    BIO* bio = BIO_new_mem_buf(issuer->certificate.data(), -1);
    X509* parent = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    bio = BIO_new_mem_buf(issuer->key.data(), -1);
    EVP_PKEY* parent_key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(parent));
    X509_sign(certificate.get(), parent_key, EVP_sha256());
    EVP_PKEY_free(parent_key);
    X509_free(parent);
  }
  Certified made;
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate.get());
  made.certificate = TakePem(out);
  out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  made.key = TakePem(out);
  return made;
}

}  // namespace hanga
