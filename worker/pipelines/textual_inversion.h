// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Textual inversions (arXiv:2208.01618): words of a prompt that stand for learned vectors.
#pragma once

#include <ATen/core/Tensor.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Immutable.
struct TextualInversion {
  std::string word;
  std::string id;                   // tells it from every other
  std::vector<at::Tensor> vectors;  // [n, width] float32 on the CPU; of each text encoder
};
using Inversions = std::vector<std::shared_ptr<const TextualInversion>>;

// Reads a .safetensors file: one tensor under the word itself (diffusers), "emb_params" (A1111), or
// "clip_l" and "clip_g" (SDXL, SD3). INVALID_ARGUMENT: another layout, vectors of no text
// encoder's width, or a pickle, which is never opened.
absl::StatusOr<std::vector<at::Tensor>> ReadInversionVectors(
    const std::string& name, std::shared_ptr<const std::string> bytes);

// Those of a deployment's folder and of its jobs, kept once read. Not thread-safe.
class InversionShelf {
 public:
  explicit InversionShelf(std::string folder) : folder_(std::move(folder)) {}

  // Those that the request names, then those of the folder whose names its prompts have.
  // INVALID_ARGUMENT names the embedding and says what is wrong with it.
  absl::StatusOr<Inversions> Load(const GenerationRequest& request);

 private:
  absl::StatusOr<std::shared_ptr<const TextualInversion>> Read(const EmbeddingUse& use);

  const std::string folder_;
  std::list<std::shared_ptr<const TextualInversion>> known_;  // most recently used first
};

}  // namespace hanga
