// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/profile/topology_probe.h"

namespace hanga {
namespace {

constexpr int64_t kCopyBytes = int64_t{256} << 20;
constexpr int kRuns = 3;

// The best of a few runs on a stream, after one that does not count.
double Seconds(c10::cuda::CUDAStream stream, const std::function<void()>& work) {
  const c10::cuda::CUDAStreamGuard guard(stream);
  cudaEvent_t begin, end;
  C10_CUDA_CHECK(cudaEventCreate(&begin));
  C10_CUDA_CHECK(cudaEventCreate(&end));
  float best = 1e30f;
  for (int i = 0; i <= kRuns; ++i) {
    C10_CUDA_CHECK(cudaEventRecord(begin, stream));
    work();
    C10_CUDA_CHECK(cudaEventRecord(end, stream));
    C10_CUDA_CHECK(cudaEventSynchronize(end));
    float milliseconds = 0;
    C10_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
    if (i > 0) best = std::min(best, milliseconds);
  }
  C10_CUDA_CHECK(cudaEventDestroy(begin));
  C10_CUDA_CHECK(cudaEventDestroy(end));
  return best / 1e3;
}

// Sizes of a large transformer's layers, where products and attention run at their best.
void MeasureCompute(placement::Device* device) {
  const auto stream = c10::cuda::getCurrentCUDAStream();
  const auto half = at::device(at::Device(at::kCUDA, stream.device_index())).dtype(at::kBFloat16);
  const int64_t rows = 4096, inner = 3072, columns = 12288;
  const double flops = 2.0 * rows * inner * columns;
  const auto a = at::randn({rows, inner}, half), b = at::randn({inner, columns}, half);
  auto product = at::empty({rows, columns}, half);
  device->matmul_flops = flops / Seconds(stream, [&] { at::mm_out(product, a, b); });
  {
    const auto c = a.to(at::kFloat), d = b.to(at::kFloat);
    auto sums = at::empty({rows, columns}, c.options());
    device->matmul_fp32_flops = flops / Seconds(stream, [&] { at::mm_out(sums, c, d); });
  }
  const auto q = at::randn({1, 24, rows, 128}, half);
  device->attention_flops = 4.0 * rows * rows * 24 * 128 /
                            Seconds(stream, [&] { at::scaled_dot_product_attention(q, q, q); });
  const auto from = at::zeros({kCopyBytes}, half.dtype(at::kByte));
  auto to = at::empty_like(from);
  device->memory_bytes_per_second = 2.0 * kCopyBytes / Seconds(stream, [&] { to.copy_(from); });
}

void MeasureCopies(placement::Device* device) {
  const auto compute = c10::cuda::getCurrentCUDAStream();
  const auto copies = c10::cuda::getStreamFromPool(true, compute.device_index());
  const at::Device gpu(at::kCUDA, compute.device_index());
  const auto bytes = at::device(at::kCPU).dtype(at::kByte);
  auto pageable = at::zeros({kCopyBytes}, bytes);
  auto pinned = at::zeros({kCopyBytes}, bytes).pin_memory();
  auto there = at::zeros({kCopyBytes}, bytes.device(gpu));
  const auto rate = [&](at::Tensor& to, const at::Tensor& from) {
    return kCopyBytes / Seconds(copies, [&] { to.copy_(from, /*non_blocking=*/true); });
  };
  device->pinned_bytes_per_second = rate(there, pinned);
  device->pageable_bytes_per_second = rate(there, pageable);
  device->to_host_bytes_per_second = rate(pinned, there);

  const auto a = at::randn({4096, 3072}, at::device(gpu).dtype(at::kBFloat16));
  const auto b = at::randn({3072, 12288}, a.options());
  auto product = at::empty({4096, 12288}, a.options());
  for (int i = 0; i < 200; ++i) at::mm_out(product, a, b);  // longer than the copies beside it
  device->while_computing = std::min(1.0, rate(there, pinned) / device->pinned_bytes_per_second);
  compute.synchronize();
}

}  // namespace

int ProbedGpuCount() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

absl::Status MeasureGpu(int index, placement::Device* device) {
  try {
    const c10::InferenceMode inference;
    const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
    MeasureCompute(device);
    MeasureCopies(device);
    c10::cuda::CUDACachingAllocator::emptyCache();
    return absl::OkStatus();
  } catch (const c10::OutOfMemoryError&) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cuda:", index, " has not the 1 GiB free that measuring it takes"));
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("cuda:", index, " cannot be measured"));
  }
}

std::string GpuIdentity(int index) {
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, index) != cudaSuccess) return "unknown";
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  std::string name = "gpu-";
  for (const char byte : properties.uuid.bytes) {
    absl::StrAppendFormat(&name, "%02x", static_cast<unsigned char>(byte));
  }
  return absl::StrCat(name, "-", driver, "-", runtime);
}

absl::Status ReadGpuMemory(int index, placement::Device* device) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
  cudaDeviceProp properties;
  size_t free = 0, total = 0;
  if (cudaGetDeviceProperties(&properties, index) != cudaSuccess ||
      cudaMemGetInfo(&free, &total) != cudaSuccess) {
    return absl::UnavailableError(absl::StrCat("cuda:", index, " does not answer"));
  }
  uint64_t held = 0;  // by this process's allocator, unused; it may not have begun
  if (c10::cuda::CUDACachingAllocator::get()->initialized()) {
    const auto stats =
        c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
    held = stats.reserved_bytes[0].current - stats.allocated_bytes[0].current;
  }
  device->model = properties.name;
  device->total_bytes = total;
  device->used_by_others_bytes = total - std::min<uint64_t>(total, free + held);
  return absl::OkStatus();
}

absl::StatusOr<placement::Link> MeasureGpuLink(int from, int to) try {
  placement::Link link;
  link.from = absl::StrCat("cuda:", from);
  link.to = absl::StrCat("cuda:", to);
  int reaches = 0;
  cudaDeviceCanAccessPeer(&reaches, to, from);
  const c10::InferenceMode inference;
  const auto bytes = at::dtype(at::kByte);
  const auto source = at::zeros(
      {kCopyBytes}, bytes.device(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(from))));
  auto target = at::empty({kCopyBytes},
                          bytes.device(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(to))));
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(from));
  link.bytes_per_second = kCopyBytes / Seconds(c10::cuda::getCurrentCUDAStream(), [&] {
                            target.copy_(source, /*non_blocking=*/true);
                          });
  link.latency_seconds = 10e-6;
  // Faster than any PCIe slot: it is NVLink.
  constexpr double kFastestPcie = 70e9;
  link.kind = !reaches                               ? placement::LinkKind::kHost
              : link.bytes_per_second > kFastestPcie ? placement::LinkKind::kNvlink
                                                     : placement::LinkKind::kPcie;
  return link;
} catch (const std::exception&) {
  return absl::UnavailableError(
      absl::StrCat("the link from cuda:", from, " to cuda:", to, " cannot be measured"));
}

}  // namespace hanga
