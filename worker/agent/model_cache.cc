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

bool IsIdle(const ModelHandle& model) { return model.use_count() == 1; }

// Bytes of the weights on the device. "auto" is float32 on CPUs and bfloat16 on GPUs.
uint64_t BytesOnDevice(const v1::ModelDeployment& deployment, const ModelFacts& facts,
                       const std::string& device) {
  if (facts.parameters == 0) return facts.weight_bytes;
  const bool is_float32 =
      deployment.dtype() == "float32" ||
      (device == "cpu" && (deployment.dtype().empty() || deployment.dtype() == "auto"));
  return facts.parameters * (is_float32 ? 4 : 2);
}

// Whether the model's loading decides what stays on the device.
bool IsPlanned(const v1::ModelDeployment& deployment, const std::string& device) {
  return device != "cpu" || !(LeversOf(deployment) == PlacementLevers());
}

}  // namespace

absl::StatusOr<ModelHandle> ModelCache::Acquire(const std::string& name,
                                                const std::function<void()>& on_load) {
  const auto entry = book_.Find(name);
  if (!entry) return absl::NotFoundError(absl::StrCat("model: ", name, " is not on this worker"));
  if (!entry->examined) return ModelHandle();
  if (!entry->examined->ok()) {
    return absl::FailedPreconditionError(entry->examined->status().message());
  }
  const std::string id = entry->id();
  const auto found = std::find_if(models_.begin(), models_.end(),
                                  [&](const ModelHandle& model) { return model->id == id; });
  if (found != models_.end()) {
    models_.splice(models_.begin(), models_, found);
    return models_.front();
  }
  const auto room = MakeRoom(*entry);
  if (!room.ok()) return room.status();
  if (!*room) return ModelHandle();
  on_load();
  auto model = Load(*entry);
  if (absl::IsResourceExhausted(model.status()) && DropIdle()) model = Load(*entry);
  return model;
}

absl::StatusOr<bool> ModelCache::MakeRoom(const ModelEntry& entry) {
  DropStale();
  const uint64_t needed = BytesOnDevice(entry.deployment, **entry.examined, engine_.device);
  for (;;) {
    const uint64_t free = engine_.free_bytes();
    if (needed <= free) return true;
    const auto idle = LeastRecentlyUsedIdle();
    if (idle != models_.end()) {
      Drop(idle);
    } else if (!models_.empty()) {
      return false;
    } else if (IsPlanned(entry.deployment, engine_.device)) {
      return true;  // the planner streams what does not fit, or tells what would
    } else {
      return absl::ResourceExhaustedError(
          absl::StrCat("model: ", entry.deployment.name(), " needs ", needed >> 20,
                       " MiB on this device, of which ", free >> 20, " MiB are free"));
    }
  }
}

absl::StatusOr<ModelHandle> ModelCache::Load(const ModelEntry& entry) {
  LoadOptions options;
  options.device = engine_.device;
  if (!entry.deployment.dtype().empty()) options.dtype = entry.deployment.dtype();
  if (!entry.deployment.weights().empty()) options.weights = entry.deployment.weights();
  options.placement = LeversOf(entry.deployment);
  const absl::Time start = now_();
  auto pipeline = engine_.load(FilesOf(entry.deployment), options);
  if (!pipeline.ok()) return pipeline.status();
  if (const std::string table = (*pipeline)->DescribePlacement(); !table.empty()) {
    spdlog::info("{} is placed so:\n{}", entry.deployment.name(), table);
  }
  auto model = std::make_shared<LoadedModel>(LoadedModel{
      entry.id(), entry.deployment.name(), (*entry.examined)->sha256, *std::move(pipeline)});
  book_.Loaded(model->id, now_() - start, model->pipeline->resident_bytes());
  models_.push_front(model);
  return model;
}

std::list<ModelHandle>::iterator ModelCache::LeastRecentlyUsedIdle() {
  const auto found = std::find_if(models_.rbegin(), models_.rend(), IsIdle);
  return found == models_.rend() ? models_.end() : std::prev(found.base());
}

void ModelCache::Drop(std::list<ModelHandle>::iterator model) {
  const std::string id = (*model)->id;
  models_.erase(model);
  engine_.release_memory();
  book_.Dropped(id);
}

bool ModelCache::DropIdle() {
  bool dropped = false;
  for (auto idle = LeastRecentlyUsedIdle(); idle != models_.end(); idle = LeastRecentlyUsedIdle()) {
    Drop(idle);
    dropped = true;
  }
  return dropped;
}

void ModelCache::DropStale() {
  for (auto model = models_.begin(); model != models_.end();) {
    const auto current = model++;
    const auto entry = book_.Find((*current)->name);
    if (IsIdle(*current) && (!entry || entry->id() != (*current)->id)) Drop(current);
  }
}

}  // namespace hanga
