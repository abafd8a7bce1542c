// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which weights of a model an adapter's file changes, checked against their shapes. Reads no
// weights. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/lora/adapter_file.h"
#include "worker/lora/module_names.h"

namespace hanga {

// How a module's tensors make its change.
enum class AdapterForm { kLowRank, kHadamard, kKronecker, kDifference, kValue, kBiasOnly };

struct PlannedChange {
  AdapterModule module;
  ModulePlace place;
  AdapterForm form = AdapterForm::kLowRank;
};

// INVALID_ARGUMENT: keys that the model does not have, tensors of a module that are missing or do
// not fit together (ranks) or the model (widths), each listed; an adapter of another architecture
// is told by `family`, the model's: "it looks like an adapter for SDXL, the model is FLUX.1".
absl::StatusOr<std::vector<PlannedChange>> PlanAdapter(const TensorSource& file,
                                                       const ModuleNames& names,
                                                       const std::string& family);

}  // namespace hanga
