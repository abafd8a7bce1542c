// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/options.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace hanga::client {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Reads the file that `variable` names into `content`, which stays as it is if none is named.
absl::Status ReadFileOf(const char* variable, std::string& content) {
  const std::string path = Variable(variable);
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  content.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || content.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(variable, ": \"", path, "\" is empty or cannot be read"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientOptions> OptionsFromEnvironment() {
  ClientOptions options;
  if (const std::string address = Variable("HANGA_ADDRESS"); !address.empty()) {
    options.address = address;
  }
  for (const auto& [variable, content] : {std::pair{"HANGA_TOKEN_FILE", &options.token},
                                          {"HANGA_TLS_CA", &options.ca_pem},
                                          {"HANGA_TLS_CERT", &options.certificate_pem},
                                          {"HANGA_TLS_KEY", &options.key_pem}}) {
    if (absl::Status status = ReadFileOf(variable, *content); !status.ok()) return status;
  }
  options.token = options.token.substr(0, options.token.find_first_of("\r\n"));
  options.tls = Variable("HANGA_TLS") == "1" || !options.ca_pem.empty();
  options.insecure = Variable("HANGA_INSECURE") == "1";
  return options;
}

}  // namespace hanga::client
