// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Prompts of any length as rows of CLIP's 77 tokens, a weight for each token. Where a row ends is
// where AUTOMATIC1111 and ComfyUI end it. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/tokenizers/clip_tokenizer.h"

namespace hanga {

struct PromptChunk {
  std::vector<int64_t> ids;    // [max_length] with start and end, padded
  std::vector<float> weights;  // [max_length], 1 where nothing is said

  bool weighted() const;  // whether anything is
};

// At least one chunk. A chunk that is full ends after its last comma, if that is one of its last 20
// tokens; BREAK ends one.
std::vector<PromptChunk> A1111Chunks(const ClipTokenizer& tokenizer, std::string_view prompt);

// A text of fewer than 8 tokens (brackets and weights part texts) is not cut: it goes to the next.
std::vector<PromptChunk> ComfyChunks(const ClipTokenizer& tokenizer, std::string_view prompt);

}  // namespace hanga
