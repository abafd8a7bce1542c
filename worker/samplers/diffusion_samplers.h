// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Makes the samplers of models that were trained on discrete noise levels, and of flow models those
// that serve both.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>

#include "absl/status/statusor.h"
#include "worker/samplers/flow_schedule.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// `config` is a scheduler_config.json. FAILED_PRECONDITION names a field of it that cannot be used,
// INVALID_ARGUMENT what the request asks too much of.
using MakeSamplerFunction = absl::StatusOr<std::unique_ptr<Sampler>> (*)(
    const nlohmann::json& config, const ScheduleRequest& request);

absl::StatusOr<std::unique_ptr<Sampler>> MakeEuler(const nlohmann::json& config,
                                                   const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeEulerAncestral(const nlohmann::json& config,
                                                            const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeHeun(const nlohmann::json& config,
                                                  const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeLms(const nlohmann::json& config,
                                                 const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeDdim(const nlohmann::json& config,
                                                  const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeDdpm(const nlohmann::json& config,
                                                  const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakePndm(const nlohmann::json& config,
                                                  const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeLcm(const nlohmann::json& config,
                                                 const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeDpmMultistep(const nlohmann::json& config,
                                                          const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeDpmSinglestep(const nlohmann::json& config,
                                                           const ScheduleRequest& request);
absl::StatusOr<std::unique_ptr<Sampler>> MakeUniPc(const nlohmann::json& config,
                                                   const ScheduleRequest& request);

}  // namespace hanga
