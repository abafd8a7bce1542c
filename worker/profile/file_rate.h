// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How fast weights come from their file, as they would in a step that streams them from there.
#pragma once

#include "worker/weights/tensor_source.h"

namespace hanga {

// Bytes a second of a sample, read in the way of the file tier: one copy from the mapping, with a
// few chunks asked for ahead. What of the file is in the page cache makes it faster, in the sample
// as in the steps to come. Takes at most about a third of a second. 0: the weights are too small to
// tell, less than 64 MiB.
double MeasureFileRate(const TensorSource& source);

}  // namespace hanga
