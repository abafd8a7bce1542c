// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/latent_profile.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/profile/autoencoder_profile.h"
#include "worker/profile/component_profile.h"
#include "worker/profile/text_profile.h"
#include "worker/profile/unet_profile.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::Phase;

int ClipTokens(const LatentArchitecture& model) {
  return model.clips.empty() ? 77 : static_cast<int>(model.clips.front().positions);
}

void AppendSd3(const Sd3Params& p, const LatentArchitecture& model, const LatentWorkload& w,
               std::vector<BlockProfile>* blocks) {
  const double pixels = static_cast<double>(model.vae.factor() * p.patch);
  const double img = (w.width / pixels) * (w.height / pixels);
  const double txt = ClipTokens(model) + w.t5_tokens, all = img + txt;
  const auto hidden = static_cast<double>(p.hidden());
  const double element = static_cast<double>(c10::elementSize(w.type));
  const auto bytes = [&](double values) {
    return static_cast<uint64_t>(w.batch * values * element);
  };
  const auto list = MakeSd3(p);
  AppendComponent(
      list.Weights(),
      {.name = "transformer",
       .phase = Phase::kDenoiser,
       .type = w.type,
       .rows =
           [&](const BlockWeights&, const Slot& slot) {
             const auto in = [&](absl::string_view part) {
               return absl::StrContains(slot.key, part);
             };
             if (in("pos_embed")) return 0.0;
             if (in("adaLN") || in("t_embedder") || in("y_embedder")) return 1.0 * w.batch;
             return w.batch * (in("context") ? txt : img);
           },
       .finish =
           [&](const BlockWeights& block, BlockProfile* b) {
             const bool joint = absl::StrContains(block.name, "joint_blocks");
             const double state = all * hidden + hidden;
             b->boundary_bytes = bytes(state);
             // Joint qkv, q, k, v, their attention, residuals; then the image's MLP.
             b->activation_bytes =
                 bytes(state + (joint ? 9 * all * hidden + 5 * img * hidden : 2 * all * hidden));
             if (joint) b->attention_flops = 4.0 * w.batch * all * all * hidden;
           }},
      blocks);
}

}  // namespace

placement::ModelProfile ProfileLatent(const std::string& name, const LatentArchitecture& model,
                                      const LatentWorkload& w) {
  placement::ModelProfile profile;
  profile.model = name;
  profile.width = w.width;
  profile.height = w.height;
  profile.batch = 1;
  profile.steps = w.steps;
  profile.workspace_bytes = w.workspace_bytes;
  for (size_t i = 0; i < model.clips.size(); ++i) {
    const size_t number = i + model.first_clip;
    AppendClip(model.clips[i],
               {number == 1 ? "text_encoder" : absl::StrCat("text_encoder_", number), w.type},
               &profile.blocks);
  }
  if (model.t5) AppendT5(*model.t5, w.t5_tokens, {"text_encoder_3", w.type}, &profile.blocks);
  if (model.unet) {
    const auto factor = static_cast<double>(model.vae.factor());
    AppendUnet(*model.unet,
               {w.height / factor, w.width / factor, w.batch, ClipTokens(model), w.type},
               &profile.blocks);
  }
  if (model.sd3) AppendSd3(*model.sd3, model, w, &profile.blocks);
  AppendAutoencoder(model.vae, {w.width, w.height, w.vae_type}, &profile.blocks);
  return profile;
}

}  // namespace hanga
