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
#include "worker/check/latent_run.h"
#include "worker/media/png.h"
#include "worker/pipelines/model_layout.h"

namespace hanga {
namespace {

constexpr double kScheduleTolerance = 1e-6;

double LargestDifference(const Image& ours, const Image& reference) {
  if (ours.width != reference.width || ours.height != reference.height) return 255;
  int largest = 0;
  for (size_t i = 0; i < ours.rgb.size(); ++i)
    largest = std::max(largest, std::abs(int{ours.rgb[i]} - int{reference.rgb[i]}));
  return largest;
}

// One run of a pipeline case: a batch of images, walked step by step.
class PipelineCheck {
 public:
  PipelineCheck(const LatentRun& run, LatentPipeline* pipeline, RunResult* result)
      : run_(run), pipeline_(pipeline), result_(result) {}

  absl::Status Run() {
    auto begun = run_.Begin(pipeline_);
    if (!begun.ok()) return begun.status();
    for (const auto& generation : *begun) batch_.push_back(generation.get());
    CompareEmbeddings();
    if (absl::Status s = WalkAndCompare(); !s.ok()) return s;
    return DecodeAndCompare();
  }

 private:
  void CompareRows(const std::string& name, const std::string& what, double tolerance,
                   const std::vector<at::Tensor>& rows) {
    if (rows.front().defined())
      Compare(what, at::cat(rows), run_.Output(name), run_.Tolerance(what, tolerance), result_);
  }

  void CompareEmbeddings() {
    std::vector<at::Tensor> text, pooled, negative, negative_pooled;
    for (const LatentGeneration* g : batch_) {
      text.push_back(g->text.text);
      pooled.push_back(g->text.pooled);
      negative.push_back(g->negative ? g->negative->text : at::Tensor());
      negative_pooled.push_back(g->negative ? g->negative->pooled : at::Tensor());
    }
    CompareRows("embeds.prompt_embeds", "embeds", 1e-5, text);
    CompareRows("embeds.pooled_prompt_embeds", "embeds", 1e-5, pooled);
    CompareRows("embeds.negative_prompt_embeds", "embeds", 1e-5, negative);
    CompareRows("embeds.negative_pooled_prompt_embeds", "embeds", 1e-5, negative_pooled);
  }

  // The reference keeps all states, or the last one alone.
  void CompareLast(const std::string& name, const std::vector<at::Tensor>& states,
                   double tolerance) {
    at::Tensor reference = run_.Output(name);
    if (!reference.defined()) return;
    // The reference's states of a repainted picture are those before what stays was put back.
    const auto& mask = batch_.front()->mask;
    const at::Tensor compared = mask ? 1 - mask->keep.cpu() : at::ones({1});
    const auto kept = std::min<int64_t>(reference.size(0), static_cast<int64_t>(states.size()));
    Compare(name,
            at::stack(std::vector<at::Tensor>(states.end() - kept, states.end())).cpu() * compared,
            reference * compared, tolerance, result_);
  }

  absl::Status WalkAndCompare() {
    const auto latents_now = [&] {
      std::vector<at::Tensor> rows;
      for (const LatentGeneration* g : batch_) rows.push_back(g->latents);
      return at::cat(rows);
    };
    const Sampler& sampler = *batch_.front()->sampler;
    const std::vector<float>& all = sampler.timesteps();
    const std::vector<float> walked(all.begin() + batch_.front()->first_step, all.end());
    Compare("timesteps", at::tensor(walked), run_.Output("timesteps"), kScheduleTolerance, result_);
    Compare("sigmas", at::tensor(sampler.sigmas()), run_.Output("sigmas"), kScheduleTolerance,
            result_);
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
    std::vector<at::Tensor> inputs, decoded;
    for (const LatentGeneration* g : batch_) {
      inputs.push_back(pipeline_->DecoderInput(*g));
      const absl::StatusOr<at::Tensor> pixels = pipeline_->Decode(inputs.back());
      if (!pixels.ok()) return pixels.status();
      decoded.push_back(*pixels);
    }
    Compare("decoder_input", at::cat(inputs), run_.Output("decoder_input"),
            run_.Tolerance("latents", 2e-5), result_);
    Compare("decoded", at::cat(decoded), run_.Output("decoded"), run_.Tolerance("decoded", 5e-5),
            result_);
    for (size_t i = 0; i < batch_.size(); ++i) {
      const std::string name = absl::StrCat(result_->run, ".", i, ".png");
      std::ifstream file(run_.Path(name), std::ios::binary);
      if (!file) continue;
      const auto reference = DecodePng(std::string(std::istreambuf_iterator<char>(file), {}));
      if (!reference.ok()) return reference.status();
      const absl::StatusOr<Image> ours = pipeline_->Finish(*batch_[i]);
      if (!ours.ok()) return ours.status();
      result_->quantities.push_back({name, LargestDifference(*ours, reference->image),
                                     run_.Tolerance("png_levels", 1), "levels"});
    }
    return absl::OkStatus();
  }

  const LatentRun& run_;
  LatentPipeline* const pipeline_;
  RunResult* const result_;
  std::vector<LatentGeneration*> batch_;
};

absl::StatusOr<std::unique_ptr<LatentPipeline>> OpenPipeline(const std::string& folder,
                                                             at::Device device) {
  absl::StatusOr<ModelLayout> layout = FindModelFiles({folder, {}});
  if (!layout.ok()) return layout.status();
  return LatentPipeline::Open(*layout, {device.str(), "float32"});
}

}  // namespace

void CheckLatentPipeline(const GoldenCase& golden, at::Device device, Report* report) {
  std::map<std::string, std::unique_ptr<LatentPipeline>> loaded;
  for (const auto& [label, info] : golden.info.at("runs").items()) {
    const std::string model = info.at("model");
    RunResult& result = report->Add(golden.name, label, model);
    const LatentRun run(golden, label, info);
    result.unknown = golden.Has(model) ? run.Unknown() : "the set does not have this model";
    if (!result.unknown.empty()) continue;
    std::unique_ptr<LatentPipeline>& pipeline = loaded[model];
    if (pipeline == nullptr) {
      auto opened = OpenPipeline(golden.Resolve(model), device);
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
