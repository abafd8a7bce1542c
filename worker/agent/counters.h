// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a worker counts for metrics. Models come and go; what they counted stays in the sums.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Thread-safe: the thread of the device counts, the link's reads.
class Counters {
 public:
  // A task asked for its model, which was loaded already or had to be.
  void Asked(bool loaded);
  // A model's weights, of so many bytes, begin to come to the device, of whose memory the process
  // holds `held_bytes`; and the end of that, however it went.
  void Loading(const std::string& model, uint64_t bytes, uint64_t held_bytes, absl::Time now);
  void EndLoading();
  // Weights have come into the device's memory.
  void Loaded(uint64_t bytes, absl::Duration took);
  // What a loaded model, by its id, has counted since it was loaded, and what it holds now.
  void Update(const std::string& id, PipelineCounters counters, uint64_t weight_bytes);
  void Dropped(const std::string& id);

  // `held_bytes`: what the process holds of the device's memory in all.
  v1::WorkerStats Stats(uint64_t held_bytes, absl::Time now) const;

 private:
  struct Model {
    PipelineCounters counters;
    uint64_t weight_bytes = 0;
  };

  struct Load {
    std::string model;
    uint64_t bytes = 0, held_before = 0;
    absl::Time begin;
  };

  mutable absl::Mutex mutex_;
  std::optional<Load> loading_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Model> models_ ABSL_GUARDED_BY(mutex_);
  PipelineCounters past_ ABSL_GUARDED_BY(mutex_);  // of models that were dropped, and of loading
};

}  // namespace hanga
