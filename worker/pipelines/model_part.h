// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A component of a model that is made of several: a network's weights, and where they are stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/layers/block_list.h"
#include "worker/pipelines/model_layout.h"
#include "worker/weights/key_map.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

struct ModelPart {
  std::string name;
  std::vector<BlockWeights*> blocks;
  TensorSource source;
};

// The status with the component in front of its message.
absl::Status InComponent(const std::string& component, const absl::Status& status);

// Opens a component of the layout under Hanga's keys, by whichever of `maps` fits.
absl::StatusOr<TensorSource> OpenComponent(const ModelLayout& layout, const std::string& name,
                                           absl::Span<const KeyMap> maps);

uint64_t ParametersOf(absl::Span<const ModelPart> parts);   // declared
uint64_t StoredBytesOf(absl::Span<const ModelPart> parts);  // in the files

// Cheap, and enough to tell models apart: of keys, shapes, types and the first bytes of each
// tensor. 32 raw bytes.
std::string FingerprintOf(absl::Span<const ModelPart> parts);

}  // namespace hanga
