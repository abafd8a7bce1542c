// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What this worker knows of every model it should be able to run; each change is reported.
#pragma once

#include <cstdint>
#include <functional>
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
#include "worker/agent/step_times.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

struct ModelEntry {
  v1::ModelDeployment deployment;
  std::optional<absl::StatusOr<ModelFacts>> examined;  // unset: not yet
  bool loaded = false;
  std::optional<absl::Duration> load_time;  // measured
  v1::ModelPlacement placement;             // while loaded
  std::optional<ModelFacts> refused;  // what was found when it was examined, while it does not fit
  uint64_t refused_free_bytes = 0;

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
  void Loaded(const std::string& id, absl::Duration load_time, v1::ModelPlacement placement);
  void Dropped(const std::string& id);
  // Where a loaded model's weights are now, as a whole; what was measured and noted stays.
  void Placed(const std::string& id, v1::ModelPlacement placement);
  // Something went otherwise than planned.
  void Noted(const std::string& id, const std::string& note);
  // A step was taken; reported with the next ReportSteps.
  void Stepped(const std::string& id, const StepSize& size, absl::Duration time);
  void ReportSteps(const std::string& id);
  // It does not fit on this worker's device, of which `free_bytes` are free: unusable here until it
  // is deployed otherwise, or FreeBytes tells of clearly more.
  void Refused(const std::string& id, const absl::Status& why, uint64_t free_bytes);
  static constexpr uint64_t kNeverEnough = UINT64_MAX / 2;  // it is not memory that lacks
  void FreeBytes(uint64_t free_bytes);

  std::optional<ModelEntry> Find(const std::string& name) const;

 private:
  // Calls `change` with the entry, and reports it then; nothing if there is none any more.
  void Change(const std::string& id, const std::function<void(ModelEntry&)>& change);
  void Report(const ModelEntry& entry) const;

  Outbox& outbox_;
  mutable absl::Mutex mutex_;
  std::map<std::string, ModelEntry> entries_ ABSL_GUARDED_BY(mutex_);  // by name
};

}  // namespace hanga
