// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hanga {
namespace {

std::string Write(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path) << text;
  return path;
}

TEST(CredentialsTest, ReadsTheTokenWithoutSurroundingSpace) {
  const SchedulerAddress address{.target = "unix:x",
                                 .token_file = Write("token", "  secret\n"),
                                 .tls_ca = "",
                                 .tls_cert = "",
                                 .tls_key = ""};
  EXPECT_EQ(*ReadToken(address), "secret");
  EXPECT_TRUE(CheckAddress(address).ok());
}

TEST(CredentialsTest, SaysWhichFlagIsWrong) {
  SchedulerAddress address;
  EXPECT_NE(CheckAddress(address).message().find("--scheduler"), absl::string_view::npos);
  address.target = "localhost:1";
  address.token_file = "/nowhere/token";
  EXPECT_NE(CheckAddress(address).message().find("--token-file"), absl::string_view::npos);
  address.token_file = Write("empty", "\n");
  EXPECT_NE(CheckAddress(address).message().find("empty"), absl::string_view::npos);
  address.token_file = "";
  address.tls_cert = "cert.pem";
  EXPECT_NE(CheckAddress(address).message().find("--tls-key"), absl::string_view::npos);
  address.tls_key = "key.pem";
  EXPECT_NE(CheckAddress(address).message().find("--tls-ca"), absl::string_view::npos);
  address.tls_ca = "/nowhere/ca.pem";
  EXPECT_NE(CheckAddress(address).message().find("/nowhere/ca.pem"), absl::string_view::npos);
}

}  // namespace
}  // namespace hanga
