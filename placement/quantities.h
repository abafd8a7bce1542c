// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Sizes and times as people read and write them. Memory is 1024-based, `gb` and `GiB` alike,
// because memory is; bandwidth is 10^9 bytes a second, because that is what vendors and tools
// print.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hanga::placement {

inline constexpr uint64_t kKiB = uint64_t{1} << 10;
inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;

// "22.2 GiB", "512 MiB", "0 B".
std::string FormatBytes(uint64_t bytes);

// "1.29 s", "103 ms", "81 us".
std::string FormatSeconds(double seconds);

// "47.9 GB/s".
std::string FormatBandwidth(double bytes_per_second);

// Bytes of a unit, any case: b, k, kb, kib, m, mb, mib, g, gb, gib, t, tb, tib. 0: not a unit.
uint64_t UnitBytes(std::string_view unit);

// "2.5gb", "512 MiB", "0". INVALID_ARGUMENT: no number, an unknown or missing unit, a negative or
// absurd size. A bare number other than 0 is refused: nobody means bytes by "2".
absl::StatusOr<uint64_t> ParseByteSize(std::string_view text);

}  // namespace hanga::placement
