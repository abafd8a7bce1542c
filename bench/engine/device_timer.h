// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Times work on the current stream by events.
#pragma once

#include <functional>
#include <vector>

namespace hanga::bench {

// Milliseconds of each of `runs` calls after `warm_up` calls that are not counted.
std::vector<double> DeviceMilliseconds(int warm_up, int runs, const std::function<void()>& work);

double Median(std::vector<double> values);

}  // namespace hanga::bench
