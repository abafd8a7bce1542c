// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/host_memory.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"

namespace hanga {
namespace {

std::optional<std::string> ReadFile(const char* path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The kB behind a name.
uint64_t FieldBytes(const std::string& meminfo, const std::string& name) {
  std::istringstream lines(meminfo);
  std::string word;
  while (lines >> word) {
    uint64_t kilobytes = 0;
    if (word == name + ":" && lines >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

HostMemory ParseHostMemory(const std::string& meminfo, const std::optional<std::string>& group_max,
                           const std::optional<std::string>& group_current) {
  HostMemory memory{FieldBytes(meminfo, "MemTotal"), FieldBytes(meminfo, "MemAvailable")};
  uint64_t most = 0, current = 0;
  if (!group_max || !group_current || !absl::SimpleAtoi(*group_max, &most) ||
      !absl::SimpleAtoi(*group_current, &current)) {
    return memory;
  }
  memory.total_bytes = std::min(memory.total_bytes, most);
  memory.free_bytes = std::min(memory.free_bytes, most > current ? most - current : 0);
  return memory;
}

uint64_t ReadOwnMemory() {
  return FieldBytes(ReadFile("/proc/self/status").value_or(""), "RssAnon");
}

HostMemory ReadHostMemory() {
  return ParseHostMemory(ReadFile("/proc/meminfo").value_or(""),
                         ReadFile("/sys/fs/cgroup/memory.max"),
                         ReadFile("/sys/fs/cgroup/memory.current"));
}

}  // namespace hanga
