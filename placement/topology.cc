// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/topology.h"

#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

absl::Status Bad(const std::string& where, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("topology: ", where, ": ", what));
}

absl::Status CheckRate(const std::string& where, const char* field, double value, bool required) {
  if (!std::isfinite(value) || value < 0) {
    return Bad(where, absl::StrFormat("%s is %g; expected a positive number", field, value));
  }
  if (required && value == 0) return Bad(where, absl::StrCat(field, " is missing"));
  return absl::OkStatus();
}

absl::Status CheckDevice(const Device& device) {
  const std::string where = absl::StrCat("device \"", device.name, "\"");
  if (device.name.empty()) return Bad("device", "name is missing");
  const char* prefix = device.kind == DeviceKind::kCuda ? "cuda:" : "cpu:";
  const bool numbered =
      device.name.rfind(prefix, 0) == 0 && device.name.size() > strlen(prefix) &&
      device.name.find_first_not_of("0123456789", strlen(prefix)) == std::string::npos;
  if (!numbered) return Bad(where, absl::StrCat("expected a name such as ", prefix, "0"));
  if (device.total_bytes == 0) return Bad(where, "total is missing");
  if (device.used_by_others_bytes > device.total_bytes) {
    return Bad(where, absl::StrCat("used_by_others is ", FormatBytes(device.used_by_others_bytes),
                                   ", more than the total of ", FormatBytes(device.total_bytes)));
  }
  const std::pair<const char*, double> required[] = {
      {"matmul_tflops", device.matmul_flops},
      {"attention_tflops", device.attention_flops},
      {"pinned_gb_per_s", device.pinned_bytes_per_second},
      {"pageable_gb_per_s", device.pageable_bytes_per_second},
      {"to_host_gb_per_s", device.to_host_bytes_per_second},
      {"while_computing", device.while_computing},
  };
  for (const auto& [field, value] : required) {
    if (auto status = CheckRate(where, field, value, true); !status.ok()) return status;
  }
  const std::pair<const char*, double> optional[] = {
      {"matmul_fp32_tflops", device.matmul_fp32_flops},
      {"matmul_fp8_tflops", device.matmul_fp8_flops},
      {"memory_gb_per_s", device.memory_bytes_per_second},
      {"block_overhead_us", device.block_overhead_seconds},
  };
  for (const auto& [field, value] : optional) {
    if (auto status = CheckRate(where, field, value, false); !status.ok()) return status;
  }
  if (device.while_computing > 1) return Bad(where, "while_computing is more than 1");
  return absl::OkStatus();
}

absl::Status CheckLinks(const Topology& topology) {
  std::set<std::pair<int, int>> seen;
  for (const Link& link : topology.links) {
    const std::string where = absl::StrCat("link ", link.from, " -> ", link.to);
    const int from = topology.IndexOf(link.from), to = topology.IndexOf(link.to);
    if (from < 0) return Bad(where, absl::StrCat("there is no device \"", link.from, "\""));
    if (to < 0) return Bad(where, absl::StrCat("there is no device \"", link.to, "\""));
    if (from == to) return Bad(where, "a device needs no link to itself");
    if (!seen.emplace(from, to).second) return Bad(where, "is given twice");
    if (auto s = CheckRate(where, "gb_per_s", link.bytes_per_second, true); !s.ok()) return s;
    if (auto s = CheckRate(where, "latency_us", link.latency_seconds, false); !s.ok()) return s;
  }
  for (const Device& from : topology.devices) {
    for (const Device& to : topology.devices) {
      const std::pair<int, int> pair{topology.IndexOf(from.name), topology.IndexOf(to.name)};
      if (pair.first != pair.second && !seen.contains(pair)) {
        return Bad(absl::StrCat("link ", from.name, " -> ", to.name),
                   "is missing; every pair of devices needs one (kind = \"host\" when staged)");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

int Topology::IndexOf(std::string_view device) const {
  for (size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].name == device) return static_cast<int>(i);
  }
  return -1;
}

const Link* Topology::FindLink(int from, int to) const {
  if (from < 0 || to < 0) return nullptr;
  for (const Link& link : links) {
    if (link.from == devices[from].name && link.to == devices[to].name) return &link;
  }
  return nullptr;
}

std::vector<std::string> Topology::DeviceNames() const {
  std::vector<std::string> names;
  for (const Device& device : devices) names.push_back(device.name);
  return names;
}

absl::Status Validate(const Topology& topology) {
  if (topology.devices.empty()) return Bad("devices", "there are none; add a [[device]]");
  constexpr size_t kMostDevices = 64;
  if (topology.devices.size() > kMostDevices) {
    return Bad("devices", absl::StrCat("there are ", topology.devices.size(), "; the limit is ",
                                       kMostDevices));
  }
  std::set<std::string> names;
  for (const Device& device : topology.devices) {
    if (auto status = CheckDevice(device); !status.ok()) return status;
    if (!names.insert(device.name).second) {
      return Bad(absl::StrCat("device \"", device.name, "\""), "is given twice");
    }
  }
  const Host& host = topology.host;
  if (host.total_bytes == 0) return Bad("host", "total is missing");
  if (host.free_bytes > host.total_bytes) return Bad("host", "free is more than total");
  if (auto s = CheckRate("host", "file_gb_per_s", host.file_bytes_per_second, true); !s.ok())
    return s;
  if (auto s = CheckRate("host", "total_gb_per_s", host.total_bytes_per_second, false); !s.ok()) {
    return s;
  }
  return CheckLinks(topology);
}

Topology VirtualCpuTopology(int count, uint64_t bytes_each) {
  Topology topology;
  topology.name = absl::StrCat(count, " virtual CPU devices");
  topology.host = {.total_bytes = bytes_each * (count + 2),
                   .free_bytes = bytes_each * (count + 1),
                   .file_bytes_per_second = 1e9,
                   .total_bytes_per_second = 0};
  for (int i = 0; i < count; ++i) {
    topology.devices.push_back({.name = absl::StrCat("cpu:", i),
                                .kind = DeviceKind::kCpu,
                                .model = "virtual CPU device",
                                .total_bytes = bytes_each,
                                .matmul_flops = 5e10,
                                .matmul_fp32_flops = 5e10,
                                .attention_flops = 2e10,
                                .memory_bytes_per_second = 1e10,
                                .block_overhead_seconds = 1e-4,
                                .pinned_bytes_per_second = 8e9,
                                .pageable_bytes_per_second = 4e9,
                                .to_host_bytes_per_second = 8e9});
  }
  for (const Device& from : topology.devices) {
    for (const Device& to : topology.devices) {
      if (from.name == to.name) continue;
      topology.links.push_back({from.name, to.name, LinkKind::kHost, 2e9, 5e-5});
    }
  }
  return topology;
}

}  // namespace hanga::placement
