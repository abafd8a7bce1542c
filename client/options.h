// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a client reaches a server.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hanga::client {

inline constexpr char kDefaultAddress[] = "127.0.0.1:9876";

struct ClientOptions {
  std::string address = kDefaultAddress;  // HOST:PORT, [IPv6]:PORT or unix:PATH
  std::string token;                      // bearer token; empty: none is sent

  // TLS is used if `tls` is set or `ca_pem` is given. Without `ca_pem` the system's roots count.
  bool tls = false;
  std::string ca_pem;
  std::string certificate_pem, key_pem;  // mutual TLS: both or neither
  // Allows a token on a connection to another host without TLS.
  bool insecure = false;

  absl::Duration call_timeout = absl::Seconds(30);  // of calls that are not streams
  // How long a stream that broke off is tried again without an answer.
  absl::Duration reconnect_timeout = absl::Seconds(60);
};

// The same with files by their names, as an operator gives them.
struct OptionSources {
  std::string address = kDefaultAddress;
  std::string token_file;                 // its first line is the token
  std::string tls_ca, tls_cert, tls_key;  // PEM
  bool tls = false;
  bool insecure = false;
};

// HANGA_ADDRESS, HANGA_TOKEN_FILE, HANGA_TLS_CA, HANGA_TLS_CERT, HANGA_TLS_KEY, HANGA_TLS (1) and
// HANGA_INSECURE (1); what is unset keeps its default.
OptionSources SourcesFromEnvironment();

// INVALID_ARGUMENT names the file that is empty or cannot be read.
absl::StatusOr<ClientOptions> ReadOptions(const OptionSources& sources);

}  // namespace hanga::client
