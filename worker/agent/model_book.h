// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What this worker knows of every model it should be able to run; each change is reported.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "worker/agent/outbox.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

struct ModelEntry {
  v1::ModelDeployment deployment;
  std::optional<absl::StatusOr<ModelFacts>> examined;  // unset: not yet
  bool loaded = false;
  std::optional<absl::Duration> load_time;  // measured
  uint64_t resident_bytes = 0;

  // Changes whenever the deployment does.
  std::string id() const { return deployment.name() + "@" + deployment.revision(); }
};

// Thread-safe.
class ModelBook {
 public:
  explicit ModelBook(Outbox* outbox) : outbox_(*outbox) {}

  // Replaces the list. Gives those to examine: what is new or changed, and what was unusable.
  std::vector<v1::ModelDeployment> SetDeployments(std::vector<v1::ModelDeployment> deployments);

  // Ignored if the deployment has changed since.
  void Examined(const v1::ModelDeployment& deployment, absl::StatusOr<ModelFacts> facts);
  void Loaded(const std::string& id, absl::Duration load_time, uint64_t resident_bytes);
  void Dropped(const std::string& id);

  std::optional<ModelEntry> Find(const std::string& name) const;

 private:
  void Report(const ModelEntry& entry) const;

  Outbox& outbox_;
  mutable absl::Mutex mutex_;
  std::map<std::string, ModelEntry> entries_ ABSL_GUARDED_BY(mutex_);  // by name
};

}  // namespace hanga
