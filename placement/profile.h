// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a model costs, block by block, for one workload. `hanga-worker describe` writes profiles
// from the model's declaration, without reading weights; nobody writes them by hand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hanga::placement {

enum class Phase { kTextEncoder, kDenoiser, kVae };
enum class Precision { kFp32, kFp16, kFp8 };  // of the matmuls; kFp16 stands for bf16 too

struct BlockProfile {
  std::string name;       // "double_blocks.7"; unique within its component
  std::string component;  // "transformer", "text_encoder_2", "vae"
  Phase phase = Phase::kDenoiser;
  Precision precision = Precision::kFp16;
  uint64_t stored_bytes = 0;  // what travels: the weights as the file and the host keep them
  uint64_t run_bytes = 0;     // what they take on the device
  double linear_flops = 0;    // one pass, the whole batch
  double attention_flops = 0;
  uint64_t activation_bytes =
      0;                        // peak beside the weights while it runs, input and output included
  uint64_t boundary_bytes = 0;  // the State after it: what a hand-over there would carry
  uint64_t exchange_bytes =
      0;  // q, k, v and output that a split of the sequence exchanges; 0: none
  std::map<std::string, double> measured_seconds;  // device model -> one pass; overrides the FLOPs
};

struct ModelProfile {
  std::string model;
  int width = 0, height = 0, frames = 1, batch = 1;
  int steps = 1;
  int forwards_per_step = 1;         // 2: guidance whose halves are not batched
  uint64_t workspace_bytes = 0;      // libraries' workspaces, once a device
  std::vector<BlockProfile> blocks;  // in the order they run; components are contiguous

  uint64_t StoredBytes(Phase phase) const;
  uint64_t RunBytes(Phase phase) const;
};

// INVALID_ARGUMENT names the block and the field.
absl::Status Validate(const ModelProfile& profile);

// docs/formats/profile.md. Parsing is strict and validates.
absl::StatusOr<ModelProfile> ParseProfile(std::string_view json);
std::string PrintProfile(const ModelProfile& profile);

std::string_view PhaseName(Phase phase);  // "text_encoder", "denoiser", "vae"

// The same model with the matmul weights of its denoiser in fp8: half the bytes, the fp8 rate.
ModelProfile WithFp8Denoiser(const ModelProfile& profile);

}  // namespace hanga::placement
