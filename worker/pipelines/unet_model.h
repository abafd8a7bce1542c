// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stable Diffusion 1, 2, XL and its refiner: a UNet and one or two CLIP text encoders.
#pragma once

#include <memory>

#include "worker/models/unet.h"
#include "worker/pipelines/clip_text.h"
#include "worker/pipelines/latent_model.h"

namespace hanga {

// The parameters of a UNet whose checkpoint has no configuration, from its shapes. `source` has
// Hanga's keys. FAILED_PRECONDITION: they do not tell enough.
absl::StatusOr<UnetParams> DeduceUnetParams(const TensorSource& source);

class UnetModel final : public LatentModel {
 public:
  ~UnetModel() override { DropWeights(); }
  // FAILED_PRECONDITION or INVALID_ARGUMENT names the component and what is wrong with it.
  static absl::StatusOr<std::unique_ptr<LatentModel>> Open(const ModelLayout& layout);

  SamplerKind sampler_kind() const override { return SamplerKind::kDiffusion; }
  bool takes_mask() const override;
  void Describe(ModelFacts* facts) const override;
  absl::Status UseInversions(const Inversions& inversions) override;
  absl::StatusOr<Conditioning> Encode(const GenerationRequest& request, bool negative) override;
  absl::StatusOr<at::Tensor> Predict(const at::Tensor& x, const at::Tensor& timesteps,
                                     const Conditioning& rows) override;
  std::vector<const PromptCache*> prompt_caches() const override;

  Row DenoiserInput(const at::Tensor& x, const at::Tensor& timesteps,
                    const Conditioning& rows) const override;
  at::Tensor DenoiserOutput(Row row, const at::Tensor& x) const override;
  std::string denoiser() const override { return "unet"; }
  LatentArchitecture Architecture() const override;

 private:
  std::vector<Network> Networks() const override;
  UnetState StateBefore(const at::Tensor& x, const at::Tensor& timesteps,
                        const Conditioning& rows) const;
  bool is_xl() const { return params_.added_dim > 0; }
  absl::Status OpenNetworks(const ModelLayout& layout);
  absl::Status CountSizes();
  // What XL's encoders, or its refiner's one, make of a prompt, `hidden` layers from the last.
  absl::StatusOr<ClipText> EncodeXl(const GenerationRequest& request, const std::string& prompt,
                                    const std::string& prompt_2, int hidden);

  UnetParams params_;
  BlockList<UnetState> unet_;
  std::unique_ptr<ClipTextEncoder> text_, text_2_;  // the refiner of XL has the second alone
  bool takes_score_ = false;                        // aesthetic, in place of the target's size
  bool zeros_for_no_negative_ = false;
};

}  // namespace hanga
