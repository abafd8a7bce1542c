// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Feeds the safetensors reader with whatever libFuzzer thinks of. An accepted file must have all
// its tensors within its bytes.
#include <cstdint>
#include <cstdlib>

#include "worker/weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::Span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const auto source = hanga::ParseSafetensors("fuzz", file, nullptr);
  if (!source.ok()) return 0;
  for (const auto& [key, tensor] : source->tensors()) {
    for (const hanga::TensorPiece& piece : tensor.pieces) {
      if (piece.bytes.empty()) continue;
      const bool inside = piece.bytes.data() >= file.data() &&
                          piece.bytes.data() + piece.bytes.size() <= file.data() + size;
      if (!inside) std::abort();
    }
  }
  return 0;
}
