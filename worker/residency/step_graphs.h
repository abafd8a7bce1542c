// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA graphs of denoising steps whose blocks are all resident: the hundreds of launches of a step
// become one, so that the host never holds the device up.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hanga {

// Keeps the graphs of the shapes that were used last. Graphs share one memory pool, so that what
// one run returns holds until the next run of any of them. Not thread-safe: owned by the thread
// that owns the device's compute.
class StepGraphs {
 public:
  explicit StepGraphs(size_t capacity = 8);
  ~StepGraphs();

  // Runs `work`, a function of the tensors of a state alone which leaves its results in them: the
  // first time that these shapes come it is called, the second time it is captured too, from then
  // on its graph is replayed. `state` points to the state's tensors; `key` names the work. On a CPU
  // `work` is called every time. Throws what `work` throws.
  void Run(const std::string& key, const std::vector<at::Tensor*>& state,
           const std::function<void()>& work);

  // Frees every graph, for memory or because weights have moved.
  void Clear();

  size_t size() const;

 private:
  struct Graph;
  struct Entry;

  Entry& EntryOf(const std::string& signature);

  const size_t capacity_;
  std::vector<std::unique_ptr<Entry>> entries_;  // the last used first
};

}  // namespace hanga
