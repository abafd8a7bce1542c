// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/pipeline_run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/check/compare.h"
#include "worker/media/png.h"

namespace hanga {
namespace {

constexpr double kScheduleTolerance = 1e-6;

double LargestDifference(const Image& ours, const Image& reference) {
  if (ours.width != reference.width || ours.height != reference.height) return 255;
  int largest = 0;
  for (size_t i = 0; i < ours.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(int{ours.rgb[i]} - int{reference.rgb[i]}));
  }
  return largest;
}

at::Tensor LatentsOf(absl::Span<SampledGeneration* const> batch) {
  std::vector<at::Tensor> rows;
  for (const SampledGeneration* g : batch) rows.push_back(g->latents);
  return at::cat(rows);
}

// The reference keeps all states, or the last one alone.
void CompareLast(const PipelineRun& run, const std::string& name,
                 const std::vector<at::Tensor>& states, const at::Tensor& share, double tolerance,
                 RunResult* result) {
  const at::Tensor reference = run.Output(name);
  if (!reference.defined()) return;
  const auto kept = std::min<int64_t>(reference.size(0), static_cast<int64_t>(states.size()));
  const std::vector<at::Tensor> last(states.end() - kept, states.end());
  Compare(name, at::stack(last).cpu() * share, reference * share, run.Tolerance(name, tolerance),
          result);
}

}  // namespace

at::Tensor PipelineRun::Output(const std::string& name) const {
  return golden_.Output(absl::StrCat(label_, ".", name));
}

double PipelineRun::Tolerance(const std::string& name, double otherwise) const {
  return info_.at("tolerance_rel_l2").value(name, otherwise);
}

std::string PipelineRun::Path(const std::string& file) const {
  return absl::StrCat(golden_.folder, "/", file);
}

std::string PipelineRun::TextOf(const std::string& name, size_t image) const {
  const nlohmann::json& call = info_.at("call");
  const auto text = call.find(name);
  if (text == call.end() || text->is_null()) return "";
  if (text->is_string()) return *text;
  return text->at(std::min(image, text->size() - 1));
}

uint64_t PipelineRun::SeedOf(size_t image) const {
  const nlohmann::json& seeds = info_.at("seeds");
  return seeds.at(std::min(image, seeds.size() - 1));
}

absl::Status WalkAndCompare(const PipelineRun& run, absl::Span<SampledGeneration* const> batch,
                            const StepByStep& step, const at::Tensor& share, RunResult* result) {
  const SampledGeneration& first = *batch.front();
  const std::vector<float>& all = first.sampler->timesteps();
  const std::vector<float> walked(all.begin() + first.first_step, all.end());
  Compare("timesteps", at::tensor(walked), run.Output("timesteps"), kScheduleTolerance, result);
  Compare("sigmas", at::tensor(first.sampler->sigmas()), run.Output("sigmas"), kScheduleTolerance,
          result);
  std::vector<at::Tensor> latents = {LatentsOf(batch)}, outputs;
  while (!first.done()) {
    const absl::StatusOr<at::Tensor> output = step.predict();
    if (!output.ok()) return output.status();
    if (absl::Status s = step.advance(*output); !s.ok()) return s;
    outputs.push_back(*output);
    latents.push_back(LatentsOf(batch));
  }
  CompareLast(run, "latents", latents, share, 2e-5, result);
  CompareLast(run, "model_output", outputs, share, 1e-4, result);
  return absl::OkStatus();
}

absl::Status ComparePictures(const PipelineRun& run, Pipeline* pipeline,
                             absl::Span<SampledGeneration* const> batch, RunResult* result) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const std::string name = absl::StrCat(result->run, ".", i, ".png");
    std::ifstream file(run.Path(name), std::ios::binary);
    if (!file) continue;
    const auto reference = DecodePng(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!reference.ok()) return reference.status();
    const absl::StatusOr<Image> ours = pipeline->Finish(*batch[i]);
    if (!ours.ok()) return ours.status();
    result->quantities.push_back({name, LargestDifference(*ours, reference->image),
                                  run.Tolerance("png_levels", 1), "levels"});
  }
  return absl::OkStatus();
}

}  // namespace hanga
