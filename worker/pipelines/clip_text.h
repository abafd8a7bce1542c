// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A CLIP text encoder and its tokenizer: prompts as Stable Diffusion reads them.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/models/clip.h"
#include "worker/pipelines/group_networks.h"
#include "worker/pipelines/model_layout.h"
#include "worker/pipelines/pipeline.h"
#include "worker/pipelines/prompt_cache.h"
#include "worker/pipelines/textual_inversion.h"
#include "worker/tokenizers/clip_tokenizer.h"
#include "worker/tokenizers/prompt_chunks.h"
#include "worker/weights/key_map.h"

namespace hanga {

struct ClipText {
  at::Tensor sequence;  // [1, 77 n, hidden]: n = 1 for plain prompts, which are cut
  at::Tensor pooled;    // [1, hidden or projection_dim]
};

// The parameters of an encoder whose checkpoint has no configuration, from its shapes. `source` has
// Hanga's keys. FAILED_PRECONDITION: they do not tell enough.
absl::StatusOr<ClipParams> DeduceClipParams(const TensorSource& source);

// Not thread-safe: owned by a model.
class ClipTextEncoder {
 public:
  // `component`: "text_encoder_2"; `tokenizer` its folder's name in the layout. `source` has
  // Hanga's keys.
  static absl::StatusOr<std::unique_ptr<ClipTextEncoder>> Open(const ModelLayout& layout,
                                                               const std::string& component,
                                                               const std::string& tokenizer,
                                                               const TensorSource& source);

  // Words that stand for learned vectors from now on. INVALID_ARGUMENT: one has no vectors of this
  // encoder's width.
  absl::Status UseInversions(const Inversions& inversions);

  // `hidden`: which layer's output is the sequence, counted from the last, 0; `normed`: under the
  // last layer's norm.
  absl::StatusOr<ClipText> Encode(const std::string& text, PromptSyntax syntax, int hidden,
                                  bool normed, at::Device device);

  // Who runs the blocks, wherever their weights are; unset: they are on `device`.
  using Runner = std::function<absl::Status(const std::string& component,
                                            const BlockList<ClipState>& blocks, ClipState& state)>;
  void RunBy(Runner run) { run_ = std::move(run); }
  Network network() const { return NetworkOf(component_, component_, component_, blocks_); }

  const ClipParams& params() const { return params_; }
  const BlockList<ClipState>& blocks() const { return blocks_; }
  const PromptCache& cache() const { return cache_; }

 private:
  ClipTextEncoder(std::string component, const ClipParams& params);
  // The prompt's rows; where ComfyUI weighs some of them, an empty prompt's row comes last.
  std::vector<PromptChunk> RowsOf(const std::string& text, PromptSyntax syntax) const;

  const std::string component_;
  const ClipParams params_;
  const BlockList<ClipState> blocks_;
  std::unique_ptr<ClipTokenizer> tokenizer_;
  PromptCache cache_;
  Runner run_;
  std::string inversions_key_;
  at::Tensor added_;  // [n, hidden] float32 on the CPU
};

}  // namespace hanga
