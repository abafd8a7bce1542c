// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {

// An attempt as the key of a map: token, epoch, attempt, index, job.
using AttemptKey = std::tuple<uint64_t, uint64_t, uint32_t, uint32_t, std::string>;

inline AttemptKey KeyOf(const v1::AttemptRef& ref) {
  return {ref.token(), ref.epoch(), ref.attempt(), ref.index(), ref.job()};
}

// "jobs/7f3a image 2 attempt 1", for the log.
inline std::string Describe(const v1::AttemptRef& ref) {
  return "job=" + ref.job() + " image=" + std::to_string(ref.index()) +
         " attempt=" + std::to_string(ref.attempt());
}

}  // namespace hanga
