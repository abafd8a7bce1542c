// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Cases that run one network: every run, with every set of files that holds its weights.
#pragma once

#include <c10/core/Device.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/check/golden_case.h"
#include "worker/check/report.h"
#include "worker/layers/block_list.h"
#include "worker/weights/key_map.h"

namespace hanga {

// One run with one set of files.
struct ComponentRun {
  const GoldenCase& golden;
  std::string label;           // of the run
  const nlohmann::json& info;  // runs.<label>
  nlohmann::json config;       // the component's config.json
  std::string weights;         // a folder or a file
  at::Device device;

  at::Tensor Input(const std::string& name) const;   // on the device; undefined if there is none
  at::Tensor Output(const std::string& name) const;  // on the CPU; undefined if there is none
  double tolerance() const;

  // Fills the blocks in float32.
  absl::Status Load(absl::Span<const KeyMap> maps, absl::Span<BlockWeights* const> blocks) const;
};

// Whether Hanga reads the single files that hold such a network.
enum class SingleFiles { kKnown, kUnknown };

using ComponentCheck = std::function<absl::Status(const ComponentRun& run, RunResult* result)>;

// Runs `check` for each run of the case, with the folder that the run names and with each single
// file that the case says is equal to it.
void CheckComponentRuns(const GoldenCase& golden, at::Device device, Report* report,
                        SingleFiles files, const ComponentCheck& check);

}  // namespace hanga
