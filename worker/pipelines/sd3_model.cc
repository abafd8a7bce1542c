// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/sd3_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/to_device.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

AutoencoderParams StandardAutoencoder() {
  AutoencoderParams p;
  p.scaling_factor = 1.5305;
  p.shift_factor = 0.0609;
  return p;
}

const nlohmann::json& StandardScheduler() {
  static const auto* config =
      new nlohmann::json{{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"shift", 3.0}};
  return *config;
}

}  // namespace

absl::StatusOr<Sd3Params> DeduceSd3Params(const TensorSource& source) {
  const auto size = [&](const std::string& key, size_t dim) -> int64_t {
    const StoredTensor* tensor = source.Find(key);
    return tensor != nullptr && tensor->shape.size() > dim ? tensor->shape[dim] : 0;
  };
  Sd3Params p;
  const int64_t hidden = size("x_embedder.proj.weight", 0);
  p.in_channels = size("x_embedder.proj.weight", 1);
  p.patch = size("x_embedder.proj.weight", 2);
  p.text_dim = size("context_embedder.weight", 1);
  p.pooled_dim = size("y_embedder.mlp.0.weight", 1);
  if (hidden % p.head_dim != 0 || hidden == 0 || p.patch == 0 || p.text_dim == 0)
    return absl::FailedPreconditionError("transformer: its keys are not those of SD3");
  p.heads = hidden / p.head_dim;
  p.out_channels = size("final_layer.linear.weight", 0) / (p.patch * p.patch);
  p.position_side =
      static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(size("pos_embed", 1)))));
  p.layers = 0;
  const auto block = [&](const char* key) {
    return size(absl::StrCat("joint_blocks.", p.layers, ".x_block.", key), 0) > 0;
  };
  for (; block("attn.qkv.weight"); ++p.layers) {
    if (block("attn2.qkv.weight")) p.dual_layers = p.layers + 1;
    p.qk_norm = block("attn.ln_q.weight");
  }
  return p;
}

absl::StatusOr<std::unique_ptr<LatentModel>> Sd3Model::Open(const ModelLayout& layout) {
  auto model = std::make_unique<Sd3Model>();
  if (absl::Status s = model->OpenNetworks(layout); !s.ok()) return s;
  return model;
}

absl::Status Sd3Model::OpenNetworks(const ModelLayout& layout) {
  absl::StatusOr<TensorSource> source =
      OpenComponent(layout, "transformer", Sd3TransformerKeyMaps());
  if (!source.ok()) return source.status();
  const auto& config = layout.parts.at("transformer").config;
  const absl::StatusOr<Sd3Params> params =
      config ? ParseSd3Config(*config) : DeduceSd3Params(*source);
  if (!params.ok())
    return config ? InComponent("transformer/config.json", params.status()) : params.status();
  params_ = *params;
  scheduler = layout.scheduler ? *layout.scheduler : StandardScheduler();
  transformer_ = MakeSd3(params_);
  absl::Status added = AddPart("transformer", transformer_.Weights(), *std::move(source));

  const auto add_clip = [&](const std::string& name, const std::string& tokenizer,
                            absl::Span<const KeyMap> maps,
                            std::unique_ptr<ClipTextEncoder>* encoder) -> absl::Status {
    absl::StatusOr<TensorSource> clip = OpenComponent(layout, name, maps);
    if (!clip.ok()) return clip.status();
    auto opened = ClipTextEncoder::Open(layout, name, tokenizer, *clip);
    if (!opened.ok()) return opened.status();
    *encoder = *std::move(opened);
    (*encoder)->RunBy([this](const auto& component, const auto& blocks, ClipState& state) {
      return Run(component, blocks, state);
    });
    return AddPart(name, (*encoder)->blocks().Weights(), *std::move(clip));
  };
  if (added.ok()) added = add_clip("text_encoder", "tokenizer", ClipTextKeyMaps(), &clip_l_);
  if (added.ok()) added = add_clip("text_encoder_2", "tokenizer_2", SecondClipKeyMaps(), &clip_g_);
  if (!added.ok()) return added;

  absl::StatusOr<TensorSource> t5 = OpenComponent(layout, "text_encoder_3", T5EncoderKeyMaps());
  if (!t5.ok()) return t5.status();
  if (const auto& t5_config = layout.parts.at("text_encoder_3").config) {
    const absl::StatusOr<T5Params> read = ParseT5Config(*t5_config);
    if (!read.ok()) return InComponent("text_encoder_3/config.json", read.status());
    t5_params_ = *read;
  }
  t5_ = MakeT5Encoder(t5_params_);
  added = AddPart("text_encoder_3", t5_.Weights(), *std::move(t5));
  if (added.ok()) added = AddAutoencoder(layout, StandardAutoencoder());
  if (!added.ok()) return added;
  absl::StatusOr<std::unique_ptr<T5Tokenizer>> tokenizer =
      T5Tokenizer::Load(layout.folders.at("tokenizer_3"));
  if (!tokenizer.ok()) return tokenizer.status();
  t5_tokenizer_ = *std::move(tokenizer);
  return CheckTogether();
}

absl::Status Sd3Model::CheckTogether() const {
  const auto differ = [](const std::string& what, int64_t a, int64_t b) {
    return absl::FailedPreconditionError(absl::StrCat(what, ": ", a, " and ", b));
  };
  const ClipParams &l = clip_l_->params(), &g = clip_g_->params();
  if (l.projection_dim + g.projection_dim != params_.pooled_dim) {
    return differ("transformer and text encoders differ in the width of pooled text",
                  params_.pooled_dim, l.projection_dim + g.projection_dim);
  }
  if (t5_params_.hidden != params_.text_dim || l.hidden + g.hidden > params_.text_dim) {
    return differ("transformer and text_encoder_3 differ in the width of text", params_.text_dim,
                  t5_params_.hidden);
  }
  if (t5_tokenizer_->vocabulary_size() > t5_params_.vocabulary) {
    return differ("tokenizer_3 has more tokens than text_encoder_3 knows",
                  t5_tokenizer_->vocabulary_size(), t5_params_.vocabulary);
  }
  if (params_.in_channels != vae().latent_channels || params_.out_channels != params_.in_channels) {
    return differ("transformer and vae differ in channels of latents", params_.in_channels,
                  vae().latent_channels);
  }
  return absl::OkStatus();
}

void Sd3Model::Describe(ModelFacts* facts) const {
  ModelLimits& limits = facts->limits;
  limits.size_multiple = static_cast<int>(params_.patch * vae().factor());
  limits.min_side = limits.size_multiple;
  limits.max_side = static_cast<int>(params_.position_side) * limits.size_multiple;
  limits.max_pixels = int64_t{limits.max_side} * limits.max_side;
  limits.max_steps = 1000;
  limits.max_sequence_length = 512;
  GenerationRequest& defaults = facts->defaults;
  const bool wide = limits.max_side >= 1024;
  defaults.width = defaults.height = wide ? 1024 : limits.max_side;
  defaults.steps = 28;
  defaults.guidance_scale = params_.qk_norm ? 4.5 : 7;
  defaults.max_sequence_length = 256;
}

absl::StatusOr<at::Tensor> Sd3Model::EncodeT5(const std::string& text, int length) {
  const PromptKey key = {"text_encoder_3" + t5_[0].adapted, length, text};
  if (at::Tensor known = t5_cache_.Find(key); known.defined()) return known;
  T5State state;
  absl::Status run = RunGuarded("text_encoder_3", [&] {
    const auto ids = t5_tokenizer_->EncodePadded(text, length).ids;
    state.ids = ToDevice(at::tensor(ids, at::kLong).unsqueeze(0), device_);
  });
  if (run.ok()) run = Run("text_encoder_3", t5_, state);
  if (!run.ok()) return run;
  t5_cache_.Insert(key, state.x);
  return state.x;
}

absl::Status Sd3Model::UseInversions(const Inversions& inversions) {
  const absl::Status l = clip_l_->UseInversions(inversions);
  return l.ok() ? clip_g_->UseInversions(inversions) : l;
}

absl::StatusOr<Conditioning> Sd3Model::Encode(const GenerationRequest& r, bool negative) {
  const std::string& prompt = negative ? r.negative_prompt : r.prompt;
  const int skip = negative ? 0 : r.clip_skip;  // as diffusers has it
  const auto l = clip_l_->Encode(prompt, r.prompt_syntax, skip + 1, /*normed=*/false, device_);
  if (!l.ok()) return l.status();
  const auto g = clip_g_->Encode(prompt, r.prompt_syntax, skip + 1, /*normed=*/false, device_);
  if (!g.ok()) return g.status();
  const absl::StatusOr<at::Tensor> t5 =
      EncodeT5(negative ? r.negative_prompt_2 : r.prompt_2, r.max_sequence_length);
  if (!t5.ok()) return t5.status();
  Conditioning c;
  const absl::Status joined = RunGuarded("text_encoder", [&] {
    const at::Tensor both = at::cat({l->sequence, g->sequence}, -1);
    c.text = at::cat({at::constant_pad_nd(both, {0, params_.text_dim - both.size(-1)}), *t5}, 1);
    c.pooled = at::cat({l->pooled, g->pooled}, -1);
  });
  if (!joined.ok()) return joined;
  return c;
}

Sd3State Sd3Model::StateBefore(const at::Tensor& x, const at::Tensor& timesteps,
                               const Conditioning& rows) const {
  Sd3State state;
  state.x = x.to(type_);
  state.timestep = timesteps;
  state.text = rows.text;
  state.pooled = rows.pooled;
  return state;
}

// `x` is the grid that the tokens came from.
at::Tensor Sd3Model::Unpatched(const at::Tensor& tokens, const at::Tensor& x) const {
  return UnpatchSd3(tokens, x.size(2) / params_.patch, x.size(3) / params_.patch, params_.patch)
      .to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);  // a graph's result is reused
}

absl::StatusOr<at::Tensor> Sd3Model::Predict(const at::Tensor& x, const at::Tensor& timesteps,
                                             const Conditioning& rows) {
  Sd3State state;
  absl::Status run = RunGuarded("transformer", [&] { state = StateBefore(x, timesteps, rows); });
  if (run.ok()) run = RunStep("transformer", transformer_, state);
  at::Tensor grid;
  if (run.ok()) run = RunGuarded("transformer", [&] { grid = Unpatched(state.x, x); });
  if (!run.ok()) return run;
  return grid;
}

Row Sd3Model::DenoiserInput(const at::Tensor& x, const at::Tensor& timesteps,
                            const Conditioning& rows) const {
  Sd3State state = StateBefore(x, timesteps, rows);
  return TensorsOf(state);
}

at::Tensor Sd3Model::DenoiserOutput(Row row, const at::Tensor& x) const {
  return Unpatched(StateOf<Sd3State>(std::move(row)).x, x);
}

std::vector<Network> Sd3Model::Networks() const {
  return {clip_l_->network(), clip_g_->network(),
          NetworkOf("text_encoder_3", "text_encoder_3", "text_encoder_3", t5_),
          NetworkOf("transformer", "transformer", "transformer", transformer_)};
}

LatentArchitecture Sd3Model::Architecture() const {
  LatentArchitecture model;
  model.sd3 = params_;
  model.clips = {clip_l_->params(), clip_g_->params()};
  model.t5 = t5_params_;
  model.vae = vae();
  return model;
}

std::vector<const PromptCache*> Sd3Model::prompt_caches() const {
  return {&clip_l_->cache(), &clip_g_->cache(), &t5_cache_};
}

}  // namespace hanga
