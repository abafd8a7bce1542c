// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/model_book.h"

#include <utility>

#include "google/protobuf/util/time_util.h"
#include "worker/agent/spec.h"

namespace hanga {

std::vector<v1::ModelDeployment> ModelBook::SetDeployments(
    std::vector<v1::ModelDeployment> deployments) {
  const absl::MutexLock lock(&mutex_);
  std::map<std::string, ModelEntry> entries;
  std::vector<v1::ModelDeployment> to_examine;
  for (v1::ModelDeployment& deployment : deployments) {
    ModelEntry entry;
    entry.deployment = std::move(deployment);
    const std::string name = entry.deployment.name();
    const auto known = entries_.find(name);
    const bool same = known != entries_.end() && known->second.id() == entry.id();
    if (same) entry = std::move(known->second);
    if (entry.examined && !entry.examined->ok()) entry.examined.reset();
    if (!entry.examined) to_examine.push_back(entry.deployment);
    entries[name] = std::move(entry);
  }
  for (const auto& [name, entry] : entries_) {
    if (entries.count(name) == 0) outbox_.Withdraw(name);
  }
  entries_ = std::move(entries);
  return to_examine;
}

void ModelBook::Examined(const v1::ModelDeployment& deployment, absl::StatusOr<ModelFacts> facts) {
  const absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(deployment.name());
  if (found == entries_.end() || found->second.deployment.revision() != deployment.revision()) {
    return;
  }
  found->second.examined = std::move(facts);
  Report(found->second);
}

void ModelBook::Change(const std::string& id, const std::function<void(ModelEntry&)>& change) {
  const absl::MutexLock lock(&mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.id() != id) continue;
    change(entry);
    Report(entry);
  }
}

void ModelBook::Loaded(const std::string& id, absl::Duration load_time,
                       v1::ModelPlacement placement) {
  Change(id, [&](ModelEntry& entry) {
    entry.loaded = true;
    entry.load_time = load_time;
    entry.placement = std::move(placement);
  });
}

void ModelBook::Dropped(const std::string& id) {
  Change(id, [](ModelEntry& entry) {
    entry.loaded = false;
    entry.placement.Clear();
  });
}

void ModelBook::Placed(const std::string& id, v1::ModelPlacement placement) {
  Change(id, [&](ModelEntry& entry) {
    placement.mutable_step_times()->Swap(entry.placement.mutable_step_times());
    placement.mutable_notes()->Swap(entry.placement.mutable_notes());
    entry.placement = std::move(placement);
  });
}

void ModelBook::Noted(const std::string& id, const std::string& note) {
  constexpr int kMostNotes = 16;
  Change(id, [&](ModelEntry& entry) {
    auto* notes = entry.placement.mutable_notes();
    if (notes->size() == kMostNotes) notes->DeleteSubrange(0, 1);
    notes->Add(std::string(note));
  });
}

void ModelBook::Stepped(const std::string& id, const StepSize& size, absl::Duration time) {
  const absl::MutexLock lock(&mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.id() == id) AddStep(size, time, &entry.placement);
  }
}

void ModelBook::ReportSteps(const std::string& id) {
  Change(id, [](ModelEntry&) {});
}

void ModelBook::Refused(const std::string& id, const absl::Status& why, uint64_t free_bytes) {
  Change(id, [&](ModelEntry& entry) {
    if (entry.examined && entry.examined->ok()) entry.refused = **entry.examined;
    entry.refused_free_bytes = free_bytes;
    entry.examined = why;
  });
}

void ModelBook::FreeBytes(uint64_t free_bytes) {
  constexpr uint64_t kMoreBytes = uint64_t{256} << 20;
  const absl::MutexLock lock(&mutex_);
  for (auto& [name, entry] : entries_) {
    if (!entry.refused || free_bytes < entry.refused_free_bytes + kMoreBytes) continue;
    entry.examined = *std::exchange(entry.refused, std::nullopt);
    Report(entry);
  }
}

std::optional<ModelEntry> ModelBook::Find(const std::string& name) const {
  const absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void ModelBook::Report(const ModelEntry& entry) const {
  if (!entry.examined) return;
  v1::ModelReport report;
  report.set_revision(entry.deployment.revision());
  if (entry.examined->ok()) {
    *report.mutable_model() = UsableModel(entry.deployment, **entry.examined);
  } else {
    report.mutable_model()->set_name(entry.deployment.name());
    report.mutable_model()->set_state(v1::MODEL_STATE_UNUSABLE);
    report.mutable_model()->set_problem(std::string(entry.examined->status().message()));
  }
  report.set_loaded(entry.loaded);
  if (entry.load_time) {
    *report.mutable_load_time() = google::protobuf::util::TimeUtil::MicrosecondsToDuration(
        absl::ToInt64Microseconds(*entry.load_time));
  }
  report.set_resident_bytes(entry.placement.resident_bytes());
  if (entry.loaded) *report.mutable_placement() = entry.placement;
  outbox_.Report(std::move(report));
}

}  // namespace hanga
