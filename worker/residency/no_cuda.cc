// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stands in for CUDA graphs where there is no CUDA: work is called every time.

#include "worker/residency/step_graphs.h"

namespace hanga {

struct StepGraphs::Graph {};
struct StepGraphs::Entry {};

StepGraphs::StepGraphs(size_t capacity) : capacity_(capacity) {}
StepGraphs::~StepGraphs() = default;

void StepGraphs::Run(const std::string&, const std::vector<at::Tensor*>&,
                     const std::function<void()>& work) {
  work();
}

void StepGraphs::Clear() {}
size_t StepGraphs::size() const { return 0; }

}  // namespace hanga
