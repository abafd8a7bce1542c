// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/model_part.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/digest.h"
#include "worker/weights/checkpoint.h"
#include "worker/weights/loader.h"

namespace hanga {

absl::Status InComponent(const std::string& component, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(component, ": ", status.message()));
}

absl::StatusOr<TensorSource> OpenComponent(const ModelLayout& layout, const std::string& name,
                                           absl::Span<const KeyMap> maps) {
  const ComponentFiles& files = layout.parts.at(name);
  const absl::StatusOr<TensorSource> stored = OpenCheckpoint(files.weights);
  if (!stored.ok()) return InComponent(name, stored.status());
  absl::StatusOr<TensorSource> mapped = ApplyMatchingKeyMap(maps, *stored);
  if (mapped.ok()) return mapped;
  if (!files.assumed) return InComponent(name, mapped.status());
  return absl::FailedPreconditionError(absl::StrCat(
      "components.", name, ": the checkpoint does not hold it; give its file or folder"));
}

uint64_t ParametersOf(absl::Span<const ModelPart> parts) {
  uint64_t total = 0;
  for (const ModelPart& part : parts) total += CountWeights(part.blocks).parameters;
  return total;
}

uint64_t StoredBytesOf(absl::Span<const ModelPart> parts) {
  uint64_t total = 0;
  for (const ModelPart& part : parts) total += part.source.bytes();
  return total;
}

std::string FingerprintOf(absl::Span<const ModelPart> parts) {
  constexpr size_t kSampleBytes = 64;
  Sha256 digest;
  for (const ModelPart& part : parts) {
    for (const auto& [key, tensor] : part.source.tensors()) {
      digest.Update(absl::StrCat(part.name, "\n", key, "\n", DescribeTensor(tensor), "\n"));
      if (tensor.pieces.empty()) continue;
      const auto& bytes = tensor.pieces.front().bytes;
      digest.Update(std::string_view(reinterpret_cast<const char*>(bytes.data()),
                                     std::min(kSampleBytes, bytes.size())));
    }
  }
  return digest.Finish();
}

}  // namespace hanga
