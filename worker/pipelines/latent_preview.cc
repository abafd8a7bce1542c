// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_preview.h"

#include <ATen/ATen.h>

#include <cmath>

#include "worker/pipelines/pixels.h"
#include "worker/pipelines/torch_errors.h"

namespace hanga {
namespace {

constexpr int64_t kCells = 32;  // the card is kCells x 2 * kCells latent pixels
constexpr int64_t kPatch = 4;   // side of a patch of plain color, in latent pixels

// All mixtures of four levels of red, green and blue, in an order without neighbors of one hue.
// Colors are muted as those of most pictures are: a map fitted to full ones exaggerates.
at::Tensor PatchColors() {
  std::vector<float> colors;
  for (int64_t i = 0; i < 64; ++i) {
    const int64_t k = i * 37 % 64;
    for (const int64_t level : {k / 16, k / 4 % 4, k % 4}) {
      colors.push_back(0.5f * (static_cast<float>(level) / 1.5f - 1));
    }
  }
  return at::tensor(colors).view({8, 8, 3});
}

// [1, 3, kCells * factor, 2 * kCells * factor]: patches on the left; on the right gradients with
// ripples, so that brightness is told from texture.
at::Tensor TestCard(int64_t factor) {
  const int64_t side = kCells * factor, patch = kPatch * factor;
  const at::Tensor patches =
      PatchColors().repeat_interleave(patch, 0).repeat_interleave(patch, 1).permute({2, 0, 1});
  const at::Tensor t = at::linspace(-1, 1, side);
  const at::Tensor x = t.unsqueeze(0).expand({side, side}), y = t.unsqueeze(1).expand({side, side});
  const at::Tensor ripple = 0.3 * at::sin(300 * x) * at::sin(210 * y);
  const at::Tensor gradients = at::stack({0.7 * x, 0.7 * y, 0.7 * at::cos(4 * (x + y))}) + ripple;
  return at::cat({patches, gradients.clamp(-1, 1)}, 2).unsqueeze(0);
}

at::Tensor WithConstant(const at::Tensor& rows) {
  return at::cat({rows, at::ones({rows.size(0), 1}, rows.options())}, 1);
}

}  // namespace

absl::StatusOr<LatentPreview> LatentPreview::Fit(const AutoencoderParams& vae,
                                                 const EncodeMoments& encode) {
  const int64_t factor = vae.factor();
  at::Tensor card, weights;
  absl::Status status = RunGuarded("preview", [&] { card = TestCard(factor); });
  if (!status.ok()) return status;
  const absl::StatusOr<at::Tensor> moments = encode(card);
  if (!moments.ok()) return moments.status();
  status = RunGuarded("preview", [&] {
    const at::Tensor latents =
        (LatentDistribution(*moments).mean - vae.shift_factor) * vae.scaling_factor;
    const at::Tensor wanted = at::avg_pool2d(card, factor)[0].flatten(1).t().to(at::kDouble);
    const at::Tensor x = WithConstant(latents[0].flatten(1).t().to(at::kCPU, at::kDouble));
    // A little ridge: channels that the card does not stir stay out of the picture.
    const at::Tensor ridge =
        1e-3 * static_cast<double>(x.size(0)) * at::eye(x.size(1), x.options());
    weights = at::linalg_solve(x.t().matmul(x) + ridge, x.t().matmul(wanted)).to(at::kFloat);
  });
  if (!status.ok()) return status;
  return LatentPreview(weights);
}

at::Tensor LatentPreview::Project(const at::Tensor& latents) const {
  const at::Tensor rows = latents.flatten(1).t().to(at::kCPU, at::kFloat);
  const at::Tensor colors = WithConstant(rows).matmul(weights_);
  return ToBytes(colors.t().reshape({3, latents.size(1), latents.size(2)}));
}

}  // namespace hanga
