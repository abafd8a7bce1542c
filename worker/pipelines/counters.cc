// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What pipelines have counted, in the words of metrics.
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/latent_pipeline.h"

namespace hanga {
namespace {

void Add(const PromptCache& cache, PipelineCounters* counters) {
  PipelineCounters::Cache& prompt = counters->caches["prompt"];
  prompt.hits += cache.hits();
  prompt.misses += cache.misses();
}

void Add(const ResidencyCounters& residency, PipelineCounters* counters) {
  counters->links["host_to_device"] = {residency.copied.bytes, residency.copied.busy_seconds};
  counters->links["donor_to_device"] = {residency.lent.bytes, residency.lent.busy_seconds};
  counters->links["device_to_host"] = {residency.evicted_bytes, residency.evict_seconds};
}

}  // namespace

PipelineCounters FluxPipeline::Counters() const {
  PipelineCounters counters;
  Add(text_encoder_->cache(), &counters);
  Add(model_->placed().totals(), &counters);
  return counters;
}

PipelineCounters LatentPipeline::Counters() const {
  PipelineCounters counters;
  for (const PromptCache* cache : model_->prompt_caches()) Add(*cache, &counters);
  Add(model_->placed().totals(), &counters);
  return counters;
}

}  // namespace hanga
