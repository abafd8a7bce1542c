// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The layouts in which FLUX.1 and its parts are found, each with its map to Hanga's keys.
#pragma once

#include "absl/types/span.h"
#include "worker/weights/key_map.h"

namespace hanga {

// To BFL's names ("double_blocks.0.img_attn.qkv.weight"): BFL single files, bare or under
// "model.diffusion_model."; diffusers FluxTransformer2DModel.
absl::Span<const KeyMap> FluxTransformerKeyMaps();

// To transformers' names ("text_model.encoder.layers.0..."): folders, ComfyUI's clip_l, combined
// checkpoints of FLUX and of every Stable Diffusion (its first text encoder).
absl::Span<const KeyMap> ClipTextKeyMaps();

// To transformers' names ("encoder.block.0...", "shared.weight"): folders, ComfyUI's t5xxl,
// combined checkpoints.
absl::Span<const KeyMap> T5EncoderKeyMaps();

// To diffusers' AutoencoderKL ("decoder.up_blocks.0..."): folders of any age; LDM and BFL files
// ("decoder.up.3..."), bare or under "vae." or "first_stage_model.".
absl::Span<const KeyMap> AutoencoderKeyMaps();

}  // namespace hanga
