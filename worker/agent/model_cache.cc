// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/model_cache.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/agent/spec.h"

namespace hanga {
namespace {

// How often the device's memory is looked at while a model runs.
constexpr absl::Duration kWatchInterval = absl::Seconds(1);

bool IsIdle(const ModelHandle& model) { return model.use_count() == 1; }
bool MayGive(const ModelHandle& model) { return IsIdle(model) && !model->keep_resident; }

// Bytes of the weights on the device. "auto" is float32 on CPUs and bfloat16 on GPUs.
uint64_t BytesOnDevice(const v1::ModelDeployment& deployment, const ModelFacts& facts,
                       const std::string& device) {
  if (facts.parameters == 0) return facts.weight_bytes;
  const bool is_float32 =
      deployment.dtype() == "float32" ||
      (device == "cpu" && (deployment.dtype().empty() || deployment.dtype() == "auto"));
  return facts.parameters * (is_float32 ? 4 : 2);
}

v1::ModelPlacement ToProto(const LoadedModel& model) {
  v1::ModelPlacement proto;
  proto.set_resident_bytes(model.pipeline->resident_bytes());
  if (!model.placement) return proto;
  proto.set_plan_json(model.placement->plan_json);
  proto.set_table(model.placement->table);
  proto.set_predicted_peak_bytes(model.placement->peak_bytes);
  return proto;
}

bool IsShared(const v1::ModelDeployment& deployment) { return deployment.group_size() > 1; }

// Whether the model's loading decides what stays on the device.
bool IsPlanned(const v1::ModelDeployment& deployment, const std::string& device) {
  return device != "cpu" || !(LeversOf(deployment) == PlacementLevers());
}

}  // namespace

absl::StatusOr<ModelHandle> ModelCache::Acquire(const std::string& name,
                                                const std::function<void()>& on_load) {
  waits_for_memory_ = false;
  const auto entry = book_.Find(name);
  if (!entry) return absl::NotFoundError(absl::StrCat("model: ", name, " is not on this worker"));
  if (!entry->examined) return ModelHandle();
  if (!entry->examined->ok()) {
    return absl::FailedPreconditionError(entry->examined->status().message());
  }
  if (IsShared(entry->deployment) && group_ == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("model: ", name, " is run by a group, which this worker does not lead"));
  }
  const std::string id = entry->id();
  unwanted_.erase(name);
  const auto found = std::find_if(models_.begin(), models_.end(),
                                  [&](const ModelHandle& model) { return model->id == id; });
  if (found != models_.end()) {
    models_.splice(models_.begin(), models_, found);
    const bool ready = !IsIdle(models_.front()) || Revive(*models_.front());
    return ready ? models_.front() : ModelHandle();
  }
  const auto room = MakeRoom(*entry);
  if (!room.ok()) {
    book_.Refused(id, room.status(), engine_.free_bytes());
    return room.status();
  }
  if (!*room) return ModelHandle();
  on_load();
  auto model = Load(*entry);
  if (absl::IsResourceExhausted(model.status()) && DropIdle()) model = Load(*entry);
  if (absl::IsInvalidArgument(model.status()) || absl::IsFailedPrecondition(model.status())) {
    book_.Refused(id, model.status(), ModelBook::kNeverEnough);
    return absl::FailedPreconditionError(model.status().message());
  }
  if (!absl::IsResourceExhausted(model.status())) return model;
  waits_for_memory_ = AnyInUse(nullptr);
  if (waits_for_memory_) return ModelHandle();
  book_.Refused(id, model.status(), engine_.free_bytes());
  return model.status();
}

bool ModelCache::Revive(LoadedModel& model) {
  if (!Free(model.pipeline->missing_bytes(), &model) && AnyInUse(&model)) {
    waits_for_memory_ = true;
    return false;
  }
  model.pipeline->Adapt(engine_.free_bytes());
  Moved(model);
  return true;
}

absl::StatusOr<bool> ModelCache::MakeRoom(const ModelEntry& entry) {
  DropStale();
  const uint64_t needed = BytesOnDevice(entry.deployment, **entry.examined, engine_.device) /
                          std::max(1U, entry.deployment.group_size());
  if (Free(needed, nullptr)) return true;
  if (AnyInUse(nullptr)) {
    waits_for_memory_ = true;
    return false;
  }
  // The planner streams what does not fit, or tells what would.
  if (IsPlanned(entry.deployment, engine_.device)) return true;
  return absl::ResourceExhaustedError(absl::StrCat("model: ", entry.deployment.name(), " needs ",
                                                   needed >> 20, " MiB on this device, of which ",
                                                   engine_.free_bytes() >> 20, " MiB are free"));
}

bool ModelCache::Free(uint64_t bytes, const LoadedModel* except) {
  for (auto model = models_.rbegin(); model != models_.rend(); ++model) {
    const uint64_t free = engine_.free_bytes();
    if (free >= bytes) return true;
    if (!MayGive(*model) || model->get() == except) continue;
    if ((*model)->pipeline->Evict(bytes - free) > 0) Moved(**model);
  }
  while (engine_.free_bytes() < bytes) {
    const auto idle = LeastRecentlyUsedIdle(except);
    if (idle == models_.end()) return false;
    Drop(idle);
  }
  return true;
}

bool ModelCache::AnyInUse(const LoadedModel* except) const {
  return std::any_of(models_.begin(), models_.end(), [&](const ModelHandle& model) {
    return model.get() != except && !IsIdle(model);
  });
}

void ModelCache::Watch(LoadedModel& model) {
  if (now_() < watched_ + kWatchInterval) return;
  watched_ = now_();
  const uint64_t free = engine_.free_bytes();
  const uint64_t lacking = model.pipeline->lacking_bytes(free);
  if (lacking == 0 || Free(free + lacking, &model)) return;
  model.pipeline->Adapt(engine_.free_bytes());
  Moved(model);
}

void ModelCache::Moved(LoadedModel& model) {
  model.placement = model.pipeline->Placement();
  book_.Placed(model.id, ToProto(model));
}

absl::StatusOr<ModelHandle> ModelCache::Load(const ModelEntry& entry) {
  LoadOptions options = OptionsOf(entry.deployment, engine_.device);
  if (IsShared(entry.deployment)) {
    options.group = group_;
    options.deployment = entry.id();
  }
  const absl::Time start = now_();
  counters_.Loading(entry.deployment.name(),
                    BytesOnDevice(entry.deployment, **entry.examined, engine_.device),
                    engine_.held_bytes(), start);
  auto pipeline = engine_.load(FilesOf(entry.deployment), options);
  counters_.EndLoading();
  if (!pipeline.ok()) return pipeline.status();
  counters_.Loaded((*pipeline)->resident_bytes(), now_() - start);
  auto model = std::make_shared<LoadedModel>();
  model->id = entry.id();
  model->name = entry.deployment.name();
  model->sha256 = (*entry.examined)->sha256;
  model->shared = IsShared(entry.deployment);
  model->keep_resident = entry.deployment.keep_resident();
  model->pipeline = *std::move(pipeline);
  model->placement = model->pipeline->Placement();
  if (model->placement)
    spdlog::info("model placed model={}:\n{}", model->name, model->placement->table);
  book_.Loaded(model->id, now_() - start, ToProto(*model));
  models_.push_front(model);
  Count(*model);
  return model;
}

void ModelCache::Count(const LoadedModel& model) {
  counters_.Update(model.id, model.pipeline->Counters(), model.pipeline->resident_bytes());
}

void ModelCache::Tend() {
  for (const ModelHandle& model : models_) Count(*model);
  for (auto model = models_.begin(); !unwanted_.empty() && model != models_.end();) {
    const auto current = model++;
    if (IsIdle(*current) && unwanted_.erase((*current)->name) > 0) Drop(current);
  }
}

void ModelCache::Unload(const std::string& name) {
  const bool held = std::any_of(models_.begin(), models_.end(),
                                [&](const ModelHandle& model) { return model->name == name; });
  if (held) unwanted_.insert(name);
}

std::list<ModelHandle>::iterator ModelCache::LeastRecentlyUsedIdle(const LoadedModel* except) {
  const auto found = std::find_if(models_.rbegin(), models_.rend(), [&](const ModelHandle& model) {
    return MayGive(model) && model.get() != except;
  });
  return found == models_.rend() ? models_.end() : std::prev(found.base());
}

void ModelCache::Drop(std::list<ModelHandle>::iterator model) {
  const std::string id = (*model)->id;
  Count(**model);
  counters_.Dropped(id);
  models_.erase(model);
  engine_.release_memory();
  book_.Dropped(id);
}

bool ModelCache::DropIdle() {
  bool dropped = false;
  for (;;) {
    const auto idle = LeastRecentlyUsedIdle(nullptr);
    if (idle == models_.end()) break;
    Drop(idle);
    dropped = true;
  }
  return dropped;
}

void ModelCache::LeaveGroup() {
  group_.reset();
  for (auto model = models_.begin(); model != models_.end();) {
    const auto current = model++;
    if ((*current)->shared) Drop(current);
  }
}

void ModelCache::DropStale() {
  for (auto model = models_.begin(); model != models_.end();) {
    const auto current = model++;
    const auto entry = book_.Find((*current)->name);
    if (IsIdle(*current) && (!entry || entry->id() != (*current)->id)) Drop(current);
  }
}

}  // namespace hanga
