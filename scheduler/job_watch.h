// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One reader that follows one job. It is told that there is something new, and takes the newest
// state when it likes: what it misses in between costs nobody anything.
#pragma once

#include <optional>

#include "hanga/v1/generation_service.pb.h"

namespace hanga {

// Thread-safe. Destroying it ends the subscription; after that `wake` is not called. Do not
// destroy it inside `wake`.
class JobWatch {
 public:
  virtual ~JobWatch() = default;

  // The job as it is now with the newest previews, if that is newer than what was last taken (or
  // than `after_sequence` at first). Nothing otherwise. Between a Take() that gave nothing or a
  // state and the next newer state, `wake` is called at least once. May read the disk.
  virtual std::optional<v1::WatchJobResponse> Take() = 0;

  // The job as it is, newer or not: what keeps a quiet stream alive.
  virtual v1::WatchJobResponse Peek() = 0;
};

}  // namespace hanga
