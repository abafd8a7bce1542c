// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include <vector>

#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/flux_run.h"

namespace hanga {
namespace {

using Batch = std::vector<FluxGeneration*>;

void CompareEmbeddings(const FluxRun& run, const Batch& batch, RunResult* result) {
  const double tolerance = run.Tolerance("embeds", 1e-5);
  std::vector<at::Tensor> text, pooled;
  for (const FluxGeneration* g : batch) {
    text.push_back(g->text.sequence);
    pooled.push_back(g->text.pooled);
  }
  Compare("prompt_embeds", at::cat(text), run.Output("embeds.prompt_embeds"), tolerance, result);
  Compare("pooled_prompt_embeds", at::cat(pooled), run.Output("embeds.pooled_prompt_embeds"),
          tolerance, result);
}

absl::Status CompareDecoded(const FluxRun& run, FluxPipeline* pipeline, const Batch& batch,
                            RunResult* result) {
  const at::Tensor reference = run.Output("decoded");
  std::vector<at::Tensor> inputs, decoded;
  for (const FluxGeneration* g : batch) {
    const absl::StatusOr<at::Tensor> input = pipeline->DecoderInput(*g);
    if (!input.ok()) return input.status();
    inputs.push_back(*input);
    if (!reference.defined()) continue;
    const absl::StatusOr<at::Tensor> pixels = pipeline->Decode(*input);
    if (!pixels.ok()) return pixels.status();
    decoded.push_back(*pixels);
  }
  Compare("decoder_input", at::cat(inputs), run.Output("decoder_input"),
          run.Tolerance("latents", 2e-5), result);
  if (decoded.empty()) return absl::OkStatus();
  Compare("decoded", at::cat(decoded), reference, run.Tolerance("decoded", 5e-5), result);
  return absl::OkStatus();
}

absl::Status CheckRun(const FluxRun& run, FluxPipeline* pipeline, RunResult* result) {
  const auto begun = run.Begin(pipeline);
  if (!begun.ok()) return begun.status();
  Batch batch;
  for (const auto& generation : *begun) batch.push_back(generation.get());
  const std::vector<SampledGeneration*> all(batch.begin(), batch.end());
  CompareEmbeddings(run, batch, result);
  absl::Status status =
      WalkAndCompare(run, all,
                     {[&] { return pipeline->Predict(batch); },
                      [&](const at::Tensor& output) { return pipeline->Advance(batch, output); }},
                     at::ones({1}), result);
  if (status.ok()) status = CompareDecoded(run, pipeline, batch, result);
  if (status.ok()) status = ComparePictures(run, pipeline, all, result);
  return status;
}

}  // namespace

void CheckFluxPipeline(const GoldenCase& golden, at::Device device, Report* report) {
  CheckPipelineRuns(golden, device, report, CheckRun);
}

}  // namespace hanga
