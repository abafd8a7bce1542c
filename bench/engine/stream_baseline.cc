// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/stream.h"
#include "worker/profile/flux_profile.h"
#include "worker/residency/step_graphs.h"

namespace hanga::bench {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

constexpr int64_t kLinkBytes = int64_t{1} << 30;
constexpr int64_t kLargestWeightBytes = int64_t{4} * 21504 * 3072;  // linear1 of a single block

// What the allocator holds of the device, used or not: what no other process can have.
auto Reserved() { return allocator::getDeviceStats(0).reserved_bytes[0]; }

placement::Topology TopologyOf(const LinkRates& link, const LinkRates& donor_link, int donor) {
  cudaDeviceProp properties;
  cudaGetDeviceProperties(&properties, 0);
  placement::Device device;
  device.name = "cuda:0";
  device.model = properties.name;
  device.total_bytes = properties.totalGlobalMem;
  device.matmul_flops = device.attention_flops = 1e14;  // blocks are timed, so neither is used
  device.pinned_bytes_per_second = device.pageable_bytes_per_second = link.alone;
  device.to_host_bytes_per_second = link.alone;
  device.while_computing = std::min(1.0, link.while_computing / link.alone);
  placement::Topology topology;
  topology.name = "this machine";
  topology.host.total_bytes = topology.host.free_bytes = uint64_t{1} << 40;
  topology.host.file_bytes_per_second = 1e9;
  topology.devices = {device};
  if (donor < 0) return topology;
  device.name = absl::StrCat("cuda:", donor);
  topology.devices.push_back(device);
  for (const bool there : {false, true}) {
    placement::Link between{device.name, "cuda:0", placement::LinkKind::kNvlink, donor_link.alone,
                            10e-6};
    if (there) std::swap(between.from, between.to);
    topology.links.push_back(between);
  }
  return topology;
}

// The transformer alone, as text encoders and VAE have no part in a step.
placement::ModelProfile ProfileOf(const Options& o, uint64_t activation_bytes) {
  Workload work;
  work.width = static_cast<int>(o.width);
  work.height = static_cast<int>(o.height);
  work.batch = static_cast<int>(o.batch);
  work.text_tokens = static_cast<int>(o.text_tokens);
  placement::ModelProfile profile = ProfileFlux("FLUX.1-dev", {}, work);
  std::erase_if(profile.blocks, [](const placement::BlockProfile& block) {
    return block.phase != placement::Phase::kDenoiser;
  });
  for (placement::BlockProfile& block : profile.blocks) block.activation_bytes = activation_bytes;
  return profile;
}

// Each block's share of the step: kinds are timed alone, and scaled to the whole step's time.
void AddMeasuredTimes(const BlockList<FluxState>& blocks, const FluxState& inputs, double step_ms,
                      const std::string& device, placement::ModelProfile* profile) {
  FluxState s = inputs;
  std::map<std::string, double> kinds;
  double sum = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string kind = blocks[i].name.substr(0, blocks[i].name.find('.'));
    if (!kinds.contains(kind)) {
      const FluxState before = s;
      kinds[kind] = Median(DeviceMilliseconds(2, 8, [&] {
        s = before;
        blocks[i].run(s);
      }));
    } else {
      blocks[i].run(s);
    }
    profile->blocks[i].measured_seconds[device] = kinds[kind];
    sum += kinds[kind];
  }
  for (placement::BlockProfile& block : profile->blocks) {
    block.measured_seconds[device] *= step_ms / sum / 1e3;
  }
}

}  // namespace

absl::Status RandomWeights::Read(const Slot& slot, const at::Tensor& to) const {
  static at::Generator generator = at::cuda::detail::createCUDAGenerator(0);
  generator.set_current_seed(std::hash<std::string>()(slot.key));
  const bool matrix = slot.shape.size() > 1;
  // One place for the values of all: what came and went would leave holes for weights to lie in.
  static const auto* scratch = new at::Tensor(
      at::empty({kLargestWeightBytes}, at::device(at::Device(at::kCUDA, 0)).dtype(at::kByte)));
  const int64_t bytes = slot.Elements() * static_cast<int64_t>(c10::elementSize(to.scalar_type()));
  if (bytes > kLargestWeightBytes)
    return absl::InternalError(slot.key + " is larger than any of FLUX");
  to.copy_(scratch->narrow(0, 0, bytes)
               .view(to.scalar_type())
               .view(slot.shape)
               .normal_(matrix ? 0.0 : 1.0, 0.02, generator));
  return absl::OkStatus();
}

LinkRates MeasureLink(at::Device from) {
  const auto bytes = at::device(at::Device(at::kCUDA, 0)).dtype(at::kByte);
  auto source = at::zeros({kLinkBytes}, at::device(from).dtype(at::kByte));
  if (from.is_cpu()) source = source.pin_memory();
  auto device = at::empty({kLinkBytes}, bytes);
  const auto copy = [&] { device.copy_(source, /*non_blocking=*/true); };
  LinkRates rates;
  rates.alone = kLinkBytes / Median(DeviceMilliseconds(2, 7, copy)) * 1e3;

  const auto a = at::randn({4608, 3072}, bytes.dtype(at::kBFloat16));
  const auto b = at::randn({3072, 21504}, bytes.dtype(at::kBFloat16));
  auto product = at::empty({4608, 21504}, a.options());
  const auto compute = c10::cuda::getCurrentCUDAStream();
  const auto copies = c10::cuda::getStreamFromPool(true);
  for (int i = 0; i < 60; ++i) at::mm_out(product, a, b);  // about 60 ms, longer than two copies
  {
    const c10::cuda::CUDAStreamGuard guard(copies);
    rates.while_computing = kLinkBytes / Median(DeviceMilliseconds(0, 1, copy)) * 1e3;
  }
  compute.synchronize();
  return rates;
}

void RunPass(const BlockList<FluxState>& blocks, ResidentBlocks& weights, FluxState& state) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    weights.Acquire(i);
    blocks[i].run(state);
    weights.Release(i);
  }
}

absl::StatusOr<Baseline> MeasureBaseline(BlockList<FluxState>& blocks, const FluxState& inputs,
                                         const Options& o, HostBudget* host) {
  Baseline baseline;
  baseline.link = MeasureLink();
  if (o.donor >= 0) {
    baseline.donor_link =
        MeasureLink(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(o.donor)));
  }
  DeviceBudget budget("cuda:0", UINT64_MAX);
  auto weights = ResidentBlocks::Load(
      "transformer", blocks.Weights(), {std::vector<Tier>(blocks.size(), Tier::kDevice), 0, true},
      std::make_shared<RandomWeights>(), at::kBFloat16, {at::Device(at::kCUDA, 0), &budget, host});
  if (!weights.ok()) return weights.status();
  if (absl::Status opened = (*weights)->Open(); !opened.ok()) return opened;
  baseline.weight_bytes = budget.used_bytes();

  FluxState state;
  const auto step = [&] {
    state = inputs;
    RunPass(blocks, **weights, state);
  };
  step();  // libraries take their workspaces
  state = FluxState();
  allocator::emptyCache();
  const auto before = static_cast<uint64_t>(Reserved().current);
  allocator::resetPeakStats(0);
  for (int i = 0; i < 3; ++i) step();  // beside the result of the one before
  baseline.activation_bytes = static_cast<uint64_t>(Reserved().peak) - before;
  baseline.resident_ms = Median(DeviceMilliseconds(2, o.runs, step));
  baseline.prediction = state.img.clone();
  StepGraphs graphs;
  std::vector<at::Tensor*> tensors;
  state.ForEachTensor([&](at::Tensor& t) { tensors.push_back(&t); });
  baseline.resident_graph_ms = Median(DeviceMilliseconds(4, o.runs, [&] {
    state = inputs;
    graphs.Run("flux", tensors, [&] { blocks.Run(state); });
  }));

  baseline.topology = TopologyOf(baseline.link, baseline.donor_link, o.donor);
  baseline.profile = ProfileOf(o, baseline.activation_bytes);
  AddMeasuredTimes(blocks, inputs, baseline.resident_ms, baseline.topology.devices[0].model,
                   &baseline.profile);
  return baseline;
}

}  // namespace hanga::bench
