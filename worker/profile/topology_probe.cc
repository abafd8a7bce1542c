// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/topology_probe.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

// Until a model is known, whose file is then read (file_rate.h).
constexpr double kFileBytesPerSecond = 2e9;
// A CPU is described, not measured: copies within its memory beside a fraction of a core's work.
constexpr double kCpuMatmulFlops = 5e10, kCpuCopyBytesPerSecond = 5e9, kCpuLinkSeconds = 5e-6;

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

// A topology that was kept, if there is one that reads well.
std::optional<placement::Topology> ReadCached(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  const std::string text(std::istreambuf_iterator<char>(file), {});
  auto topology = placement::ParseTopology(text);
  if (!topology.ok()) return std::nullopt;
  return *std::move(topology);
}

void WriteCached(const fs::path& path, placement::Topology topology) {
  for (placement::Device& device : topology.devices) device.used_by_others_bytes = 0;
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
  const fs::path path = fs::path(cache_folder) / (GpuIdentity(index) + ".toml");
  const auto kept = cache_folder.empty() ? std::nullopt : ReadCached(path);
  if (kept && kept->devices.size() == 1) {
    device = kept->devices.front();
  } else {
    if (absl::Status measured = MeasureGpu(index, &device); !measured.ok()) return measured;
    if (absl::Status read = ReadGpuMemory(index, &device); !read.ok()) return read;
    device.name = absl::StrCat("cuda:", index);
    if (!cache_folder.empty()) WriteCached(path, {device.model, host, {device}, {}});
  }
  device.name = absl::StrCat("cuda:", index);
  if (absl::Status read = ReadGpuMemory(index, &device); !read.ok()) return read;
  return device;
}

// Both directions between two GPUs, which come in the order of their numbers.
absl::Status AddGpuLinks(int a, int b, const std::string& cache_folder,
                         placement::Topology* topology) {
  const std::string names[] = {absl::StrCat("cuda:", a), absl::StrCat("cuda:", b)};
  const fs::path path =
      fs::path(cache_folder) / absl::StrCat("link-", GpuIdentity(a), "-", GpuIdentity(b), ".toml");
  if (const auto kept = cache_folder.empty() ? std::nullopt : ReadCached(path);
      kept && kept->devices.size() == 2) {
    for (placement::Link link : kept->links) {  // devices may have other numbers today
      const bool forward = link.from == kept->devices[0].name;
      link.from = names[forward ? 0 : 1];
      link.to = names[forward ? 1 : 0];
      topology->links.push_back(link);
    }
    return absl::OkStatus();
  }
  placement::Topology pair;
  pair.name = "two GPUs";
  pair.host = topology->host;
  for (const std::string& name : names) {
    pair.devices.push_back(topology->devices[topology->IndexOf(name)]);
  }
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    absl::StatusOr<placement::Link> link = MeasureGpuLink(from, to);
    if (!link.ok()) return link.status();
    pair.links.push_back(*link);
    topology->links.push_back(*std::move(link));
  }
  if (!cache_folder.empty()) WriteCached(path, pair);
  return absl::OkStatus();
}

// CPU devices are one memory: each has its part, and copies stay within it.
void AddCpuLinks(placement::Topology* topology) {
  const size_t count = topology->devices.size();
  for (placement::Device& device : topology->devices) {
    device.used_by_others_bytes = device.total_bytes - device.free_bytes() / count;
    for (const placement::Device& other : topology->devices) {
      if (&device == &other) continue;
      topology->links.push_back({device.name, other.name, placement::LinkKind::kHost,
                                 kCpuCopyBytesPerSecond, kCpuLinkSeconds});
    }
  }
}

}  // namespace

absl::StatusOr<placement::Topology> ProbeDevices(const std::vector<std::string>& devices,
                                                 const std::string& cache_folder) {
  placement::Topology topology;
  topology.name = absl::StrJoin(devices, ", ");
  topology.host = ReadHost();
  std::vector<int> gpus;
  for (const std::string& name : devices) {
    absl::string_view number = name;
    int index = 0;
    if (!absl::ConsumePrefix(&number, "cuda:")) {
      topology.devices.push_back(CpuDevice(name, topology.host));
      continue;
    }
    if (!absl::SimpleAtoi(number, &index) || index < 0 || index >= ProbedGpuCount()) {
      return absl::NotFoundError(absl::StrCat("device: this machine has no ", name));
    }
    absl::StatusOr<placement::Device> gpu = GpuDevice(index, cache_folder, topology.host);
    if (!gpu.ok()) return gpu.status();
    topology.devices.push_back(*std::move(gpu));
    gpus.push_back(index);
  }
  if (gpus.empty()) {
    AddCpuLinks(&topology);
    return topology;
  }
  if (gpus.size() != devices.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "device: ", topology.name, ": GPUs and CPU devices do not lend each other memory"));
  }
  std::sort(gpus.begin(), gpus.end());
  for (size_t i = 0; i < gpus.size(); ++i) {
    for (size_t j = i + 1; j < gpus.size(); ++j) {
      const absl::Status linked = AddGpuLinks(gpus[i], gpus[j], cache_folder, &topology);
      if (!linked.ok()) return linked;
    }
  }
  return topology;
}

absl::StatusOr<placement::Topology> ProbeDevice(const std::string& device,
                                                const std::string& cache_folder) {
  return ProbeDevices({device}, cache_folder);
}

absl::StatusOr<placement::Topology> ProbeMachine(const std::string& cache_folder) {
  const int gpus = ProbedGpuCount();
  if (gpus == 0) return ProbeDevice("cpu:0", cache_folder);
  std::vector<std::string> names;
  for (int i = 0; i < gpus; ++i) names.push_back(absl::StrCat("cuda:", i));
  absl::StatusOr<placement::Topology> topology = ProbeDevices(names, cache_folder);
  if (topology.ok()) topology->name = absl::StrCat(gpus, " x ", topology->devices.front().model);
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
