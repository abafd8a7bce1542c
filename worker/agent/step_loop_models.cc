// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The step loop's models: loaded and unloaded by an operator's word, shared with a group.
#include <spdlog/spdlog.h>

#include <utility>

#include "worker/agent/outcome.h"
#include "worker/agent/step_loop.h"

namespace hanga {

void StepLoop::JoinGroup(std::shared_ptr<Group> group) {
  Tell([this, group = std::move(group)] { cache_.JoinGroup(group); });
}

void StepLoop::LeaveGroup(absl::Status why) {
  Tell([this, why = std::move(why)] {
    for (auto task = tasks_.begin(); task != tasks_.end();) {
      Task& current = *task++;
      if (current.model != nullptr && current.model->shared)
        End(current, Failed(current.attempt(), why));
    }
    cache_.LeaveGroup();
  });
}

void StepLoop::MakeRoom() {
  Tell([this] { cache_.DropIdle(); });
}

void StepLoop::Load(std::string model) {
  Tell([this, model = std::move(model)] { wanted_.insert(model); });
}

void StepLoop::Unload(std::string model) {
  Tell([this, model = std::move(model)] {
    wanted_.erase(model);
    cache_.Unload(model);
  });
}

// One that has not been examined yet, or for which running models leave no room, goes on waiting.
bool StepLoop::LoadOne() {
  for (auto wanted = wanted_.begin(); wanted != wanted_.end(); ++wanted) {
    const std::string name = *wanted;
    const auto model =
        cache_.Acquire(name, [&] { spdlog::info("loading model={} before a task", name); });
    if (model.ok() && *model == nullptr) continue;
    wanted_.erase(wanted);
    if (model.ok()) {
      spdlog::info("loaded model={}", name);
    } else {
      spdlog::warn("not loaded model={}: {}", name, std::string(model.status().message()));
      if (absl::IsUnavailable(model.status())) Fault(model.status());
    }
    return true;
  }
  return false;
}

}  // namespace hanga
