// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/check/flux_run.h"
#include "worker/media/png.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/model_layout.h"

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

// One run of a pipeline case: a batch of images, walked step by step.
class PipelineCheck {
 public:
  PipelineCheck(const FluxRun& run, FluxPipeline* pipeline, RunResult* result)
      : run_(run), pipeline_(pipeline), result_(result) {}

  absl::Status Run() {
    absl::StatusOr<std::vector<std::unique_ptr<FluxGeneration>>> begun = run_.Begin(pipeline_);
    if (!begun.ok()) return begun.status();
    for (const auto& generation : *begun) batch_.push_back(generation.get());
    CompareEmbeddings();
    if (absl::Status s = WalkAndCompare(); !s.ok()) return s;
    if (absl::Status s = DecodeAndCompare(); !s.ok()) return s;
    return CompareImages();
  }

 private:
  at::Tensor Output(const std::string& name) const { return run_.Output(name); }

  // Rows of the whole batch.
  template <typename Field>
  at::Tensor Rows(Field field) const {
    std::vector<at::Tensor> rows;
    for (const FluxGeneration* g : batch_) rows.push_back(field(*g));
    return at::cat(rows);
  }

  void CompareEmbeddings() {
    const double tolerance = run_.Tolerance("embeds", 1e-5);
    Compare("prompt_embeds", Rows([](const FluxGeneration& g) { return g.text.sequence; }),
            Output("embeds.prompt_embeds"), tolerance, result_);
    Compare("pooled_prompt_embeds", Rows([](const FluxGeneration& g) { return g.text.pooled; }),
            Output("embeds.pooled_prompt_embeds"), tolerance, result_);
  }

  // The reference keeps all states, or the last one alone.
  void CompareLast(const std::string& name, const std::vector<at::Tensor>& states,
                   double tolerance) {
    const at::Tensor reference = Output(name);
    if (!reference.defined()) return;
    const auto kept = std::min<int64_t>(reference.size(0), static_cast<int64_t>(states.size()));
    Compare(name, at::stack(std::vector<at::Tensor>(states.end() - kept, states.end())), reference,
            tolerance, result_);
  }

  absl::Status WalkAndCompare() {
    const auto latents_now = [&] {
      return Rows([](const FluxGeneration& g) { return g.latents; });
    };
    const Sampler& sampler = *batch_.front()->sampler;
    const std::vector<float>& all = sampler.timesteps();
    const std::vector<float> walked(all.begin() + batch_.front()->first_step, all.end());
    Compare("timesteps", at::tensor(walked), Output("timesteps"), kScheduleTolerance, result_);
    Compare("sigmas", at::tensor(sampler.sigmas()), Output("sigmas"), kScheduleTolerance, result_);

    std::vector<at::Tensor> latents = {latents_now()}, outputs;
    while (!batch_.front()->done()) {
      const absl::StatusOr<at::Tensor> output = pipeline_->Predict(batch_);
      if (!output.ok()) return output.status();
      if (absl::Status s = pipeline_->Advance(batch_, *output); !s.ok()) return s;
      outputs.push_back(*output);
      latents.push_back(latents_now());
    }
    CompareLast("latents", latents, run_.Tolerance("latents", 2e-5));
    CompareLast("model_output", outputs, run_.Tolerance("model_output", 1e-4));
    return absl::OkStatus();
  }

  absl::Status DecodeAndCompare() {
    const double tolerance = run_.Tolerance("decoded", 5e-5);
    std::vector<at::Tensor> inputs, decoded;
    for (const FluxGeneration* g : batch_) {
      const absl::StatusOr<at::Tensor> input = pipeline_->DecoderInput(*g);
      if (!input.ok()) return input.status();
      inputs.push_back(*input);
      if (!Output("decoded").defined()) continue;
      const absl::StatusOr<at::Tensor> pixels = pipeline_->Decode(*input);
      if (!pixels.ok()) return pixels.status();
      decoded.push_back(*pixels);
    }
    Compare("decoder_input", at::cat(inputs), Output("decoder_input"),
            run_.Tolerance("latents", 2e-5), result_);
    if (!decoded.empty()) {
      Compare("decoded", at::cat(decoded), Output("decoded"), tolerance, result_);
    }
    return absl::OkStatus();
  }

  absl::Status CompareImages() {
    for (size_t i = 0; i < batch_.size(); ++i) {
      const std::string name = absl::StrCat(result_->run, ".", i, ".png");
      std::ifstream file(run_.Path(name), std::ios::binary);
      if (!file) continue;
      const std::string bytes(std::istreambuf_iterator<char>(file), {});
      const auto reference = DecodePng(bytes);
      if (!reference.ok()) return reference.status();
      const absl::StatusOr<Image> ours = pipeline_->Finish(*batch_[i]);
      if (!ours.ok()) return ours.status();
      result_->quantities.push_back({name, LargestDifference(*ours, reference->image),
                                     run_.Tolerance("png_levels", 1), "levels"});
    }
    return absl::OkStatus();
  }

  const FluxRun& run_;
  FluxPipeline* const pipeline_;
  RunResult* const result_;
  std::vector<FluxGeneration*> batch_;
};

absl::StatusOr<std::unique_ptr<FluxPipeline>> LoadFlux(const std::string& folder,
                                                       at::Device device) {
  absl::StatusOr<ModelLayout> layout = FindModelFiles({folder, {}});
  if (!layout.ok()) return layout.status();
  return FluxPipeline::Open(*layout, {device.str(), "float32"});
}

}  // namespace

void CheckFluxPipeline(const GoldenCase& golden, at::Device device, Report* report) {
  std::map<std::string, std::unique_ptr<FluxPipeline>> loaded;
  for (const auto& [label, info] : golden.info.at("runs").items()) {
    const std::string model = info.at("model");
    RunResult& result = report->Add(golden.name, label, model);
    const FluxRun run(golden, label, info);
    result.unknown = golden.Has(model) ? run.Unknown() : "the set does not have this model";
    if (!result.unknown.empty()) continue;
    std::unique_ptr<FluxPipeline>& pipeline = loaded[model];
    if (pipeline == nullptr) {
      absl::StatusOr<std::unique_ptr<FluxPipeline>> opened =
          LoadFlux(golden.Resolve(model), device);
      if (!opened.ok()) {
        result.failure = opened.status();
        continue;
      }
      pipeline = *std::move(opened);
    }
    pipeline->UseScheduler(info.at("scheduler_config"));
    result.failure = PipelineCheck(run, pipeline.get(), &result).Run();
  }
}

}  // namespace hanga
