// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hanga {

struct HostMemory {
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;  // what can be had without swapping
};

// What this process may use: the machine's memory, or less where its control group says so.
HostMemory ReadHostMemory();

// What this process holds of it, without files that are mapped.
uint64_t ReadOwnMemory();

// The text of /proc/meminfo, and of the control group's memory.max and memory.current where there
// are such files.
HostMemory ParseHostMemory(const std::string& meminfo, const std::optional<std::string>& group_max,
                           const std::optional<std::string>& group_current);

}  // namespace hanga
