// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which pipeline draws with which files.
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/device_group.h"
#include "worker/pipelines/flux_group.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/latent_group.h"
#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/model_adapters.h"
#include "worker/pipelines/model_layout.h"
#include "worker/pipelines/noop_pipeline.h"
#include "worker/pipelines/pipeline.h"
#include "worker/pipelines/torch_options.h"
#include "worker/profile/topology_probe.h"
#include "worker/samplers/flow_schedule.h"
#include "worker/weights/checkpoint.h"
#include "worker/weights/hash_cache.h"

namespace hanga {
namespace {

absl::Status ExamineFlux(const ModelLayout& layout, ModelFacts* facts) {
  absl::StatusOr<std::unique_ptr<FluxModel>> model = FluxModel::Open(layout);
  if (!model.ok()) return model.status();
  const absl::StatusOr<FlowMatchConfig> schedule = FlowMatchConfig::FromJson((*model)->scheduler);
  if (!schedule.ok()) return schedule.status();
  const absl::StatusOr<std::unique_ptr<FluxTextEncoder>> text =
      FluxTextEncoder::Load(layout, **model, at::kCPU);
  if (!text.ok()) return text.status();
  return DescribeFlux(layout, **model, facts);
}

absl::Status ExamineLatent(const ModelLayout& layout, ModelFacts* facts) {
  const absl::StatusOr<std::unique_ptr<LatentModel>> model = OpenLatentModel(layout);
  if (!model.ok()) return model.status();
  return DescribeLatentModel(layout, **model, facts);
}

struct ProfileTypes {
  at::ScalarType type = at::kBFloat16;
  WeightStorage storage = at::kBFloat16;
};

absl::StatusOr<ProfileTypes> TypesOf(const ProfileRequest& request) {
  const absl::StatusOr<at::ScalarType> type =
      ParseDtype(request.dtype == "auto" ? "bfloat16" : request.dtype, at::kCPU);
  if (!type.ok()) return type.status();
  const absl::StatusOr<WeightStorage> storage = ParseWeights(request.weights, *type);
  if (!storage.ok()) return storage.status();
  return ProfileTypes{*type, *storage};
}

void Apply(const ProfileRequest& request, GenerationRequest* drawn) {
  if (request.width > 0) drawn->width = request.width;
  if (request.height > 0) drawn->height = request.height;
  if (request.steps > 0) drawn->steps = request.steps;
}

absl::StatusOr<placement::ModelProfile> ProfileFluxFiles(const ModelLayout& layout,
                                                         const std::string& name,
                                                         const ProfileRequest& request,
                                                         const ProfileTypes& types) {
  const absl::StatusOr<std::unique_ptr<FluxModel>> model = FluxModel::Open(layout);
  if (!model.ok()) return model.status();
  ModelFacts facts;
  if (absl::Status s = DescribeFlux(layout, **model, &facts); !s.ok()) return s;
  Apply(request, &facts.defaults);
  placement::ModelProfile profile =
      ProfileOf(name, ArchitectureOf(**model), facts.defaults, types.storage);
  ApplyMeasured(
      DefaultCacheFolder(),
      MeasuredKeyOf((*model)->Fingerprint(), types.storage, "", profile.width, profile.height),
      &profile);
  return profile;
}

absl::StatusOr<placement::ModelProfile> ProfileLatentFiles(const ModelLayout& layout,
                                                           const std::string& name,
                                                           const ProfileRequest& request,
                                                           const ProfileTypes& types) {
  const absl::StatusOr<std::unique_ptr<LatentModel>> model = OpenLatentModel(layout);
  if (!model.ok()) return model.status();
  ModelFacts facts;
  if (absl::Status s = DescribeLatentModel(layout, **model, &facts); !s.ok()) return s;
  Apply(request, &facts.defaults);
  (*model)->ComputeIn(at::kCPU, types.type);
  return ProfileOf(name, **model, facts.defaults);
}

struct FamilyPipeline {
  std::string_view family;
  absl::Status (*examine)(const ModelLayout& layout, ModelFacts* facts);
  absl::StatusOr<std::unique_ptr<Pipeline>> (*load)(const ModelLayout& layout,
                                                    const LoadOptions& options);
  absl::StatusOr<placement::ModelProfile> (*profile)(const ModelLayout& layout,
                                                     const std::string& name,
                                                     const ProfileRequest& request,
                                                     const ProfileTypes& types);
  // The blocks of a rank that follows in a group.
  absl::StatusOr<std::unique_ptr<RankPart>> (*load_part)(const ModelLayout& layout,
                                                         const LoadOptions& options,
                                                         const placement::Plan& plan, int rank);
};

// A new pipeline is one line here.
constexpr FamilyPipeline kPipelines[] = {
    {"flux", ExamineFlux, FluxPipeline::Load, ProfileFluxFiles, LoadFluxPart},
    {"sd", ExamineLatent, LatentPipeline::Load, ProfileLatentFiles, LoadLatentPart},
    {"sdxl", ExamineLatent, LatentPipeline::Load, ProfileLatentFiles, LoadLatentPart},
    {"sdxl_refiner", ExamineLatent, LatentPipeline::Load, ProfileLatentFiles},
    {"sd3", ExamineLatent, LatentPipeline::Load, ProfileLatentFiles, LoadLatentPart},
};

absl::StatusOr<const FamilyPipeline*> PipelineOf(const ModelLayout& layout) {
  for (const FamilyPipeline& pipeline : kPipelines) {
    if (pipeline.family == layout.family->name) return &pipeline;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("no pipeline draws with ", std::string(layout.family->name), " models"));
}

// Every weight file once, under the name by which the model's hash knows it.
absl::StatusOr<std::string> HashWeights(const ModelLayout& layout) {
  std::set<std::string> seen;
  std::vector<HashedFile> files;
  for (const auto& [name, part] : layout.parts) {
    const absl::StatusOr<CheckpointFiles> checkpoint = FindCheckpoint(part.weights);
    if (!checkpoint.ok()) return checkpoint.status();
    const bool folder =
        checkpoint->shards.size() != 1 || checkpoint->shards.front() != part.weights;
    for (const std::string& shard : checkpoint->shards) {
      if (!seen.insert(shard).second) continue;
      const std::string base = std::filesystem::path(shard).filename();
      files.push_back({folder ? absl::StrCat(name, "/", base) : base, shard});
    }
  }
  for (const FixedLora& lora : layout.loras)
    files.push_back({absl::StrCat("loras/", lora.name, ":", lora.weight), lora.path});
  return HashModelOnce(files, DefaultCacheFolder());
}

}  // namespace

absl::StatusOr<ModelFacts> ExamineModel(const ModelFiles& files) {
  if (IsNoop(files)) return ExamineNoop(files);
  const absl::StatusOr<ModelLayout> layout = FindModelFiles(files);
  if (!layout.ok()) return layout.status();
  const absl::StatusOr<const FamilyPipeline*> pipeline = PipelineOf(*layout);
  if (!pipeline.ok()) return pipeline.status();
  ModelFacts facts;
  if (absl::Status s = (*pipeline)->examine(*layout, &facts); !s.ok()) return s;
  absl::StatusOr<std::string> hash = HashWeights(*layout);
  if (!hash.ok()) return hash.status();
  facts.sha256 = *std::move(hash);
  if (!files.lora_folder.empty()) facts.loras = AdaptersIn(files.lora_folder);
  if (!files.embedding_folder.empty()) facts.embeddings = AdaptersIn(files.embedding_folder);
  return facts;
}

absl::StatusOr<placement::ModelProfile> ProfileModel(const ModelFiles& files,
                                                     const ProfileRequest& request) {
  const absl::StatusOr<ModelLayout> layout = FindModelFiles(files);
  if (!layout.ok()) return layout.status();
  const absl::StatusOr<const FamilyPipeline*> pipeline = PipelineOf(*layout);
  if (!pipeline.ok()) return pipeline.status();
  const absl::StatusOr<ProfileTypes> types = TypesOf(request);
  if (!types.ok()) return types.status();
  const std::string name = std::filesystem::path(files.path).lexically_normal().filename().string();
  return (*pipeline)->profile(*layout, name, request, *types);
}

absl::StatusOr<std::unique_ptr<Pipeline>> LoadPipeline(const ModelFiles& files,
                                                       const LoadOptions& options) {
  if (IsNoop(files)) return LoadNoop(files, options);
  const absl::StatusOr<ModelLayout> layout = FindModelFiles(files);
  if (!layout.ok()) return layout.status();
  const absl::StatusOr<const FamilyPipeline*> pipeline = PipelineOf(*layout);
  if (!pipeline.ok()) return pipeline.status();
  return (*pipeline)->load(*layout, options);
}

absl::StatusOr<std::unique_ptr<RankPart>> LoadRankPart(const ModelFiles& files,
                                                       const LoadOptions& options,
                                                       const placement::Plan& plan, int rank) {
  const absl::StatusOr<ModelLayout> layout = FindModelFiles(files);
  if (!layout.ok()) return layout.status();
  const absl::StatusOr<const FamilyPipeline*> pipeline = PipelineOf(*layout);
  if (!pipeline.ok()) return pipeline.status();
  return (*pipeline)->load_part(*layout, options, plan, rank);
}

}  // namespace hanga
