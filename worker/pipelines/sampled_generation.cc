// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/sampled_generation.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/digest.h"
#include "worker/pipelines/request_check.h"
#include "worker/pipelines/saved_generation.h"
#include "worker/pipelines/torch_errors.h"

namespace hanga {
namespace {

std::string IdentityOf(const std::string& fingerprint, const GenerationRequest& request) {
  return Sha256().Update(fingerprint).Update(CanonicalText(request)).Finish();
}

}  // namespace

absl::Status CheckBatch(absl::Span<Generation* const> batch) {
  for (const Generation* generation : batch) {
    if (generation->done()) return absl::FailedPreconditionError("the generation has no step left");
    if (generation->batch_key() != batch.front()->batch_key()) {
      return absl::FailedPreconditionError(
          absl::StrCat("generations of ", batch.front()->batch_key(), " and ",
                       generation->batch_key(), " cannot step as one batch"));
    }
  }
  return absl::OkStatus();
}

absl::Status AdvanceTogether(absl::Span<SampledGeneration* const> batch, const at::Tensor& outputs,
                             SamplerStep step) {
  struct Before {
    SamplerState sampler;
    std::string noise;
  };
  std::vector<Before> before;
  std::vector<at::Tensor> latents, denoised;
  for (const SampledGeneration* g : batch) before.push_back({g->sampler->Save(), g->noise->Save()});
  const absl::Status stepped = RunGuarded("sampler", [&] {
    for (size_t i = 0; i < batch.size(); ++i) {
      const at::Tensor output = outputs.narrow(0, static_cast<int64_t>(i), 1);
      denoised.push_back(batch[i]->sampler->Denoised(output, batch[i]->latents));
      latents.push_back(step(i, output));
    }
  });
  for (size_t i = 0; i < batch.size(); ++i) {
    SampledGeneration& g = *batch[i];
    if (stepped.ok()) {
      g.latents = std::move(latents[i]);
      g.denoised = std::move(denoised[i]);
    } else {
      g.sampler->Restore(before[i].sampler).IgnoreError();
      g.noise->Restore(before[i].noise).IgnoreError();
    }
  }
  return stepped;
}

absl::StatusOr<std::string> SaveSampled(const SampledGeneration& g,
                                        const std::string& fingerprint) {
  std::string bytes;
  const absl::Status status = RunGuarded("checkpoint", [&] {
    const SamplerState sampler = g.sampler->Save();
    bytes = EncodeSaved({IdentityOf(fingerprint, g.request), sampler.step, g.latents,
                         sampler.history, g.noise->Save()});
  });
  if (!status.ok()) return status;
  return bytes;
}

absl::Status RestoreSampled(std::string_view checkpoint, const std::string& fingerprint,
                            at::IntArrayRef shape, at::Device device, SampledGeneration* g) {
  const absl::StatusOr<SavedGeneration> saved = DecodeSaved(checkpoint);
  if (!saved.ok()) return saved.status();
  bool fits =
      saved->identity == IdentityOf(fingerprint, g->request) && saved->latents.sizes() == shape;
  for (const at::Tensor& tensor : saved->history) fits = fits && tensor.sizes() == shape;
  if (!fits) return absl::InvalidArgumentError("checkpoint: it is of another request or model");
  SamplerState sampler = {saved->step, {}};
  const absl::Status moved = RunGuarded("checkpoint", [&] {
    g->latents = saved->latents.to(device);
    for (const at::Tensor& tensor : saved->history) sampler.history.push_back(tensor.to(device));
  });
  if (!moved.ok()) return moved;
  if (absl::Status status = g->sampler->Restore(sampler); !status.ok()) return status;
  return g->noise->Restore(saved->noise);
}

}  // namespace hanga
