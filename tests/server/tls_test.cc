// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/server/certificates.h"

namespace hanga {
namespace {

using testing::HasSubstr;

std::string Write(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

std::string ErrorOf(const TlsConfig& config) {
  return std::string(MakeServerCredentials(config).status().message());
}

TEST(TlsTest, TakesACertificateWithItsKey) {
  const Certified server = MakeCertificate("localhost", nullptr);
  TlsConfig config{.certificate = Write("a.pem", server.certificate),
                   .key = Write("a.key", server.key),
                   .client_ca = ""};
  EXPECT_TRUE(MakeServerCredentials(config).ok()) << ErrorOf(config);
  config.client_ca = config.certificate;
  EXPECT_TRUE(MakeServerCredentials(config).ok()) << ErrorOf(config);
}

TEST(TlsTest, NamesTheFileThatIsWrong) {
  const Certified one = MakeCertificate("localhost", nullptr);
  const Certified two = MakeCertificate("localhost", nullptr);
  const std::string certificate = Write("b.pem", one.certificate), key = Write("b.key", one.key);
  EXPECT_THAT(ErrorOf({"/nonexistent", key, ""}), HasSubstr("server.tls.certificate: cannot read"));
  EXPECT_THAT(ErrorOf({key, key, ""}), HasSubstr("no certificate in PEM"));
  EXPECT_THAT(ErrorOf({certificate, certificate, ""}), HasSubstr("no private key"));
  EXPECT_THAT(ErrorOf({certificate, Write("c.key", two.key), ""}), HasSubstr("is not that of"));
  EXPECT_THAT(ErrorOf({certificate, key, key}), HasSubstr("server.tls.client_ca: "));
}

}  // namespace
}  // namespace hanga
