// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The models in the device's memory: loaded at their first use, and the least recently used idle
// ones dropped when another needs the room.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/agent/engine.h"
#include "worker/agent/model_book.h"

namespace hanga {

struct LoadedModel {
  std::string id;    // ModelEntry::id
  std::string name;  // `models/{model}`
  std::string sha256;
  std::unique_ptr<Pipeline> pipeline;
};

// Whoever holds one keeps the model from being dropped.
using ModelHandle = std::shared_ptr<LoadedModel>;

// Not thread-safe: owned by the thread that owns the device's compute.
class ModelCache {
 public:
  ModelCache(const Engine* engine, ModelBook* book, std::function<absl::Time()> now)
      : engine_(*engine), book_(*book), now_(std::move(now)) {}

  // The model, loaded if need be; `on_load` is called before that. nullptr: not now, as it has not
  // been examined yet, or running models hold the memory. NOT_FOUND: not a model of this worker.
  // FAILED_PRECONDITION: unusable. RESOURCE_EXHAUSTED: it does not fit, with the numbers.
  absl::StatusOr<ModelHandle> Acquire(const std::string& name,
                                      const std::function<void()>& on_load);

  // Drops every model that nobody holds; false if there is none.
  bool DropIdle();

  // Drops models that are idle and no longer deployed as they were loaded.
  void DropStale();

 private:
  absl::StatusOr<ModelHandle> Load(const ModelEntry& entry);
  // Makes room for a model. False: not now, others that run hold the memory.
  absl::StatusOr<bool> MakeRoom(const ModelEntry& entry);
  std::list<ModelHandle>::iterator LeastRecentlyUsedIdle();
  void Drop(std::list<ModelHandle>::iterator model);

  const Engine& engine_;
  ModelBook& book_;
  std::function<absl::Time()> now_;
  std::list<ModelHandle> models_;  // the most recently used first
};

}  // namespace hanga
