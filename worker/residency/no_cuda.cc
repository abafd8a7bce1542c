// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stands in where there is no CUDA: work is called every time, copies stay within host memory, and
// no page is locked.

#include "worker/residency/copy_engine.h"
#include "worker/residency/file_upload.h"
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

std::unique_ptr<CopyEngine> MakeCopyEngine(at::Device, size_t, size_t,
                                           std::unique_ptr<HostMemory>) {
  return MakeHostCopyEngine();
}

std::unique_ptr<FileUpload> FileUpload::Make(at::Device, HostBudget*) { return nullptr; }

std::byte* LockedMemory(uint64_t) { return nullptr; }
void FreeLockedMemory(std::byte*) {}

}  // namespace hanga
