// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The second, larger walk of a latent generation. Enlarging is a step of its own between the two.
#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/latent_pipeline.h"

namespace hanga {
namespace {

at::Tensor Enlarged(const at::Tensor& grid, int64_t height, int64_t width,
                    SecondPass::Method method) {
  const std::vector<int64_t> size = {height, width};
  switch (method) {
    case SecondPass::Method::kNearest:
      return at::upsample_nearest2d(grid, size);
    case SecondPass::Method::kBicubic:
      return at::upsample_bicubic2d(grid, size, /*align_corners=*/false);
    case SecondPass::Method::kBilinear:
      break;
  }
  return at::upsample_bilinear2d(grid, size, /*align_corners=*/false);
}

}  // namespace

int LatentGeneration::step() const {
  const int64_t walked = sampler->step() - first_step;
  return static_cast<int>(enlarged ? first_walk + 1 + walked : walked);
}

int LatentGeneration::steps() const {
  return static_cast<int>(second_walk == 0 ? first_walk : first_walk + 1 + second_walk);
}

bool LatentGeneration::enlarges() const {
  return second_walk > 0 && !enlarged && sampler->step() == sampler->steps();
}

void LatentGeneration::UpdateKey() {
  key = absl::StrCat(
      enlarges() ? "enlarge/" : "", enlarged ? "2/" : "", request.width, "x", request.height, "/",
      request.second_pass ? request.second_pass->scale : 1, "/", text.text.size(1), "/",
      negative ? absl::StrCat(negative->text.size(1)) : "plain", ValuesKeyOf(adapters));
}

GenerationRequest LatentPipeline::SecondRequest(const GenerationRequest& first) const {
  GenerationRequest second = first;
  const int multiple = facts_.limits.size_multiple;
  const auto enlarged = [&](int side) {
    return static_cast<int>(side * first.second_pass->scale) / multiple * multiple;
  };
  second.width = enlarged(first.width);
  second.height = enlarged(first.height);
  second.steps = first.second_pass->steps;
  return second;
}

absl::StatusOr<int64_t> LatentPipeline::SecondWalk(const GenerationRequest& request,
                                                   int64_t evaluations_per_step) const {
  if (!request.second_pass) return 0;
  const SecondPass& pass = *request.second_pass;
  if (request.mask != nullptr) {
    return absl::InvalidArgumentError("second_pass: is set, but so is mask: only one may be");
  }
  const auto walked = static_cast<int64_t>(pass.steps * pass.strength);
  if (walked < 1) {
    return absl::InvalidArgumentError(absl::StrCat("second_pass.strength: ", pass.strength, " of ",
                                                   pass.steps, " steps is less than one step"));
  }
  const GenerationRequest second = SecondRequest(request);
  if (second.width <= request.width && second.height <= request.height) {
    return absl::InvalidArgumentError(
        absl::StrCat("second_pass.scale: ", pass.scale, " makes ", second.width, " x ",
                     second.height, " pixels of ", request.width, " x ", request.height));
  }
  return walked * evaluations_per_step;
}

absl::StatusOr<LatentPipeline::Walk> LatentPipeline::NewSecondWalk(
    const LatentGeneration& g) const {
  const GenerationRequest request = SecondRequest(g.request);
  absl::StatusOr<std::unique_ptr<Sampler>> sampler = NewSampler(request);
  if (!sampler.ok()) return sampler.status();
  Walk walk;
  walk.first_step = (*sampler)->steps() - g.second_walk;
  if (walk.first_step < 0) {
    return absl::InternalError("the second walk is shorter than what is to be walked");
  }
  (*sampler)->StartAt(walk.first_step);
  walk.sampler = *std::move(sampler);
  if (absl::Status used = model_->UseInversions(g.inversions); !used.ok()) return used;
  const auto bound = adapters_->BindText(g.adapters);
  if (!bound.ok()) return bound.status();
  absl::StatusOr<Conditioning> text = model_->Encode(request, /*negative=*/false);
  if (!text.ok()) return text.status();
  walk.text = *std::move(text);
  if (g.negative) {
    absl::StatusOr<Conditioning> negative = model_->Encode(request, /*negative=*/true);
    if (!negative.ok()) return negative.status();
    walk.negative = *std::move(negative);
  }
  return walk;
}

void LatentPipeline::Enter(Walk walk, LatentGeneration* g) {
  g->sampler = std::move(walk.sampler);
  g->text = std::move(walk.text);
  g->negative = std::move(walk.negative);
  g->first_step = walk.first_step;
  g->enlarged = true;
  if (walk.latents.defined()) g->latents = std::move(walk.latents);
  g->denoised = at::Tensor();
  g->UpdateKey();
}

absl::StatusOr<at::Tensor> LatentPipeline::EnlargedLatents(const LatentGeneration& g) const {
  const SecondPass& pass = *g.request.second_pass;
  const GenerationRequest second = SecondRequest(g.request);
  at::Tensor grid;
  if (!pass.pixels) {
    const int64_t factor = model_->vae().factor();
    const absl::Status made = RunGuarded("second pass", [&] {
      grid = Enlarged(g.latents, second.height / factor, second.width / factor, pass.method);
    });
    if (!made.ok()) return made;
    return grid;
  }
  const absl::StatusOr<at::Tensor> pixels = Decode(DecoderInput(g));
  if (!pixels.ok()) return pixels.status();
  const absl::Status made = RunGuarded("second pass", [&] {
    grid = Enlarged(pixels->clamp(-1, 1), second.height, second.width, pass.method).clamp(-1, 1);
  });
  if (!made.ok()) return made;
  return SampleLatents(grid, g.noise.get());
}

absl::Status LatentPipeline::Enlarge(absl::Span<LatentGeneration* const> batch) {
  std::vector<Walk> walks;
  std::vector<std::string> noises;
  absl::Status status;
  for (LatentGeneration* g : batch) {
    noises.push_back(g->noise->Save());
    absl::StatusOr<Walk> walk = NewSecondWalk(*g);
    status = walk.status();
    if (!status.ok()) break;
    const absl::StatusOr<at::Tensor> clean = EnlargedLatents(*g);
    status = clean.status();
    if (!status.ok()) break;
    status = RunGuarded("second pass", [&] {
      const at::Tensor noise = g->noise->Draw(clean->sizes()).to(device_);
      walk->latents = walk->sampler->AddNoise(*clean, noise);
    });
    if (!status.ok()) break;
    walks.push_back(*std::move(walk));
  }
  for (size_t i = 0; i < noises.size(); ++i) {
    if (status.ok()) {
      Enter(std::move(walks[i]), batch[i]);
    } else {
      batch[i]->noise->Restore(noises[i]).IgnoreError();
    }
  }
  return status;
}

}  // namespace hanga
