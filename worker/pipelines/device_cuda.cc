// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <atomic>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "worker/pipelines/device.h"

namespace hanga {
namespace {

std::string FormatUuid(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    absl::StrAppendFormat(&text, "%02x", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

absl::Status Failed(int index, cudaError_t error) {
  return absl::UnavailableError(
      absl::StrCat("cuda:", index, " does not answer: ", cudaGetErrorString(error)));
}

constexpr int kMostGpus = 128;

// How often the allocator's limit was set, which is the process's as the allocator is.
std::atomic<uint64_t> limits[kMostGpus];

// -1: no GPU.
int IndexOf(const std::string& device) {
  absl::string_view number = device;
  int index = 0;
  const bool gpu = absl::ConsumePrefix(&number, "cuda:") && absl::SimpleAtoi(number, &index) &&
                   index >= 0 && index < kMostGpus;
  return gpu ? index : -1;
}

// What this process's allocator holds of the device.
struct Held {
  uint64_t used = 0, unused = 0;  // bytes
};

Held HeldOf(int index) {
  if (!c10::cuda::CUDACachingAllocator::get()->initialized()) return {};
  const auto stats =
      c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
  const auto reserved = static_cast<uint64_t>(stats.reserved_bytes[0].current);
  const auto used = static_cast<uint64_t>(stats.allocated_bytes[0].current);
  return {used, reserved - std::min(reserved, used)};
}

}  // namespace

int GpuCount() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

absl::StatusOr<GpuFacts> QueryGpu(int index) {
  if (const int count = GpuCount(); index < 0 || index >= count) {
    return absl::NotFoundError(
        absl::StrCat("device: cuda:", index, " does not exist; GPUs found: ", count));
  }
  cudaDeviceProp properties;
  if (const cudaError_t e = cudaGetDeviceProperties(&properties, index); e != cudaSuccess) {
    return Failed(index, e);
  }
  size_t free = 0, total = 0;
  if (const cudaError_t e = cudaSetDevice(index); e != cudaSuccess) return Failed(index, e);
  if (const cudaError_t e = cudaMemGetInfo(&free, &total); e != cudaSuccess) {
    return Failed(index, e);
  }
  const Held held = HeldOf(index);
  return GpuFacts{.model = properties.name,
                  .uuid = FormatUuid(properties.uuid),
                  .memory_bytes = total,
                  .free_bytes = free + held.unused,
                  .held_bytes = held.used};
}

uint64_t LimitGpuMemory(const std::string& device, uint64_t bytes, uint64_t own_bytes) {
  const int index = IndexOf(device);
  if (index < 0) return 0;
  const absl::StatusOr<GpuFacts> facts = QueryGpu(index);
  if (!facts.ok()) return 0;
  at::globalContext().lazyInitDevice(at::kCUDA);  // nothing may have been allocated yet
  auto* allocator = c10::cuda::CUDACachingAllocator::get();
  const auto gpu = static_cast<c10::DeviceIndex>(index);
  const auto used =
      static_cast<uint64_t>(allocator->getDeviceStats(gpu).allocated_bytes[0].current);
  const uint64_t others = used - std::min(used, own_bytes);
  const double share =
      static_cast<double>(others + bytes) / static_cast<double>(facts->memory_bytes);
  allocator->setMemoryFraction(std::min(1.0, share), gpu);
  return ++limits[index];
}

uint64_t GpuMemoryLimit(const std::string& device) {
  const int index = IndexOf(device);
  return index < 0 ? 0 : limits[index].load();
}

void ReleaseUnusedGpuMemory() {
  if (c10::cuda::CUDACachingAllocator::get()->initialized()) {
    c10::cuda::CUDACachingAllocator::emptyCache();
  }
}

}  // namespace hanga
