// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Finds the weights of a component: one file, a folder of shards with an index, or a component's
// folder as diffusers and transformers save it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// The files that hold a component's weights, in the order of their names.
struct CheckpointFiles {
  std::string index;                // path of the *.safetensors.index.json; empty for a single file
  std::vector<std::string> shards;  // paths of the .safetensors files
};

// `path` is a .safetensors file or a component's folder. In a folder, the first of these counts:
// an index, a single file; each first without a variant, then "fp16", then "bf16"; named
// diffusion_pytorch_model or model. NOT_FOUND names what was looked for. An index must name its
// shards by plain file names of the same folder: INVALID_ARGUMENT otherwise.
absl::StatusOr<CheckpointFiles> FindCheckpoint(const std::string& path);

// Opens what FindCheckpoint finds. With an index, each key must be in the shard that the index
// says, and in no other; keys that the index leaves out are errors too (INVALID_ARGUMENT lists the
// first few and a count). Keys are as stored: see key_map.h for Hanga's own.
absl::StatusOr<TensorSource> OpenCheckpoint(const std::string& path);

}  // namespace hanga
