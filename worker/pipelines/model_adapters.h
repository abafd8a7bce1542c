// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The adapters (LoRA) of a loaded model: found by the names that requests give, loaded, kept, and
// put beside its networks while they run.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/lora/adapter_binding.h"
#include "worker/lora/adapter_cache.h"
#include "worker/pipelines/model_part.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// The parts that adapters may change: all but the autoencoder. `parts` outlives the targets.
std::vector<AdapterTarget> AdapterTargetsOf(const std::string& family,
                                            absl::Span<const ModelPart> parts);

// Makes the adapters that a deployment fixes part of the weights, before these are loaded in
// `type`. INVALID_ARGUMENT names the adapter.
absl::Status MergeAdapters(const ModelLayout& layout, at::ScalarType type,
                           std::vector<ModelPart>* parts);

// The file of that name in a folder. INVALID_ARGUMENT: it is no plain name.
absl::StatusOr<std::string> FileInFolder(const std::string& folder, const std::string& name);

// The adapters in a folder, by the names that requests give, sorted; at most 10,000.
std::vector<std::string> AdaptersIn(const std::string& folder);

// Not thread-safe: owned by a pipeline, as `parts` are.
class ModelAdapters {
 public:
  ModelAdapters(const ModelLayout& layout, absl::Span<const ModelPart> parts, at::Device device,
                at::ScalarType type);

  // Those that a request names; a weight of 0 is none. INVALID_ARGUMENT names the adapter and says
  // what is wrong: its name, its file, or that it is another model's.
  absl::StatusOr<AdapterSet> Load(absl::Span<const LoraUse> uses);

  // Puts the rows' sets beside a component's weights for as long as the result lives: one set for
  // each row of the batch, or one for all.
  absl::StatusOr<AdapterBinding::Bound> Bind(const std::string& component,
                                             absl::Span<const AdapterSet* const> rows);
  // The same of the network that denoises.
  absl::StatusOr<AdapterBinding::Bound> BindDenoiser(absl::Span<const AdapterSet* const> rows) {
    return Bind(family_ == "flux" || family_ == "sd3" ? "transformer" : "unet", rows);
  }
  // One set on all text encoders.
  absl::StatusOr<std::vector<AdapterBinding::Bound>> BindText(const AdapterSet& set);

  uint64_t bytes() const { return cache_.bytes(); }

 private:
  absl::StatusOr<AdapterFile> FileOf(const LoraUse& use) const;

  const std::string family_, folder_;
  const std::vector<AdapterTarget> targets_;
  const at::Device device_;
  const at::ScalarType type_;
  AdapterCache cache_;
  std::map<std::string, AdapterBinding> bindings_;  // by component
};

}  // namespace hanga
