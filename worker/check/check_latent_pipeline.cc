// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include <vector>

#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/latent_run.h"

namespace hanga {
namespace {

using Batch = std::vector<LatentGeneration*>;

void CompareRows(const LatentRun& run, const std::string& name, const std::vector<at::Tensor>& rows,
                 RunResult* result) {
  if (!rows.front().defined()) return;
  Compare("embeds", at::cat(rows), run.Output(name), run.Tolerance("embeds", 1e-5), result);
}

void CompareEmbeddings(const LatentRun& run, const Batch& batch, RunResult* result) {
  std::vector<at::Tensor> text, pooled, negative, negative_pooled;
  for (const LatentGeneration* g : batch) {
    text.push_back(g->text.text);
    pooled.push_back(g->text.pooled);
    negative.push_back(g->negative ? g->negative->text : at::Tensor());
    negative_pooled.push_back(g->negative ? g->negative->pooled : at::Tensor());
  }
  CompareRows(run, "embeds.prompt_embeds", text, result);
  CompareRows(run, "embeds.pooled_prompt_embeds", pooled, result);
  CompareRows(run, "embeds.negative_prompt_embeds", negative, result);
  CompareRows(run, "embeds.negative_pooled_prompt_embeds", negative_pooled, result);
}

absl::Status CompareDecoded(const LatentRun& run, const LatentPipeline& pipeline,
                            const Batch& batch, RunResult* result) {
  std::vector<at::Tensor> inputs, decoded;
  for (const LatentGeneration* g : batch) {
    inputs.push_back(pipeline.DecoderInput(*g));
    const absl::StatusOr<at::Tensor> pixels = pipeline.Decode(inputs.back());
    if (!pixels.ok()) return pixels.status();
    decoded.push_back(*pixels);
  }
  Compare("decoder_input", at::cat(inputs), run.Output("decoder_input"),
          run.Tolerance("latents", 2e-5), result);
  Compare("decoded", at::cat(decoded), run.Output("decoded"), run.Tolerance("decoded", 5e-5),
          result);
  return absl::OkStatus();
}

absl::Status CheckRun(const LatentRun& run, LatentPipeline* pipeline, RunResult* result) {
  const auto begun = run.Begin(pipeline);
  if (!begun.ok()) return begun.status();
  Batch batch;
  for (const auto& generation : *begun) batch.push_back(generation.get());
  const std::vector<SampledGeneration*> all(batch.begin(), batch.end());
  CompareEmbeddings(run, batch, result);
  // The reference's states of a repainted picture are those before what stays was put back.
  const auto& mask = batch.front()->mask;
  const at::Tensor share = mask ? 1 - mask->keep.cpu() : at::ones({1});
  absl::Status status =
      WalkAndCompare(run, all,
                     {[&] { return pipeline->Predict(batch); },
                      [&](const at::Tensor& output) { return pipeline->Advance(batch, output); }},
                     share, result);
  if (status.ok()) status = CompareDecoded(run, *pipeline, batch, result);
  if (status.ok()) status = ComparePictures(run, pipeline, all, result);
  return status;
}

}  // namespace

void CheckLatentPipeline(const GoldenCase& golden, at::Device device, Report* report) {
  CheckPipelineRuns(golden, device, report, CheckRun);
}

}  // namespace hanga
