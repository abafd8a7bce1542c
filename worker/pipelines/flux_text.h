// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Prompts as FLUX.1 reads them: CLIP's pooled vector and T5's sequence.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/pipelines/flux_model.h"
#include "worker/pipelines/prompt_cache.h"
#include "worker/tokenizers/clip_tokenizer.h"
#include "worker/tokenizers/t5_tokenizer.h"

namespace hanga {

struct FluxText {
  at::Tensor pooled;    // [1, pooled_dim]
  at::Tensor sequence;  // [1, length, text_dim]; padding takes part, as it did in training
};

// Not thread-safe: owned by a pipeline.
class FluxTextEncoder {
 public:
  // `model` must outlive the encoder. Fails if a tokenizer is not readable or not the encoder's.
  static absl::StatusOr<std::unique_ptr<FluxTextEncoder>> Load(const ModelLayout& layout,
                                                               const FluxModel& model,
                                                               at::Device device);

  // CLIP reads `prompt`, T5 reads `prompt_2` in `length` tokens; longer texts are cut.
  absl::StatusOr<FluxText> Encode(const std::string& prompt, const std::string& prompt_2,
                                  int length);

  const PromptCache& cache() const { return cache_; }

 private:
  FluxTextEncoder(const FluxModel& model, at::Device device);
  absl::StatusOr<at::Tensor> EncodeClip(const std::string& text);
  absl::StatusOr<at::Tensor> EncodeT5(const std::string& text, int length);

  const FluxModel& model_;
  const at::Device device_;
  std::unique_ptr<ClipTokenizer> clip_tokenizer_;
  std::unique_ptr<T5Tokenizer> t5_tokenizer_;
  PromptCache cache_;
};

}  // namespace hanga
