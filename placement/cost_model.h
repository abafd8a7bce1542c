// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Seconds of computing and moving, from measured rates.
#pragma once

#include <cstdint>

#include "placement/profile.h"
#include "placement/topology.h"

namespace hanga::placement {

// One pass of a block on a device: its measured time on that model of device, or the larger of its
// arithmetic and of reading its weights, plus the device's overhead.
double BlockSeconds(const BlockProfile& block, const Device& device);

// What a device computes of the block when `ranks` of them share the sequence, exchanges included:
// blocks without exchange_bytes are computed whole by every rank. `link` is the slowest between
// them.
double ParallelBlockSeconds(const BlockProfile& block, const Device& device, int ranks,
                            const Link& link);

// What every rank sends for a block of a parallel group.
uint64_t ExchangedBytes(const BlockProfile& block, int ranks);

double TransferSeconds(uint64_t bytes, const Link& link);

// Host memory to one of `sharers` devices that copy at the same time.
double PinnedBytesPerSecond(const Topology& topology, const Device& device, int sharers);
double PageableBytesPerSecond(const Topology& topology, const Device& device, int sharers);

}  // namespace hanga::placement
