// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_preview.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "worker/pipelines/pixels.h"

namespace hanga {
namespace {

TEST(LatentPreviewTest, RecoversALinearAutoencoder) {
  at::Tensor mixing = at::eye(3) + 0.3 * at::ones({3, 3});
  const auto mean = [&](const at::Tensor& image) {
    return at::einsum("ck,bkhw->bchw", {mixing, at::avg_pool2d(image, 4)}) + 0.25;
  };
  AutoencoderParams vae;
  vae.channels = {1, 1, 1}, vae.scaling_factor = 1.5, vae.shift_factor = 0.1;
  const auto preview = LatentPreview::Fit(vae, [&](const at::Tensor& image) {
    return absl::StatusOr<at::Tensor>(at::cat({mean(image), at::zeros_like(mean(image))}, 1));
  });
  ASSERT_TRUE(preview.ok());
  const at::Tensor image = at::linspace(-0.9, 0.9, 3).view({1, 3, 1, 1}).expand({1, 3, 8, 8});
  const at::Tensor seen = preview->Project(((mean(image) - 0.1) * 1.5)[0]).to(at::kFloat);
  const at::Tensor wanted = ToBytes(at::avg_pool2d(image, 4)[0]).to(at::kFloat);
  EXPECT_LE((seen - wanted).abs().max().item<float>(), 2);
}

}  // namespace
}  // namespace hanga
