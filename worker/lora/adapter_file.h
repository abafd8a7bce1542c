// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// An adapter's file, sorted by the modules that it changes. Layouts differ in how they call a
// module and the tensors of one: kohya's scripts, PEFT and diffusers, BFL, XLabs, LyCORIS.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// What a tensor is to its module.
enum class AdapterRole {
  kDown,  // LoRA (arXiv:2106.09685): up · down, for convolutions up · mid · down
  kMid,
  kUp,
  kUpBias,
  kAlpha,      // scale times rank
  kMagnitude,  // DoRA (arXiv:2402.09353)
  kHada1A,     // LoHa (arXiv:2108.06098): (1A · 1B) ∘ (2A · 2B), with cores T1, T2
  kHada1B,
  kHadaT1,
  kHada2A,
  kHada2B,
  kHadaT2,
  kKron1,  // LoKr (arXiv:2309.14859): 1 ⊗ 2, each whole or as A · B, 2 with a core
  kKron1A,
  kKron1B,
  kKron2,
  kKron2A,
  kKron2B,
  kKronT2,
  kDifference,      // is added to the weight
  kBiasDifference,  // is added to the bias
  kValue,           // stands in for a weight that the name tells in full
};

struct AdapterModule {
  std::string name;  // as the file calls it, prefix included
  std::map<AdapterRole, StoredTensor> parts;
  std::optional<double> alpha;  // where the file's header says it

  const StoredTensor* Find(AdapterRole role) const {
    const auto found = parts.find(role);
    return found == parts.end() ? nullptr : &found->second;
  }
};

// The modules in the order of their names. INVALID_ARGUMENT: the file holds no adapter, one of a
// kind that is not known (OFT, …), or a header that says nonsense.
absl::StatusOr<std::vector<AdapterModule>> ReadAdapterModules(const TensorSource& file);

}  // namespace hanga
