// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One golden case on disk: what to run, with which inputs, and what the reference got.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// Immutable.
struct GoldenCase {
  std::string name;              // of its folder
  std::string folder;            // of the case
  std::string root;              // what paths in case.json are relative to
  nlohmann::json info;           // case.json
  TensorSource inputs, outputs;  // empty where the case has no such file

  std::string models;  // another folder of models, for those that the set lacks; may be empty

  // "models/flux_dev/vae" as a path to open.
  std::string Resolve(const std::string& path) const;
  // Whether there is such a model, in the set or in the other folder.
  bool Has(const std::string& path) const;
  // A stored tensor, on the CPU; undefined if there is none.
  at::Tensor Input(const std::string& name) const;
  at::Tensor Output(const std::string& name) const;
  // The other files of which `weights` says that they hold the same as `model`.
  std::vector<std::string> SameWeights(const std::string& model) const;
};

// The case folders in or at `folder`: it is one case, or it holds an index.json or case folders.
absl::StatusOr<std::vector<std::string>> FindCases(const std::string& folder);

// `models` as in GoldenCase.
absl::StatusOr<GoldenCase> ReadCase(const std::string& folder, const std::string& models);

}  // namespace hanga
