// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/clip_text.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/latent_model.h"
#include "worker/pipelines/to_device.h"

namespace hanga {
namespace {

constexpr uint64_t kCacheBytes = 64 << 20;

}  // namespace

absl::StatusOr<ClipParams> DeduceClipParams(const TensorSource& source) {
  const auto shape = [&](std::string_view key) {
    const StoredTensor* tensor = source.Find(key);
    return tensor != nullptr && tensor->shape.size() == 2 ? tensor->shape
                                                          : std::vector<int64_t>{0, 0};
  };
  ClipParams p;
  const auto tokens = shape("text_model.embeddings.token_embedding.weight");
  p.vocabulary = tokens[0];
  p.hidden = tokens[1];
  p.positions = shape("text_model.embeddings.position_embedding.weight")[0];
  p.intermediate = shape("text_model.encoder.layers.0.mlp.fc1.weight")[0];
  constexpr int64_t kHeadDim = 64;  // of every CLIP that diffusion models read
  if (p.hidden < kHeadDim || p.hidden % kHeadDim != 0 || p.positions < 2 || p.intermediate < 1) {
    return absl::FailedPreconditionError("its keys are not those of a CLIP text encoder");
  }
  p.heads = p.hidden / kHeadDim;
  p.layers = 0;
  while (source.Has(absl::StrCat("text_model.encoder.layers.", p.layers, ".layer_norm1.weight")))
    ++p.layers;
  // OpenAI's ViT-L is the only one with the quick form.
  p.activation =
      p.hidden == 768 ? ClipParams::Activation::kQuickGelu : ClipParams::Activation::kGelu;
  return p;
}

ClipTextEncoder::ClipTextEncoder(std::string component, const ClipParams& params)
    : component_(std::move(component)),
      params_(params),
      blocks_(MakeClip(params)),
      cache_(kCacheBytes) {}

absl::StatusOr<std::unique_ptr<ClipTextEncoder>> ClipTextEncoder::Open(const ModelLayout& layout,
                                                                       const std::string& component,
                                                                       const std::string& tokenizer,
                                                                       const TensorSource& source) {
  const auto& config = layout.parts.at(component).config;
  absl::StatusOr<ClipParams> params = config ? ParseClipConfig(*config) : DeduceClipParams(source);
  if (!params.ok()) return InComponent(component, params.status());
  if (!config && component != "text_encoder" && source.Has("text_projection.weight"))
    params->projection_dim = source.Find("text_projection.weight")->shape[0];
  std::unique_ptr<ClipTextEncoder> encoder(new ClipTextEncoder(component, *params));
  absl::StatusOr<std::unique_ptr<ClipTokenizer>> loaded =
      ClipTokenizer::Load(layout.folders.at(tokenizer));
  if (!loaded.ok()) return loaded.status();
  encoder->tokenizer_ = *std::move(loaded);
  const int64_t tokens = encoder->tokenizer_->vocabulary_size();
  if (tokens > params->vocabulary) {
    return absl::FailedPreconditionError(absl::StrCat(tokenizer, " has ", tokens, " tokens, but ",
                                                      component, " knows ", params->vocabulary));
  }
  return encoder;
}

absl::StatusOr<ClipText> ClipTextEncoder::Encode(const std::string& text, int hidden, bool normed,
                                                 at::Device device) {
  if (hidden < 0 || hidden >= params_.layers) {
    return absl::InvalidArgumentError(
        absl::StrCat("clip_skip: ", component_, " has only ", params_.layers, " layers"));
  }
  const std::string variant = absl::StrCat(component_, "/", hidden, normed ? "/normed" : "");
  const PromptKey sequence_key = {variant, tokenizer_->max_length(), text};
  const PromptKey pooled_key = {absl::StrCat(variant, "/pooled"), tokenizer_->max_length(), text};
  ClipText known = {cache_.Find(sequence_key), cache_.Find(pooled_key)};
  if (known.sequence.defined() && known.pooled.defined()) return known;

  ClipState state;
  absl::Status run = RunGuarded(component_, [&] {
    state.ids =
        ToDevice(at::tensor(tokenizer_->EncodePadded(text).ids, at::kLong).unsqueeze(0), device);
    state.tap = at::scalar_tensor(params_.layers - hidden, at::kLong);
  });
  if (run.ok()) {
    run = run_ ? run_(component_, blocks_, state) : RunBlocks(component_, blocks_, state);
  }
  if (!run.ok()) return run;
  ClipText encoded = {normed ? state.tapped_normed : state.tapped, state.pooled};
  cache_.Insert(sequence_key, encoded.sequence);
  cache_.Insert(pooled_key, encoded.pooled);
  return encoded;
}

}  // namespace hanga
