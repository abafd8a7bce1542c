// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/device.h"

#include <ATen/Parallel.h>

namespace hanga {

void SetComputeThreads(int threads) { at::set_num_threads(threads); }

}  // namespace hanga
