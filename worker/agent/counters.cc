// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/counters.h"

#include <algorithm>
#include <utility>

namespace hanga {
namespace {

void Add(const PipelineCounters& counters, PipelineCounters* sum) {
  for (const auto& [name, link] : counters.links) {
    sum->links[name].bytes += link.bytes;
    sum->links[name].busy_seconds += link.busy_seconds;
  }
  for (const auto& [name, cache] : counters.caches) {
    sum->caches[name].hits += cache.hits;
    sum->caches[name].misses += cache.misses;
  }
}

}  // namespace

void Counters::Asked(bool loaded) {
  const absl::MutexLock lock(&mutex_);
  PipelineCounters::Cache& cache = past_.caches["model"];
  ++(loaded ? cache.hits : cache.misses);
}

void Counters::Loading(const std::string& model, uint64_t bytes, uint64_t held_bytes,
                       absl::Time now) {
  const absl::MutexLock lock(&mutex_);
  loading_ = Load{model, bytes, held_bytes, now};
}

void Counters::EndLoading() {
  const absl::MutexLock lock(&mutex_);
  loading_.reset();
}

void Counters::Loaded(uint64_t bytes, absl::Duration took) {
  const absl::MutexLock lock(&mutex_);
  PipelineCounters::Link& link = past_.links["file_to_device"];
  link.bytes += bytes;
  link.busy_seconds += absl::ToDoubleSeconds(took);
}

void Counters::Update(const std::string& id, PipelineCounters counters, uint64_t weight_bytes) {
  const absl::MutexLock lock(&mutex_);
  models_[id] = {std::move(counters), weight_bytes};
}

void Counters::Dropped(const std::string& id) {
  const absl::MutexLock lock(&mutex_);
  const auto model = models_.find(id);
  if (model == models_.end()) return;
  Add(model->second.counters, &past_);
  models_.erase(model);
}

v1::WorkerStats Counters::Stats(uint64_t held_bytes, absl::Time now) const {
  const absl::MutexLock lock(&mutex_);
  PipelineCounters sum = past_;
  uint64_t weight_bytes = 0;
  for (const auto& [id, model] : models_) {
    Add(model.counters, &sum);
    weight_bytes += model.weight_bytes;
  }
  v1::WorkerStats stats;
  stats.set_weight_bytes(weight_bytes);
  stats.set_activation_bytes(held_bytes - std::min(held_bytes, weight_bytes));
  for (const auto& [name, link] : sum.links) {
    v1::LinkStats& out = *stats.add_links();
    out.set_link(name);
    out.set_bytes(link.bytes);
    out.set_busy_seconds(link.busy_seconds);
  }
  for (const auto& [name, cache] : sum.caches) {
    v1::CacheStats& out = *stats.add_caches();
    out.set_cache(name);
    out.set_hits(cache.hits);
    out.set_misses(cache.misses);
  }
  if (loading_) {
    v1::LoadProgress& loading = *stats.mutable_loading();
    loading.set_model(loading_->model);
    loading.set_seconds(absl::ToDoubleSeconds(now - loading_->begin));
    loading.set_bytes(held_bytes - std::min(held_bytes, loading_->held_before));
    loading.set_expected_bytes(loading_->bytes);
  }
  return stats;
}

}  // namespace hanga
