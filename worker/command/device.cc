// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/command/device.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "worker/agent/host_memory.h"
#include "worker/pipelines/device.h"

namespace hanga {
namespace {

constexpr int kMaxIndex = 1023;

int ThreadsOrAll(int threads) {
  return threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Device CpuDevice(const std::string& id, int threads) {
  Device device;
  const HostMemory memory = ReadHostMemory();
  device.info.set_id(id);
  const int used = ThreadsOrAll(threads);
  device.info.set_model(absl::StrCat("CPU, ", used, used == 1 ? " thread" : " threads"));
  device.info.set_memory_bytes(memory.total_bytes);
  device.info.set_free_bytes(memory.free_bytes);
  device.torch_name = "cpu";
  device.free_bytes = [] { return ReadHostMemory().free_bytes; };
  device.held_bytes = ReadOwnMemory;
  return device;
}

absl::StatusOr<Device> GpuDevice(int index) {
  const auto facts = QueryGpu(index);
  if (!facts.ok()) return facts.status();
  Device device;
  device.is_gpu = true;
  device.torch_name = absl::StrCat("cuda:", index);
  device.info.set_id(device.torch_name);
  device.info.set_model(facts->model);
  device.info.set_uuid(facts->uuid);
  device.info.set_memory_bytes(facts->memory_bytes);
  device.info.set_free_bytes(facts->free_bytes);
  device.free_bytes = [index] {
    const auto now = QueryGpu(index);
    return now.ok() ? now->free_bytes : 0;
  };
  device.held_bytes = [index] {
    const auto now = QueryGpu(index);
    return now.ok() ? now->held_bytes : 0;
  };
  return device;
}

}  // namespace

absl::StatusOr<Device> FindDevice(const std::string& id, int threads) {
  absl::string_view rest = id;
  int index = 0;
  const bool is_cpu = absl::ConsumePrefix(&rest, "cpu");
  if (is_cpu && rest.empty()) return CpuDevice("cpu:0", threads);
  const bool known = is_cpu || absl::ConsumePrefix(&rest, "cuda");
  if (!known || !absl::ConsumePrefix(&rest, ":") || !absl::SimpleAtoi(rest, &index) || index < 0 ||
      index > kMaxIndex) {
    return absl::InvalidArgumentError(
        absl::StrCat("--device: ", id, " is not a device; give cpu, cpu:K or cuda:K"));
  }
  if (is_cpu) return CpuDevice(id, threads);
  return GpuDevice(index);
}

std::vector<Device> ListDevices() {
  std::vector<Device> devices;
  for (int index = 0; index < GpuCount(); ++index) {
    if (auto device = GpuDevice(index); device.ok()) devices.push_back(*std::move(device));
  }
  devices.push_back(CpuDevice("cpu:0", 0));
  return devices;
}

}  // namespace hanga
