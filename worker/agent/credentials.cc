// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/credentials.h"

#include <fstream>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

absl::StatusOr<std::string> ReadFile(const char* what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(what, ": ", path, " cannot be read"));
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", path, " is larger than 1 MiB"));
  }
  return text;
}

absl::Status ReadInto(const char* what, const std::string& path, std::string* text) {
  if (path.empty()) return absl::OkStatus();
  auto read = ReadFile(what, path);
  if (read.ok()) *text = *std::move(read);
  return read.status();
}

}  // namespace

absl::Status CheckAddress(const SchedulerAddress& address) {
  if (address.target.empty()) {
    return absl::InvalidArgumentError("--scheduler is missing: give HOST:PORT or unix:PATH");
  }
  if (address.tls_cert.empty() != address.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together: give both or none");
  }
  if (!address.tls_cert.empty() && address.tls_ca.empty()) {
    return absl::InvalidArgumentError("--tls-cert needs --tls-ca: the authority of the scheduler");
  }
  if (const auto token = ReadToken(address); !token.ok()) return token.status();
  return MakeChannelCredentials(address).status();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const SchedulerAddress& address) {
  if (address.tls_ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  for (const auto& [what, path, text] :
       {std::tuple{"--tls-ca", &address.tls_ca, &options.pem_root_certs},
        std::tuple{"--tls-cert", &address.tls_cert, &options.pem_cert_chain},
        std::tuple{"--tls-key", &address.tls_key, &options.pem_private_key}}) {
    if (absl::Status status = ReadInto(what, *path, text); !status.ok()) return status;
  }
  return grpc::SslCredentials(options);
}

absl::StatusOr<std::string> ReadToken(const SchedulerAddress& address) {
  std::string token;
  if (absl::Status status = ReadInto("--token-file", address.token_file, &token); !status.ok()) {
    return status;
  }
  absl::StripAsciiWhitespace(&token);
  if (token.empty() && !address.token_file.empty()) {
    return absl::InvalidArgumentError("--token-file: the file is empty");
  }
  return token;
}

}  // namespace hanga
