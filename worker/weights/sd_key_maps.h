// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The layouts in which Stable Diffusion's networks are found, each with its map to Hanga's keys.
#pragma once

#include "absl/types/span.h"
#include "worker/weights/key_map.h"

namespace hanga {

// To diffusers' UNet2DConditionModel ("down_blocks.0.resnets.0..."): folders; LDM and SGM single
// files ("input_blocks.1.0..."), bare or under "model.diffusion_model.".
absl::Span<const KeyMap> UnetKeyMaps();

// To the original names ("joint_blocks.0.x_block.attn.qkv.weight"): single files, bare or under
// "model.diffusion_model."; diffusers SD3Transformer2DModel.
absl::Span<const KeyMap> Sd3TransformerKeyMaps();

// To transformers' names: folders; what stands for a pipeline's second CLIP encoder in SDXL and SD3
// single files, under OpenCLIP's names or transformers'.
absl::Span<const KeyMap> SecondClipKeyMaps();

}  // namespace hanga
