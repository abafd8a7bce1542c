// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/to_device.h"
#include "worker/pipelines/torch_errors.h"

namespace hanga {
namespace {

// About thirty prompts of 512 tokens for the full model in bfloat16.
constexpr uint64_t kCacheBytes = 128 << 20;

at::Tensor TokenRow(const std::vector<int64_t>& ids, at::Device device) {
  return ToDevice(at::tensor(ids, at::kLong).unsqueeze(0), device);
}

absl::Status CheckVocabulary(const std::string& tokenizer, int64_t tokens,
                             const std::string& encoder, int64_t rows) {
  if (tokens <= rows) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(tokenizer, " has ", tokens, " tokens, but ", encoder, " knows ", rows));
}

}  // namespace

FluxTextEncoder::FluxTextEncoder(const FluxModel& model, at::Device device)
    : model_(model), device_(device), cache_(kCacheBytes) {}

absl::StatusOr<std::unique_ptr<FluxTextEncoder>> FluxTextEncoder::Load(const ModelLayout& layout,
                                                                       const FluxModel& model,
                                                                       at::Device device) {
  absl::StatusOr<std::unique_ptr<ClipTokenizer>> clip =
      ClipTokenizer::Load(layout.folders.at("tokenizer"));
  if (!clip.ok()) return clip.status();
  absl::StatusOr<std::unique_ptr<T5Tokenizer>> t5 =
      T5Tokenizer::Load(layout.folders.at("tokenizer_2"));
  if (!t5.ok()) return t5.status();
  for (const absl::Status& fits : {CheckVocabulary("tokenizer", (*clip)->vocabulary_size(),
                                                   "text_encoder", model.clip_params.vocabulary),
                                   CheckVocabulary("tokenizer_2", (*t5)->vocabulary_size(),
                                                   "text_encoder_2", model.t5_params.vocabulary)}) {
    if (!fits.ok()) return fits;
  }
  std::unique_ptr<FluxTextEncoder> encoder(new FluxTextEncoder(model, device));
  encoder->clip_tokenizer_ = *std::move(clip);
  encoder->t5_tokenizer_ = *std::move(t5);
  return encoder;
}

absl::StatusOr<FluxText> FluxTextEncoder::Encode(const std::string& prompt,
                                                 const std::string& prompt_2, int length) {
  absl::StatusOr<at::Tensor> pooled = EncodeClip(prompt);
  if (!pooled.ok()) return pooled.status();
  absl::StatusOr<at::Tensor> sequence = EncodeT5(prompt_2, length);
  if (!sequence.ok()) return sequence.status();
  return FluxText{*std::move(pooled), *std::move(sequence)};
}

absl::StatusOr<at::Tensor> FluxTextEncoder::EncodeClip(const std::string& text) {
  const PromptKey key = {"text_encoder" + model_.clip[0].adapted, clip_tokenizer_->max_length(),
                         text};
  if (at::Tensor known = cache_.Find(key); known.defined()) return known;
  ClipState state;
  state.ids = TokenRow(clip_tokenizer_->EncodePadded(text).ids, device_);
  const absl::Status run = model_.Run("text_encoder", model_.clip, state);
  if (!run.ok()) return run;
  cache_.Insert(key, state.pooled);
  return state.pooled;
}

absl::StatusOr<at::Tensor> FluxTextEncoder::EncodeT5(const std::string& text, int length) {
  const PromptKey key = {"text_encoder_2" + model_.t5[0].adapted, length, text};
  if (at::Tensor known = cache_.Find(key); known.defined()) return known;
  T5State state;
  state.ids = TokenRow(t5_tokenizer_->EncodePadded(text, length).ids, device_);
  const absl::Status run = model_.Run("text_encoder_2", model_.t5, state);
  if (!run.ok()) return run;
  cache_.Insert(key, state.x);
  return state.x;
}

}  // namespace hanga
