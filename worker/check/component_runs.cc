// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/component_runs.h"

#include <ATen/ATen.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/json_file.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/weights/checkpoint.h"
#include "worker/weights/loader.h"

namespace hanga {

at::Tensor ComponentRun::Input(const std::string& name) const {
  const at::Tensor stored = golden.Input(absl::StrCat(label, ".", name));
  return stored.defined() ? stored.to(device) : stored;
}

at::Tensor ComponentRun::Output(const std::string& name) const {
  return golden.Output(absl::StrCat(label, ".", name));
}

double ComponentRun::tolerance() const { return info.value("tolerance_rel_l2", 1e-5); }

absl::Status ComponentRun::Load(absl::Span<const KeyMap> maps,
                                absl::Span<BlockWeights* const> blocks) const {
  const absl::StatusOr<TensorSource> stored = OpenCheckpoint(weights);
  if (!stored.ok()) return stored.status();
  const absl::StatusOr<TensorSource> mapped = ApplyMatchingKeyMap(maps, *stored);
  if (!mapped.ok()) return mapped.status();
  return LoadBlocks(blocks, *mapped, device, at::kFloat);
}

void CheckComponentRuns(const GoldenCase& golden, at::Device device, Report* report,
                        SingleFiles files, const ComponentCheck& check) {
  for (const auto& [label, info] : golden.info.at("runs").items()) {
    const std::string model = info.at("model");
    std::vector<std::string> places = {model};
    for (const std::string& same : golden.SameWeights(model)) places.push_back(same);
    for (const std::string& place : places) {
      RunResult& result = report->Add(golden.name, label, place);
      if (!golden.Has(model) || !golden.Has(place)) {
        result.unknown = "the set does not have these files";
        continue;
      }
      if (place != model && files == SingleFiles::kUnknown) {
        result.unknown = "this layout is not known";
        continue;
      }
      const std::string name = absl::StrCat(model, "/config.json");
      absl::StatusOr<nlohmann::json> config = ReadJsonFile(golden.Resolve(name), name);
      if (!config.ok()) {
        result.failure = config.status();
        continue;
      }
      const ComponentRun run = {golden, label, info, *config, golden.Resolve(place), device};
      absl::Status checked;
      const absl::Status ran = RunGuarded(place, [&] { checked = check(run, &result); });
      result.failure = ran.ok() ? checked : ran;
    }
  }
}

}  // namespace hanga
