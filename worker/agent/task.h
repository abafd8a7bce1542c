// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/attempt.h"
#include "worker/agent/inputs.h"
#include "worker/agent/model_cache.h"
#include "worker/agent/progress.h"
#include "worker/agent/spec.h"

namespace hanga {

// One image that the step loop works on. It waits for its model until `generation` is set.
struct Task {
  Task(v1::Assignment given, absl::Time now, absl::Duration update_interval)
      : assignment(std::move(given)),
        key(KeyOf(assignment.attempt())),
        request(RequestOf(assignment.spec())),
        progress(assignment.attempt(), request.steps, now, update_interval) {}

  const v1::AttemptRef& attempt() const { return assignment.attempt(); }
  bool waiting() const { return generation == nullptr; }
  bool done() const { return generation != nullptr && generation->done(); }

  v1::Assignment assignment;
  AttemptKey key;
  GenerationRequest request;
  InputSet inputs;                         // that the spec names, as they were uploaded
  bool unpacking = false;                  // its pictures are not in the request yet
  ModelHandle model;                       // set with the generation
  std::unique_ptr<Generation> generation;  // goes before its model
  Progress progress;
  uint64_t last_stepped = 0;  // the turn of its last step
  // Of a step that was launched and has not landed.
  struct Flight {
    uint64_t number = 0;  // in the order of launches
    size_t others = 0;    // that were on their way then
    absl::Time start;
  };
  std::optional<Flight> flight;
  bool retried = false;  // has run out of memory on its own once
};

}  // namespace hanga
