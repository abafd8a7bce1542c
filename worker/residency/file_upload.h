// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Brings weights from mapped files to a GPU as fast as its link takes them: many threads read at
// once, each into page-locked buffers of its own.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <memory>

#include "worker/residency/host_memory.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// Not thread-safe: owned by the thread that owns the device's compute.
class FileUpload {
 public:
  // Null where `host` or the system gives no page-locked memory, or there is no CUDA.
  static std::unique_ptr<FileUpload> Make(at::Device device, HostBudget* host);
  virtual ~FileUpload() = default;

  // Queues a copy of the piece to device memory, which stays where it is until Finish().
  virtual void Add(const TensorPiece& piece, std::byte* to) = 0;

  // Everything that was queued is on the device, whatever stream asks. Throws as ATen does.
  virtual void Finish() = 0;
};

}  // namespace hanga
