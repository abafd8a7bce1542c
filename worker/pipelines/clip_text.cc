// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/clip_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/latent_model.h"
#include "worker/pipelines/to_device.h"

namespace hanga {
namespace {

constexpr uint64_t kCacheBytes = 64 << 20;
constexpr size_t kMostRows = 32;  // of a prompt: 2,400 tokens

// [rows, 77] int64 on the CPU.
at::Tensor IdsOf(const std::vector<PromptChunk>& rows) {
  std::vector<at::Tensor> ids;
  for (const PromptChunk& row : rows) ids.push_back(at::tensor(row.ids, at::kLong));
  return at::stack(ids);
}

// [rows, 77, 1] on x's device, in its type.
at::Tensor WeightsOf(const std::vector<PromptChunk>& rows, const at::Tensor& x) {
  std::vector<at::Tensor> weights;
  for (const PromptChunk& row : rows) weights.push_back(at::tensor(row.weights, at::kFloat));
  return ToDevice(at::stack(weights), x.device()).to(x.scalar_type()).unsqueeze(-1);
}

// x [rows, 77, hidden] -> the prompt's rows with their tokens' weights.
at::Tensor Weighed(const at::Tensor& x, const std::vector<PromptChunk>& rows, PromptSyntax syntax) {
  const bool weighted =
      std::any_of(rows.begin(), rows.end(), [](const PromptChunk& row) { return row.weighted(); });
  if (!weighted) return x;
  const at::Tensor weights = WeightsOf(rows, x);
  if (syntax == PromptSyntax::kComfy) {
    // As far from an empty prompt as the weight says. Its row is the last.
    const at::Tensor empty = x.narrow(0, -1, 1);
    const at::Tensor moved = at::where(weights == 1, x, (x - empty) * weights + empty);
    return moved.narrow(0, 0, x.size(0) - 1);
  }
  // The whole row keeps its mean.
  const at::Tensor scaled = x * weights;
  return scaled * (x.mean({1, 2}, /*keepdim=*/true) / scaled.mean({1, 2}, /*keepdim=*/true));
}

// [rows, 77, hidden] -> [1, 77 rows, hidden].
at::Tensor Joined(const at::Tensor& rows) {
  return rows.reshape({1, rows.size(0) * rows.size(1), rows.size(2)});
}

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

absl::Status ClipTextEncoder::UseInversions(const Inversions& inversions) {
  AddedWords words;
  std::vector<at::Tensor> rows;
  int64_t next = params_.vocabulary;
  std::string key;
  for (const auto& inversion : inversions) {
    const auto fits =
        std::find_if(inversion->vectors.begin(), inversion->vectors.end(),
                     [&](const at::Tensor& vectors) { return vectors.size(1) == params_.hidden; });
    if (fits == inversion->vectors.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "embedding '", inversion->word, "': has vectors of ", inversion->vectors.front().size(1),
          " numbers, ", component_, " reads such of ", params_.hidden));
    }
    words.Add(inversion->word, next, static_cast<int>(fits->size(0)));
    next += fits->size(0);
    rows.push_back(*fits);
    absl::StrAppend(&key, inversion->id, ";");
  }
  if (key == inversions_key_) return absl::OkStatus();
  const absl::Status joined =
      RunGuarded(component_, [&] { added_ = rows.empty() ? at::Tensor() : at::cat(rows); });
  if (!joined.ok()) return joined;
  tokenizer_->SetAddedWords(std::move(words));
  inversions_key_ = std::move(key);
  return absl::OkStatus();
}

std::vector<PromptChunk> ClipTextEncoder::RowsOf(const std::string& text,
                                                 PromptSyntax syntax) const {
  switch (syntax) {
    case PromptSyntax::kA1111:
      return A1111Chunks(*tokenizer_, text);
    case PromptSyntax::kComfy: {
      std::vector<PromptChunk> rows = ComfyChunks(*tokenizer_, text);
      const bool weighted = std::any_of(rows.begin(), rows.end(),
                                        [](const PromptChunk& row) { return row.weighted(); });
      if (weighted) rows.push_back(ComfyChunks(*tokenizer_, "").front());
      return rows;
    }
    case PromptSyntax::kPlain:
      break;
  }
  return {{tokenizer_->EncodePadded(text).ids, {}}};
}

absl::StatusOr<ClipText> ClipTextEncoder::Encode(const std::string& text, PromptSyntax syntax,
                                                 int hidden, bool normed, at::Device device) {
  if (hidden < 0 || hidden >= params_.layers) {
    return absl::InvalidArgumentError(
        absl::StrCat("clip_skip: ", component_, " has only ", params_.layers, " layers"));
  }
  const std::string variant =
      absl::StrCat(component_, "/", hidden, normed ? "/normed" : "", "/", static_cast<int>(syntax),
                   blocks_[0].adapted, inversions_key_);
  const PromptKey sequence_key = {variant, tokenizer_->max_length(), text};
  const PromptKey pooled_key = {absl::StrCat(variant, "/pooled"), tokenizer_->max_length(), text};
  ClipText known = {cache_.Find(sequence_key), cache_.Find(pooled_key)};
  if (known.sequence.defined() && known.pooled.defined()) return known;

  const std::vector<PromptChunk> rows = RowsOf(text, syntax);
  if (rows.size() > kMostRows) {
    return absl::InvalidArgumentError(
        absl::StrCat("prompt: takes ", rows.size(), " rows of tokens, the limit is ", kMostRows));
  }
  ClipState state;
  absl::Status run = RunGuarded(component_, [&] {
    state.ids = ToDevice(IdsOf(rows), device);
    if (added_.defined()) state.added = ToDevice(added_, device);
    state.tap = at::scalar_tensor(params_.layers - hidden, at::kLong);
  });
  if (run.ok()) {
    run = run_ ? run_(component_, blocks_, state) : RunBlocks(component_, blocks_, state);
  }
  if (!run.ok()) return run;
  ClipText encoded;
  run = RunGuarded(component_, [&] {
    const at::Tensor& tapped = normed ? state.tapped_normed : state.tapped;
    encoded = {Joined(Weighed(tapped, rows, syntax)), state.pooled.narrow(0, 0, 1)};
  });
  if (!run.ok()) return run;
  cache_.Insert(sequence_key, encoded.sequence);
  cache_.Insert(pooled_key, encoded.pooled);
  return encoded;
}

}  // namespace hanga
