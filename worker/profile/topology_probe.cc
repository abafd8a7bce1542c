// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/topology_probe.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

// Where the file is not in memory; a run shows what it is, nothing here reads a disk.
constexpr double kFileBytesPerSecond = 2e9;
// A CPU is described, not measured: copies within its memory beside a fraction of a core's work.
constexpr double kCpuMatmulFlops = 5e10, kCpuCopyBytesPerSecond = 5e9;

// A line of /proc/meminfo in bytes; 0: not there.
uint64_t MemInfo(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key; file.ignore(1 << 10, '\n')) {
    uint64_t kib = 0;
    if (key == name + ":" && file >> kib) return kib << 10;
  }
  return 0;
}

placement::Host ReadHost() {
  placement::Host host;
  host.total_bytes = std::max<uint64_t>(MemInfo("MemTotal"), 1 << 20);
  host.free_bytes = std::min(host.total_bytes, MemInfo("MemAvailable"));
  host.file_bytes_per_second = kFileBytesPerSecond;
  return host;
}

placement::Device CpuDevice(const std::string& name, const placement::Host& host) {
  placement::Device device;
  device.name = name;
  device.kind = placement::DeviceKind::kCpu;
  device.model = "CPU";
  device.total_bytes = host.total_bytes;
  device.used_by_others_bytes = host.total_bytes - host.free_bytes;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  device.matmul_flops = device.matmul_fp32_flops = device.attention_flops = cores * kCpuMatmulFlops;
  device.pinned_bytes_per_second = device.pageable_bytes_per_second =
      device.to_host_bytes_per_second = kCpuCopyBytesPerSecond;
  return device;
}

// The device of a cached topology file, if there is one that reads well.
bool ReadCached(const fs::path& path, placement::Device* device) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto topology = placement::ParseTopology(text);
  if (!topology.ok() || topology->devices.size() != 1) return false;
  *device = topology->devices.front();
  return true;
}

void WriteCached(const fs::path& path, const placement::Device& device,
                 const placement::Host& host) {
  placement::Topology topology;
  topology.name = device.model;
  topology.host = host;
  topology.devices = {device};
  topology.devices[0].used_by_others_bytes = 0;
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  const fs::path draft =
      absl::StrCat(path.string(), ".", std::hash<std::thread::id>()(std::this_thread::get_id()));
  if (std::ofstream file(draft, std::ios::binary); file) file << placement::PrintTopology(topology);
  fs::rename(draft, path, ignored);
}

absl::StatusOr<placement::Device> GpuDevice(int index, const std::string& cache_folder,
                                            const placement::Host& host) {
  placement::Device device;
  const fs::path cached = fs::path(cache_folder) / (GpuIdentity(index) + ".toml");
  if (cache_folder.empty() || !ReadCached(cached, &device)) {
    if (absl::Status measured = MeasureGpu(index, &device); !measured.ok()) return measured;
    if (absl::Status read = ReadGpuMemory(index, &device); !read.ok()) return read;
    device.name = absl::StrCat("cuda:", index);
    if (!cache_folder.empty()) WriteCached(cached, device, host);
  }
  device.name = absl::StrCat("cuda:", index);
  if (absl::Status read = ReadGpuMemory(index, &device); !read.ok()) return read;
  return device;
}

}  // namespace

absl::StatusOr<placement::Topology> ProbeDevice(const std::string& device,
                                                const std::string& cache_folder) {
  placement::Topology topology;
  topology.name = device;
  topology.host = ReadHost();
  absl::string_view number = device;
  int index = 0;
  if (!absl::ConsumePrefix(&number, "cuda:")) {
    topology.devices = {CpuDevice(device, topology.host)};
    return topology;
  }
  if (!absl::SimpleAtoi(number, &index) || index < 0 || index >= ProbedGpuCount()) {
    return absl::NotFoundError(absl::StrCat("device: this machine has no ", device));
  }
  absl::StatusOr<placement::Device> gpu = GpuDevice(index, cache_folder, topology.host);
  if (!gpu.ok()) return gpu.status();
  topology.devices = {*std::move(gpu)};
  return topology;
}

absl::StatusOr<placement::Topology> ProbeMachine(const std::string& cache_folder) {
  const int gpus = ProbedGpuCount();
  if (gpus == 0) return ProbeDevice("cpu:0", cache_folder);
  placement::Topology topology;
  topology.host = ReadHost();
  for (int i = 0; i < gpus; ++i) {
    absl::StatusOr<placement::Device> gpu = GpuDevice(i, cache_folder, topology.host);
    if (!gpu.ok()) return gpu.status();
    topology.devices.push_back(*std::move(gpu));
    for (int j = 0; j < gpus; ++j) {
      if (i != j) topology.links.push_back(MeasureGpuLink(i, j));
    }
  }
  topology.name = absl::StrCat(gpus, " x ", topology.devices.front().model);
  return topology;
}

std::string DefaultCacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return absl::StrCat(cache, "/hanga");
  }
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : absl::StrCat(home, "/.cache/hanga");
}

}  // namespace hanga
