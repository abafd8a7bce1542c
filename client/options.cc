// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/options.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace hanga::client {
namespace {

void Take(const char* variable, std::string& value) {
  const char* text = std::getenv(variable);
  if (text != nullptr && *text != '\0') value = text;
}

void Take(const char* variable, bool& value) {
  std::string text;
  Take(variable, text);
  if (!text.empty()) value = text == "1";
}

absl::Status ReadFile(const char* what, const std::string& path, std::string& content) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  content.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || content.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": \"", path, "\" is empty or cannot be read"));
  }
  return absl::OkStatus();
}

}  // namespace

OptionSources SourcesFromEnvironment() {
  OptionSources sources;
  Take("HANGA_ADDRESS", sources.address);
  Take("HANGA_TOKEN_FILE", sources.token_file);
  Take("HANGA_TLS_CA", sources.tls_ca);
  Take("HANGA_TLS_CERT", sources.tls_cert);
  Take("HANGA_TLS_KEY", sources.tls_key);
  Take("HANGA_TLS", sources.tls);
  Take("HANGA_INSECURE", sources.insecure);
  return sources;
}

absl::StatusOr<ClientOptions> ReadOptions(const OptionSources& sources) {
  ClientOptions options;
  options.address = sources.address;
  options.insecure = sources.insecure;
  absl::Status status = ReadFile("token file", sources.token_file, options.token);
  status.Update(ReadFile("TLS CA file", sources.tls_ca, options.ca_pem));
  status.Update(ReadFile("TLS certificate file", sources.tls_cert, options.certificate_pem));
  status.Update(ReadFile("TLS key file", sources.tls_key, options.key_pem));
  if (!status.ok()) return status;
  options.token = options.token.substr(0, options.token.find_first_of("\r\n"));
  options.tls = sources.tls || !options.ca_pem.empty();
  return options;
}

}  // namespace hanga::client
