// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/handshake.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr char kMagic[] = "HNGAGRP1";
constexpr size_t kNumberBytes = 32, kProofBytes = 32;
using Number = std::array<uint8_t, kNumberBytes>;
using Proof = std::array<uint8_t, kProofBytes>;

// Integers travel in the byte order of the hosts; those of another order fail the handshake.
struct Greeting {
  char magic[8];
  uint64_t group;
  uint32_t size, rank;
  Number number;
};
static_assert(sizeof(Greeting) == 24 + kNumberBytes);

struct Answer {
  Number number;
  Proof proof;
};

absl::StatusOr<Number> Draw() {
  Number number;
  if (RAND_bytes(number.data(), number.size()) != 1) {
    return absl::UnavailableError("the system gives no random numbers");
  }
  return number;
}

Proof Sign(const GroupIdentity& me, const char* role, int listener, int caller,
           const Number& called, const Number& answered) {
  std::string text =
      absl::StrCat(kMagic, " ", role, " ", me.group, " ", me.size, " ", listener, " ", caller, " ");
  text.append(reinterpret_cast<const char*>(called.data()), called.size());
  text.append(reinterpret_cast<const char*>(answered.data()), answered.size());
  Proof proof;
  unsigned int bytes = proof.size();
  HMAC(EVP_sha256(), me.secret.data(), static_cast<int>(me.secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), proof.data(), &bytes);
  return proof;
}

bool Same(const Proof& a, const Proof& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::Status Impostor() {
  return absl::UnauthenticatedError("it does not know the group's secret");
}

}  // namespace

absl::Status GreetListener(const Socket& socket, const GroupIdentity& me, int listener,
                           absl::Duration patience) {
  const absl::StatusOr<Number> number = Draw();
  if (!number.ok()) return number.status();
  Greeting greeting = {
      {}, me.group, static_cast<uint32_t>(me.size), static_cast<uint32_t>(me.rank), *number};
  std::memcpy(greeting.magic, kMagic, sizeof(greeting.magic));
  if (auto s = socket.Write(&greeting, sizeof(greeting), patience); !s.ok()) return s;
  Answer answer;
  if (auto s = socket.Read(&answer, sizeof(answer), patience); !s.ok()) return s;
  const Proof expected = Sign(me, "listener", listener, me.rank, *number, answer.number);
  if (!Same(expected, answer.proof)) return Impostor();
  const Proof proof = Sign(me, "caller", listener, me.rank, *number, answer.number);
  return socket.Write(&proof, sizeof(proof), patience);
}

absl::StatusOr<int> GreetCaller(const Socket& socket, const GroupIdentity& me,
                                absl::Duration patience) {
  Greeting greeting;
  if (auto s = socket.Read(&greeting, sizeof(greeting), patience); !s.ok()) return s;
  const int caller = static_cast<int>(greeting.rank);
  if (std::memcmp(greeting.magic, kMagic, sizeof(greeting.magic)) != 0 ||
      greeting.group != me.group || greeting.size != static_cast<uint32_t>(me.size) ||
      caller <= me.rank || caller >= me.size) {
    return absl::FailedPreconditionError("it is not of this group");
  }
  const absl::StatusOr<Number> number = Draw();
  if (!number.ok()) return number.status();
  const Answer answer = {*number, Sign(me, "listener", me.rank, caller, greeting.number, *number)};
  if (auto s = socket.Write(&answer, sizeof(answer), patience); !s.ok()) return s;
  Proof proof;
  if (auto s = socket.Read(&proof, sizeof(proof), patience); !s.ok()) return s;
  if (!Same(Sign(me, "caller", me.rank, caller, greeting.number, *number), proof)) {
    return Impostor();
  }
  return caller;
}

}  // namespace hanga
