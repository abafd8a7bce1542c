// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Models loaded and unloaded by an operator's word.
#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/status_details.h"

namespace hanga {

absl::StatusOr<std::vector<std::string>> Core::TellHold(
    absl::string_view model, absl::string_view only, bool hold,
    absl::FunctionRef<bool(uint32_t, const WorkerRecord&)> is_asked) {
  const auto index = models_.Find(model);
  if (!index.has_value()) {
    return StatusWithReason(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                            "name: there is no such model");
  }
  if (!only.empty() && FindWorker(only) == nullptr) {
    return StatusWithReason(absl::StatusCode::kNotFound, "WORKER_NOT_FOUND",
                            "worker: there is no such worker");
  }
  std::vector<std::string> told;
  for (auto& [id, worker] : workers_) {
    const std::string name = absl::StrCat("workers/", id);
    if (!only.empty() && only != name) continue;
    if (!worker.connected_now() || !is_asked(*index, worker)) continue;
    v1::AttachResponse response;
    response.mutable_hold_model()->set_model(models_.name(*index));
    response.mutable_hold_model()->set_hold(hold);
    worker.sink->Send(std::move(response));
    spdlog::info("told to {} a model worker={} model={}", hold ? "load" : "unload", id,
                 models_.name(*index));
    told.push_back(name);
  }
  return told;
}

absl::StatusOr<v1::LoadModelResponse> Core::LoadModel(const v1::LoadModelRequest& request) {
  v1::LoadModelResponse response;
  {
    absl::MutexLock lock(&mu_);
    const auto told = TellHold(request.name(), request.worker(), /*hold=*/true,
                               [this](uint32_t model, const WorkerRecord& worker) {
                                 return worker.takes_tasks() && MayRun(model, worker);
                               });
    if (!told.ok()) return told.status();
    if (told->empty()) {
      return StatusWithReason(
          absl::StatusCode::kFailedPrecondition, "NO_USABLE_WORKER",
          absl::StrCat(request.worker().empty() ? "no worker takes tasks of "
                                                : "that worker takes no tasks of ",
                       request.name(), " now; `hanga models` and `hanga workers` say why"));
    }
    for (const std::string& name : *told) response.add_workers(name);
  }
  auto model = GetModel(request.name());
  if (!model.ok()) return model.status();
  *response.mutable_model() = *std::move(model);
  return response;
}

absl::StatusOr<v1::UnloadModelResponse> Core::UnloadModel(const v1::UnloadModelRequest& request) {
  v1::UnloadModelResponse response;
  {
    absl::MutexLock lock(&mu_);
    const auto told = TellHold(request.name(), request.worker(), /*hold=*/false,
                               [this](uint32_t model, const WorkerRecord& worker) {
                                 return models_.LoadedOn(model, worker.id);
                               });
    if (!told.ok()) return told.status();
    for (const std::string& name : *told) response.add_workers(name);
  }
  auto model = GetModel(request.name());
  if (!model.ok()) return model.status();
  *response.mutable_model() = *std::move(model);
  return response;
}

}  // namespace hanga
