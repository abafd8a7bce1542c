// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/step_graphs.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <memory>
#include <sstream>

namespace hanga {
namespace {

// Shapes, strides and types of the inputs: what a captured graph depends on.
std::string SignatureOf(const std::string& key, const std::vector<at::Tensor*>& state) {
  std::ostringstream out;
  out << key;
  for (const at::Tensor* t : state) {
    if (t->defined()) {
      out << '|' << t->scalar_type() << t->sizes() << t->strides();
    } else {
      out << "|-";
    }
  }
  return out.str();
}

bool OnDevice(const std::vector<at::Tensor*>& state) {
  return std::any_of(state.begin(), state.end(),
                     [](const at::Tensor* t) { return t->defined() && t->is_cuda(); });
}

// One pool for all graphs: they never run at the same time. The allocator gives a pool up with the
// last graph that captured in it and takes no capture in it afterwards: a new one is made then.
using Pool = std::shared_ptr<const at::cuda::MempoolId_t>;
Pool SharedPool() {
  static std::weak_ptr<const at::cuda::MempoolId_t> current;
  Pool pool = current.lock();
  if (pool == nullptr) {
    pool = std::make_shared<const at::cuda::MempoolId_t>(at::cuda::graph_pool_handle());
    current = pool;
  }
  return pool;
}

}  // namespace

struct StepGraphs::Graph {
  Pool pool = SharedPool();
  at::cuda::CUDAGraph graph;
  std::vector<at::Tensor> inputs, outputs;

  void Capture(const std::vector<at::Tensor*>& state, const std::function<void()>& work) {
    for (at::Tensor* t : state) {
      inputs.push_back(t->defined() ? t->clone() : at::Tensor());
      *t = inputs.back();
    }
    // Captures need a stream of their own, which begins after what is under way.
    const auto current = c10::cuda::getCurrentCUDAStream();
    current.synchronize();
    // A graph has memory of its own: what launches one by one have left is given back for it.
    c10::cuda::CUDACachingAllocator::emptyCache();
    {
      const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
      graph.capture_begin(*pool, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        graph.capture_end();
        throw;
      }
      graph.capture_end();
    }
    for (at::Tensor* t : state) outputs.push_back(*t);
  }

  void Replay(const std::vector<at::Tensor*>& state) {
    for (size_t i = 0; i < state.size(); ++i) {
      if (inputs[i].defined() && !state[i]->is_same(inputs[i])) inputs[i].copy_(*state[i], true);
    }
    graph.replay();
    for (size_t i = 0; i < state.size(); ++i) *state[i] = outputs[i];
  }
};

struct StepGraphs::Entry {
  std::string signature;
  std::unique_ptr<Graph> graph;  // null until the shapes come again
  int64_t runs = 0;
};

StepGraphs::StepGraphs(size_t capacity) : capacity_(capacity) {}
StepGraphs::~StepGraphs() = default;

void StepGraphs::Clear() { entries_.clear(); }

size_t StepGraphs::size() const {
  return std::count_if(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry->graph != nullptr; });
}

StepGraphs::Entry& StepGraphs::EntryOf(const std::string& signature) {
  auto found = std::find_if(entries_.begin(), entries_.end(),
                            [&](const auto& entry) { return entry->signature == signature; });
  if (found == entries_.end()) {
    if (entries_.size() == capacity_) entries_.pop_back();
    entries_.push_back(std::make_unique<Entry>(Entry{signature, nullptr, 0}));
    found = entries_.end() - 1;
  }
  std::rotate(entries_.begin(), found, found + 1);
  return *entries_.front();
}

void StepGraphs::Run(const std::string& key, const std::vector<at::Tensor*>& state,
                     const std::function<void()>& work) {
  if (capacity_ == 0 || !OnDevice(state)) return work();
  Entry& entry = EntryOf(SignatureOf(key, state));
  if (entry.runs++ == 0) return work();  // algorithms are chosen, lazy modules loaded
  if (entry.graph == nullptr) {
    auto graph = std::make_unique<Graph>();
    graph->Capture(state, work);
    entry.graph = std::move(graph);
    for (size_t i = 0; i < state.size(); ++i) *state[i] = entry.graph->inputs[i];
  }
  entry.graph->Replay(state);
}

}  // namespace hanga
