// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/unet_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/to_device.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

AutoencoderParams StandardAutoencoder(bool xl) {
  AutoencoderParams p;
  p.latent_channels = 4;
  p.quant_conv = p.post_quant_conv = true;
  p.scaling_factor = xl ? 0.13025 : 0.18215;
  p.shift_factor = 0;
  p.sample_size = xl ? 1024 : 512;
  return p;
}

// What every release of Stable Diffusion 1 to XL was trained on. Some checkpoints say by an empty
// tensor that they predict velocities.
nlohmann::json StandardScheduler(const TensorSource& source) {
  nlohmann::json config = {{"_class_name", "EulerDiscreteScheduler"},
                           {"beta_start", 0.00085},
                           {"beta_end", 0.012},
                           {"beta_schedule", "scaled_linear"},
                           {"timestep_spacing", "leading"},
                           {"steps_offset", 1},
                           {"clip_sample", false},
                           {"set_alpha_to_one", false}};
  if (source.Has("v_pred")) config["prediction_type"] = "v_prediction";
  if (source.Has("ztsnr")) {
    config["rescale_betas_zero_snr"] = true;
    config["timestep_spacing"] = "trailing";
  }
  return config;
}

// [1, L, D] followed by `empty` [1, 77, D] up to `length` tokens.
at::Tensor Lengthened(const at::Tensor& text, const at::Tensor& empty, int64_t length) {
  std::vector<at::Tensor> rows = {text};
  for (int64_t have = text.size(1); have < length; have += empty.size(1)) rows.push_back(empty);
  return rows.size() == 1 ? text : at::cat(rows, 1);
}

}  // namespace

absl::StatusOr<UnetParams> DeduceUnetParams(const TensorSource& source) {
  const auto size = [&](const std::string& key, size_t dim) -> int64_t {
    const StoredTensor* tensor = source.Find(key);
    return tensor != nullptr && tensor->shape.size() > dim ? tensor->shape[dim] : 0;
  };
  UnetParams p;
  p.in_channels = size("conv_in.weight", 1);
  p.out_channels = size("conv_out.weight", 0);
  p.channels.clear(), p.depths.clear(), p.heads.clear();
  const auto depth = [&](const std::string& level) {
    int64_t layers = 0;
    while (size(absl::StrCat(level, ".attentions.0.transformer_blocks.", layers, ".norm1.weight"),
                0) > 0)
      ++layers;
    return layers;
  };
  p.linear_projections = size("mid_block.attentions.0.proj_in.weight", 2) == 0;
  constexpr int64_t kHeads = 8, kHeadDim = 64;  // of Stable Diffusion 1; of 2 and XL
  for (int64_t i = 0; i < 8; ++i) {
    const std::string level = absl::StrCat("down_blocks.", i);
    const int64_t channels = size(level + ".resnets.0.conv1.weight", 0);
    if (channels == 0) break;
    p.channels.push_back(channels);
    p.depths.push_back(depth(level));
    p.heads.push_back(p.linear_projections ? std::max<int64_t>(1, channels / kHeadDim) : kHeads);
  }
  p.mid_depth = depth("mid_block");
  p.text_dim = size("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1);
  p.added_dim = size("add_embedding.linear_1.weight", 1);
  if (p.channels.empty() || p.in_channels == 0 || p.out_channels == 0 || p.text_dim == 0) {
    return absl::FailedPreconditionError("unet: its keys are not those of a Stable Diffusion UNet");
  }
  return p;
}

absl::StatusOr<std::unique_ptr<LatentModel>> UnetModel::Open(const ModelLayout& layout) {
  auto model = std::make_unique<UnetModel>();
  if (absl::Status s = model->OpenNetworks(layout); !s.ok()) return s;
  return model;
}

absl::Status UnetModel::OpenNetworks(const ModelLayout& layout) {
  absl::StatusOr<TensorSource> unet = OpenComponent(layout, "unet", UnetKeyMaps());
  if (!unet.ok()) return unet.status();
  const auto& config = layout.parts.at("unet").config;
  const absl::StatusOr<UnetParams> params =
      config ? ParseUnetConfig(*config) : DeduceUnetParams(*unet);
  if (!params.ok())
    return config ? InComponent("unet/config.json", params.status()) : params.status();
  params_ = *params;
  const bool refiner = layout.family->name == "sdxl_refiner";
  if (is_xl() != (refiner || layout.family->name == "sdxl")) {
    return absl::FailedPreconditionError(
        absl::StrCat("unet: it is not one of a ", std::string(layout.family->name), " model"));
  }
  scheduler = layout.scheduler ? *layout.scheduler : StandardScheduler(*unet);
  unet_ = MakeUnet(params_);
  zeros_for_no_negative_ =
      is_xl() &&
      (layout.index ? layout.index->value("force_zeros_for_empty_prompt", true) : !refiner);

  int64_t width = 0;
  const auto add_text = [&](const std::string& name, const std::string& tokenizer,
                            absl::Span<const KeyMap> maps,
                            std::unique_ptr<ClipTextEncoder>* encoder) -> absl::Status {
    absl::StatusOr<TensorSource> source = OpenComponent(layout, name, maps);
    if (!source.ok()) return source.status();
    auto opened = ClipTextEncoder::Open(layout, name, tokenizer, *source);
    if (!opened.ok()) return opened.status();
    *encoder = *std::move(opened);
    (*encoder)->RunBy([this](const auto& component, const auto& blocks, ClipState& state) {
      return Run(component, blocks, state);
    });
    width += (*encoder)->params().hidden;
    return AddPart(name, (*encoder)->blocks().Weights(), *std::move(source));
  };
  absl::Status added;
  if (!refiner) added = add_text("text_encoder", "tokenizer", ClipTextKeyMaps(), &text_);
  if (added.ok() && is_xl())
    added = add_text("text_encoder_2", "tokenizer_2", SecondClipKeyMaps(), &text_2_);
  if (added.ok()) added = AddPart("unet", unet_.Weights(), *std::move(unet));
  if (added.ok()) added = AddAutoencoder(layout, StandardAutoencoder(is_xl()));
  if (!added.ok()) return added;
  if (width != params_.text_dim) {
    return absl::FailedPreconditionError(absl::StrCat(
        "unet and text encoders differ in the width of text: ", params_.text_dim, " and ", width));
  }
  if (absl::Status s = CountSizes(); !s.ok()) return s;
  if (params_.out_channels != vae().latent_channels) {
    return absl::FailedPreconditionError(
        absl::StrCat("unet and vae differ in channels of latents: ", params_.out_channels, " and ",
                     vae().latent_channels));
  }
  return absl::OkStatus();
}

// XL is told of six sizes; its refiner of four, and of a score.
absl::Status UnetModel::CountSizes() {
  if (!is_xl()) return absl::OkStatus();
  const int64_t embedded = params_.added_dim - text_2_->params().projection_dim;
  const int64_t count = embedded / params_.size_embed_dim;
  if (embedded % params_.size_embed_dim != 0 || (count != 5 && count != 6)) {
    return absl::FailedPreconditionError(
        absl::StrCat("unet: takes ", params_.added_dim, " numbers beside the text, of which ",
                     text_2_->params().projection_dim, " are text_encoder_2's: the rest must be 5",
                     " or 6 times ", params_.size_embed_dim));
  }
  takes_score_ = count == 5;
  return absl::OkStatus();
}

bool UnetModel::takes_mask() const { return params_.in_channels == 2 * params_.out_channels + 1; }

void UnetModel::Describe(ModelFacts* facts) const {
  ModelLimits& limits = facts->limits;
  limits.size_multiple = static_cast<int>(vae().factor());
  limits.min_side = limits.size_multiple;
  limits.max_side = 4096;
  limits.max_pixels = int64_t{4096} * 4096;
  limits.max_steps = 999;
  limits.max_sequence_length = static_cast<int>((text_ ? text_ : text_2_)->params().positions);
  limits.capabilities.insert(limits.capabilities.end(), {"prompt_syntax", "eta"});
  if (takes_score_) limits.capabilities.push_back("aesthetic_score");
  GenerationRequest& defaults = facts->defaults;
  // SD1 was trained on 512 pixels, 2 on 768 where it predicts velocities, XL on 1024.
  const bool velocity = scheduler.value("prediction_type", "") == "v_prediction";
  defaults.width = defaults.height = is_xl() ? 1024 : velocity ? 768 : 512;
  defaults.steps = is_xl() ? 30 : 25;
  defaults.guidance_scale = is_xl() ? 5 : 7.5;
}

absl::StatusOr<ClipText> UnetModel::EncodeXl(const GenerationRequest& r, const std::string& prompt,
                                             const std::string& prompt_2, int hidden) {
  const auto text_2 = text_2_->Encode(prompt_2, r.prompt_syntax, hidden, /*normed=*/false, device_);
  if (!text_2.ok() || !text_) return text_2;
  const auto text = text_->Encode(prompt, r.prompt_syntax, hidden, /*normed=*/false, device_);
  if (!text.ok()) return text.status();
  const auto empty = text_->Encode("", PromptSyntax::kPlain, hidden, /*normed=*/false, device_);
  if (!empty.ok()) return empty.status();
  const auto empty_2 = text_2_->Encode("", PromptSyntax::kPlain, hidden, /*normed=*/false, device_);
  if (!empty_2.ok()) return empty_2.status();
  ClipText both;
  const absl::Status joined = RunGuarded("text_encoder", [&] {
    // The shorter of two prompts goes on with empty rows.
    const int64_t length = std::max(text->sequence.size(1), text_2->sequence.size(1));
    both.sequence = at::cat({Lengthened(text->sequence, empty->sequence, length),
                             Lengthened(text_2->sequence, empty_2->sequence, length)},
                            -1);
    both.pooled = text_2->pooled;
  });
  if (!joined.ok()) return joined;
  return both;
}

absl::Status UnetModel::UseInversions(const Inversions& inversions) {
  for (ClipTextEncoder* encoder : {text_.get(), text_2_.get()}) {
    if (encoder == nullptr) continue;
    if (absl::Status s = encoder->UseInversions(inversions); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<Conditioning> UnetModel::Encode(const GenerationRequest& r, bool negative) {
  const std::string& prompt = negative ? r.negative_prompt : r.prompt;
  const std::string& prompt_2 = negative ? r.negative_prompt_2 : r.prompt_2;
  const int skip = negative ? 0 : r.clip_skip;  // as diffusers has it
  Conditioning c;
  if (!is_xl()) {
    const auto text = text_->Encode(prompt, r.prompt_syntax, skip, /*normed=*/true, device_);
    if (!text.ok()) return text.status();
    c.text = text->sequence;
    return c;
  }
  // XL reads the last layer but one.
  const absl::StatusOr<ClipText> text = EncodeXl(r, prompt, prompt_2, skip + 1);
  if (!text.ok()) return text.status();
  const absl::Status joined = RunGuarded("text_encoder", [&] {
    c.text = text->sequence;
    c.pooled = text->pooled;
    if (negative && zeros_for_no_negative_ && prompt.empty() && prompt_2.empty()) {
      c.text = at::zeros_like(c.text);
      c.pooled = at::zeros_like(c.pooled);
    }
    const auto height = static_cast<float>(r.height), width = static_cast<float>(r.width);
    std::vector<float> sizes = {height, width, 0, 0};
    if (takes_score_) {
      sizes.push_back(
          static_cast<float>(negative ? r.negative_aesthetic_score : r.aesthetic_score));
    } else {
      sizes.insert(sizes.end(), {height, width});
    }
    c.sizes = ToDevice(at::tensor(sizes).unsqueeze(0), device_);
  });
  if (!joined.ok()) return joined;
  return c;
}

UnetState UnetModel::StateBefore(const at::Tensor& x, const at::Tensor& timesteps,
                                 const Conditioning& rows) const {
  UnetState state;
  // Convolutions and norms are faster where a pixel's channels lie side by side.
  state.x = x.to(type_).contiguous(at::MemoryFormat::ChannelsLast);
  state.timestep = timesteps;
  state.text = rows.text;
  state.pooled = rows.pooled;
  state.sizes = rows.sizes;
  return state;
}

absl::StatusOr<at::Tensor> UnetModel::Predict(const at::Tensor& x, const at::Tensor& timesteps,
                                              const Conditioning& rows) {
  UnetState state;
  absl::Status run = RunGuarded("unet", [&] { state = StateBefore(x, timesteps, rows); });
  if (run.ok()) run = RunStep("unet", unet_, state);
  if (!run.ok()) return run;
  return state.x.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);  // a graph's is reused
}

Row UnetModel::DenoiserInput(const at::Tensor& x, const at::Tensor& timesteps,
                             const Conditioning& rows) const {
  UnetState state = StateBefore(x, timesteps, rows);
  return TensorsOf(state);
}

at::Tensor UnetModel::DenoiserOutput(Row row, const at::Tensor&) const {
  return StateOf<UnetState>(std::move(row)).x.to(at::kFloat);
}

std::vector<Network> UnetModel::Networks() const {
  std::vector<Network> networks;
  for (const ClipTextEncoder* encoder : {text_.get(), text_2_.get()}) {
    if (encoder != nullptr) networks.push_back(encoder->network());
  }
  networks.push_back(NetworkOf("unet", "unet", "unet", unet_));
  return networks;
}

LatentArchitecture UnetModel::Architecture() const {
  LatentArchitecture model;
  model.unet = params_;
  model.first_clip = text_ != nullptr ? 1 : 2;
  for (const ClipTextEncoder* encoder : {text_.get(), text_2_.get()}) {
    if (encoder != nullptr) model.clips.push_back(encoder->params());
  }
  model.vae = vae();
  return model;
}

std::vector<const PromptCache*> UnetModel::prompt_caches() const {
  std::vector<const PromptCache*> caches = {&text_->cache()};
  if (text_2_ != nullptr) caches.push_back(&text_2_->cache());
  return caches;
}

}  // namespace hanga
