// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/auth.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "scheduler/job_name.h"
#include "scheduler/status_details.h"
#include "server/config.h"

namespace hanga {
namespace {

std::array<uint8_t, 32> Digest(absl::string_view token) {
  std::array<uint8_t, 32> hash;
  SHA256(reinterpret_cast<const uint8_t*>(token.data()), token.size(), hash.data());
  return hash;
}

bool ParseRole(absl::string_view word, Role* role) {
  if (word == "read") return *role = Role::kRead, true;
  if (word == "submit") return *role = Role::kSubmit, true;
  if (word == "admin") return *role = Role::kAdmin, true;
  if (word == "worker") return *role = Role::kWorker, true;
  return false;
}

bool IsHexDigest(absl::string_view word) {
  return word.size() == 64 && word.find_first_not_of("0123456789abcdef") == word.npos;
}

// A worker is not a weak client, nor a client a worker: administrators are both.
bool Reaches(Role has, Role needed) {
  if (has == Role::kAdmin) return true;
  if (has == Role::kWorker || needed == Role::kWorker) return has == needed;
  return has >= needed;
}

absl::string_view NameOf(Role role) {
  switch (role) {
    case Role::kRead:
      return "read";
    case Role::kSubmit:
      return "submit";
    case Role::kAdmin:
      return "admin";
    case Role::kWorker:
      return "worker";
  }
  return "";
}

absl::Status Unauthenticated(absl::string_view reason, absl::string_view message) {
  return StatusWithReason(absl::StatusCode::kUnauthenticated, reason, message);
}

}  // namespace

std::string HashToken(absl::string_view token) {
  const auto hash = Digest(token);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

std::string NewToken() {
  std::string bytes(32, '\0');
  // Without randomness there is no secret to go on with.
  if (RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) != 1) {
    std::abort();
  }
  return absl::WebSafeBase64Escape(bytes);
}

void TokenTable::Add(absl::string_view token, Identity identity) {
  entries_.push_back({Digest(token), std::move(identity)});
}

absl::Status TokenTable::AddLines(absl::string_view text, absl::string_view file) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) continue;
    const auto wrong = [&](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(file, ":", number, ": ", what,
                                                     "; expected HASH ROLE TENANT, where `hangad "
                                                     "hash-token` prints the hash"));
    };
    Identity identity;
    if (!IsHexDigest(words[0])) return wrong("the first word is no SHA-256 in hexadecimal");
    if (words.size() < 3 || !ParseRole(words[1], &identity.role)) {
      return wrong("the role is not one of read, submit, admin, worker, or the tenant is missing");
    }
    if (!IsResourceId(words[2])) return wrong("the tenant is not 1 to 64 of a-z 0-9 . _ -");
    identity.tenant = words[2];
    if (words.size() > 4 || (words.size() == 4 && identity.role != Role::kWorker)) {
      return wrong("there are too many words");
    }
    if (words.size() == 4) identity.worker_id = words[3];
    std::array<uint8_t, 32> hash;
    const std::string bytes = absl::HexStringToBytes(words[0]);
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    entries_.push_back({hash, std::move(identity)});
  }
  return absl::OkStatus();
}

absl::StatusOr<Identity> TokenTable::Find(absl::string_view token) const {
  const auto hash = Digest(token);
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.hash.data(), hash.data(), hash.size()) == 0) found = &entry;
  }
  if (found == nullptr) {
    return Unauthenticated("BAD_TOKEN", "the bearer token is not known to this server");
  }
  return found->identity;
}

absl::StatusOr<TokenTable> ReadTokens(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || (file.peek() != EOF && !(text << file.rdbuf()))) {
    return absl::NotFoundError(absl::StrCat("cannot read the token file ", path,
                                            "; name a readable file in server.token_file"));
  }
  TokenTable table;
  if (auto status = table.AddLines(text.str(), path); !status.ok()) return status;
  return table;
}

void Authorizer::ReplaceClients(TokenTable clients) {
  auto table = std::make_shared<const TokenTable>(std::move(clients));
  absl::MutexLock lock(&mutex_);
  clients_.swap(table);
}

absl::StatusOr<Identity> Authorizer::Require(Role role, absl::string_view header) const {
  absl::string_view token = header;
  const bool bearer = absl::ConsumePrefix(&token, "Bearer ");
  absl::StatusOr<Identity> identity = Identity{};
  if (bearer) {
    identity = workers_.Find(token);
    if (!identity.ok()) {
      identity = Identity{};
      if (required_) {
        std::shared_ptr<const TokenTable> clients;
        {
          absl::MutexLock lock(&mutex_);
          clients = clients_;
        }
        identity = clients->Find(token);
      }
    }
  } else if (required_) {
    return Unauthenticated("NO_TOKEN",
                           "this server wants a token: send `authorization: Bearer TOKEN`");
  }
  if (!identity.ok()) return identity.status();
  if (!Reaches(identity->role, role)) {
    return StatusWithReason(absl::StatusCode::kPermissionDenied, "ROLE",
                            absl::StrCat("this call needs the role ", NameOf(role),
                                         "; the token has ", NameOf(identity->role)));
  }
  return identity;
}

}  // namespace hanga
