// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Who may do what. Clients and workers present a bearer token in the metadata `authorization`; the
// token file holds SHA-256 hashes, so that reading it gives nobody access.
//
// A line of the file: HASH ROLE TENANT. Roles: `submit` (submit, read and cancel its tenant's
// jobs), `read` (read its tenant's jobs), `admin` (every job, the cluster), `worker` (attach as a
// worker; the fourth word, if any, is the one worker id it may use). `#` begins a comment.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace hanga {

enum class Role { kRead, kSubmit, kAdmin, kWorker };

struct Identity {
  Role role = Role::kAdmin;
  std::string tenant;
  std::string worker_id;  // of a worker: the only id it may say; empty: any
};

// SHA-256 of a token, as 64 lower-case hexadecimal digits.
std::string HashToken(absl::string_view token);

// A new token of 256 random bits, in URL-safe characters.
std::string NewToken();

// The known tokens. Thread-safe once filled.
class TokenTable {
 public:
  // INVALID_ARGUMENT names `file` and the line.
  absl::Status AddLines(absl::string_view text, absl::string_view file);
  void Add(absl::string_view token, Identity identity);

  // UNAUTHENTICATED if it is unknown. The time it takes does not depend on which token matches.
  absl::StatusOr<Identity> Find(absl::string_view token) const;

 private:
  struct Entry {
    std::array<uint8_t, 32> hash;
    Identity identity;
  };
  std::vector<Entry> entries_;
};

// Reads a token file. NOT_FOUND, INVALID_ARGUMENT.
absl::StatusOr<TokenTable> ReadTokens(const std::string& path);

// Decides on calls. Thread-safe.
class Authorizer {
 public:
  // `clients` is empty-handed where no token file is configured: then everybody who connects is an
  // administrator without a tenant. `workers` holds the tokens of local workers.
  Authorizer(bool required, TokenTable clients, TokenTable local_workers)
      : required_(required),
        clients_(std::make_shared<TokenTable>(std::move(clients))),
        workers_(std::move(local_workers)) {}

  // `header` is the value of `authorization`, empty if absent. UNAUTHENTICATED without a known
  // token; PERMISSION_DENIED if the role does not reach. Decided before anything is looked up, so
  // that a refusal tells nothing about what exists.
  absl::StatusOr<Identity> Require(Role role, absl::string_view header) const;

  // From the next call on; calls that have begun go on.
  void ReplaceClients(TokenTable clients);

 private:
  const bool required_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const TokenTable> clients_ ABSL_GUARDED_BY(mutex_);
  const TokenTable workers_;
};

}  // namespace hanga
