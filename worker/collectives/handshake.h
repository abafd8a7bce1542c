// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Two ranks prove to each other that they belong to the same group. Neither sends the secret; each
// signs both sides' random numbers, so that nothing that was overheard can be used again. What
// follows is neither encrypted nor signed: ranks meet on a network that is trusted.
//
//   higher rank                                      lower rank, which listens
//     | -- magic, group, size, my rank, number ------> |
//     | <-- number, HMAC of it all as "listener" ----- |
//     | -- HMAC of it all as "caller" ----------------> |
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/collectives/endpoint.h"

namespace hanga {

struct GroupIdentity {
  uint64_t group = 0;
  int rank = 0, size = 1;
  std::string secret;
};

// UNAUTHENTICATED: it does not know the secret. FAILED_PRECONDITION: it is of another group.
absl::Status GreetListener(const Socket& socket, const GroupIdentity& me, int listener,
                           absl::Duration patience);
// The caller's rank, which is above mine.
absl::StatusOr<int> GreetCaller(const Socket& socket, const GroupIdentity& me,
                                absl::Duration patience);

}  // namespace hanga
