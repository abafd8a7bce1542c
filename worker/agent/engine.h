// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/pipelines/group.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// What the agent needs of the models and the device under it; the program binds it to
// worker/pipelines, a test to a fake.
struct Engine {
  // Any thread.
  std::function<absl::StatusOr<ModelFacts>(const ModelFiles&)> examine;
  std::function<uint64_t()> free_bytes;                               // memory of the device
  std::function<uint64_t()> held_bytes = [] { return uint64_t{0}; };  // of it, by this process

  // The thread that owns the device's compute.
  std::function<absl::StatusOr<std::unique_ptr<Pipeline>>(const ModelFiles&, const LoadOptions&)>
      load;
  std::function<void()> release_memory = [] {};  // what an allocator keeps back for later

  std::string device = "cpu";  // as LoadOptions has it

  std::shared_ptr<GroupDoor> door;  // null: this worker joins no group
};

}  // namespace hanga
