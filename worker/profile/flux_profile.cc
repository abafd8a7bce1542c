// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/flux_profile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "worker/models/flux_modulation.h"
#include "worker/profile/autoencoder_profile.h"
#include "worker/profile/component_profile.h"
#include "worker/profile/text_profile.h"

namespace hanga {
namespace {

using placement::BlockProfile;
using placement::Phase;

bool In(const std::string& text, absl::string_view part) { return absl::StrContains(text, part); }

class FluxProfiler {
 public:
  FluxProfiler(const FluxArchitecture& model, const Workload& work)
      : m_(model),
        w_(work),
        element_(c10::elementSize(work.type)),
        img_(int64_t{work.width / 16} * (work.height / 16)),
        txt_(work.text_tokens) {}

  void Append(std::vector<BlockProfile>* blocks) const {
    AppendClip(m_.clip, {"text_encoder", w_.type, w_.batch}, blocks);
    AppendT5(m_.t5, txt_, {"text_encoder_2", w_.type, w_.batch}, blocks);
    AppendConditioning(blocks);
    AppendTransformer(blocks);
    AppendAutoencoder(m_.vae, {w_.width, w_.height, w_.type}, blocks);
  }

 private:
  double Rows(double tokens) const { return w_.batch * tokens; }
  // Of `count` values for each of `rows` of every image.
  uint64_t Bytes(double rows, double count) const {
    return static_cast<uint64_t>(w_.batch * rows * count * element_);
  }

  // Its rows are the steps of a schedule, so it is bound by reading its weights.
  void AppendConditioning(std::vector<BlockProfile>* blocks) const {
    const double steps = w_.steps;
    const double width = static_cast<double>(FluxModulationOffsets(m_.flux).Width());
    const auto list = MakeFluxConditioning(m_.flux);
    AppendComponent(list.Weights(),
                    {.name = "conditioning",
                     .phase = Phase::kTextEncoder,
                     .type = w_.type,
                     .rows = [=, this](const BlockWeights&, const Slot&) { return Rows(steps); },
                     .finish =
                         [=, this](const BlockWeights&, BlockProfile* b) {
                           b->boundary_bytes = Bytes(steps, width + m_.flux.hidden);
                           b->activation_bytes = Bytes(steps, width + 3.0 * m_.flux.hidden);
                         }},
                    blocks);
  }

  void AppendTransformer(std::vector<BlockProfile>* blocks) const {
    const FluxParams& p = m_.flux;
    const double all = static_cast<double>(img_ + txt_);
    const double width = static_cast<double>(FluxModulationOffsets(p).Width());
    // Positions and the rotary table are float32, and one for all images.
    const uint64_t shared = static_cast<uint64_t>(4 * (all * p.hidden / p.heads + 3 * all));
    const uint64_t state = shared + Bytes(all, p.hidden) + Bytes(1, width);
    const auto list = MakeFlux(p);
    AppendComponent(list.Weights(),
                    {.name = "transformer",
                     .phase = Phase::kDenoiser,
                     .type = w_.type,
                     .fp8 = w_.fp8_weights,
                     .rows =
                         [=, this](const BlockWeights& block, const Slot& slot) {
                           if (In(slot.key, "txt_")) return Rows(txt_);
                           return In(block.name, "single") ? Rows(all) : Rows(img_);
                         },
                     .finish =
                         [=, this](const BlockWeights& block, BlockProfile* b) {
                           b->boundary_bytes = state;
                           b->activation_bytes = state + Activations(block.name, all);
                           if (!In(block.name, "_blocks")) return;
                           b->attention_flops = 4 * Rows(all) * all * p.hidden;
                           b->exchange_bytes = Bytes(all, 4.0 * p.hidden);
                         }},
                    blocks);
  }

  // Beside the state, in widths of the hidden size: what a block holds at its peak.
  uint64_t Activations(const std::string& block, double all) const {
    const double hidden = static_cast<double>(m_.flux.hidden);
    const double mlp = static_cast<double>(m_.flux.mlp_ratio);
    if (In(block, "double_blocks")) {
      // Joint qkv, q, k, v, their attention; two residuals; the image's MLP and its output.
      return Bytes(all, hidden * (3 + 3 + 1 + 2)) + Bytes(img_, hidden * (mlp + 1));
    }
    if (In(block, "single_blocks")) {
      // The normed input; q, k, v; attention beside the MLP, then the output and the sum.
      return Bytes(all, hidden * (1 + 3 + 1 + mlp + 2));
    }
    return Bytes(all, 2 * hidden);
  }

  const FluxArchitecture& m_;
  const Workload& w_;
  const uint64_t element_;
  const int64_t img_;  // tokens
  const int txt_;
};

}  // namespace

placement::ModelProfile ProfileFlux(const std::string& name, const FluxArchitecture& model,
                                    const Workload& work) {
  placement::ModelProfile profile;
  profile.model = name;
  profile.width = work.width;
  profile.height = work.height;
  profile.batch = work.batch;
  profile.steps = work.steps;
  profile.workspace_bytes = work.workspace_bytes;
  FluxProfiler(model, work).Append(&profile.blocks);
  return profile;
}

}  // namespace hanga
