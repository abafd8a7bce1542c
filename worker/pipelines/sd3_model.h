// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stable Diffusion 3 and 3.5: a joint transformer, two CLIP text encoders and T5.
#pragma once

#include <memory>

#include "worker/models/sd3.h"
#include "worker/models/t5.h"
#include "worker/pipelines/clip_text.h"
#include "worker/pipelines/latent_model.h"
#include "worker/tokenizers/t5_tokenizer.h"

namespace hanga {

// The parameters of a transformer whose checkpoint has no configuration, from its shapes. `source`
// has Hanga's keys. FAILED_PRECONDITION: they do not tell enough.
absl::StatusOr<Sd3Params> DeduceSd3Params(const TensorSource& source);

class Sd3Model final : public LatentModel {
 public:
  ~Sd3Model() override { DropWeights(); }
  // FAILED_PRECONDITION or INVALID_ARGUMENT names the component and what is wrong with it.
  static absl::StatusOr<std::unique_ptr<LatentModel>> Open(const ModelLayout& layout);

  SamplerKind sampler_kind() const override { return SamplerKind::kFlow; }
  void Describe(ModelFacts* facts) const override;
  // prompt_2 is T5's, as with FLUX; both CLIP encoders read prompt.
  absl::Status UseInversions(const Inversions& inversions) override;
  absl::StatusOr<Conditioning> Encode(const GenerationRequest& request, bool negative) override;
  absl::StatusOr<at::Tensor> Predict(const at::Tensor& x, const at::Tensor& timesteps,
                                     const Conditioning& rows) override;
  std::vector<const PromptCache*> prompt_caches() const override;

  Row DenoiserInput(const at::Tensor& x, const at::Tensor& timesteps,
                    const Conditioning& rows) const override;
  at::Tensor DenoiserOutput(Row row, const at::Tensor& x) const override;
  std::string denoiser() const override { return "transformer"; }
  LatentArchitecture Architecture() const override;

 private:
  std::vector<Network> Networks() const override;
  Sd3State StateBefore(const at::Tensor& x, const at::Tensor& timesteps,
                       const Conditioning& rows) const;
  at::Tensor Unpatched(const at::Tensor& tokens, const at::Tensor& x) const;
  absl::Status OpenNetworks(const ModelLayout& layout);
  absl::Status CheckTogether() const;
  absl::StatusOr<at::Tensor> EncodeT5(const std::string& text, int length);

  Sd3Params params_;
  T5Params t5_params_;
  BlockList<Sd3State> transformer_;
  BlockList<T5State> t5_;
  std::unique_ptr<ClipTextEncoder> clip_l_, clip_g_;
  std::unique_ptr<T5Tokenizer> t5_tokenizer_;
  PromptCache t5_cache_{uint64_t{128} << 20};
};

}  // namespace hanga
