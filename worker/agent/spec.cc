// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/spec.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace hanga {

namespace {

PromptSyntax SyntaxOf(v1::PromptSyntax syntax) {
  switch (syntax) {
    case v1::PROMPT_SYNTAX_A1111:
      return PromptSyntax::kA1111;
    case v1::PROMPT_SYNTAX_COMFY:
      return PromptSyntax::kComfy;
    default:
      return PromptSyntax::kPlain;
  }
}

SecondPass SecondPassOf(const v1::SecondPass& spec) {
  SecondPass pass;
  pass.scale = spec.scale();
  pass.steps = static_cast<int>(spec.steps());
  pass.strength = spec.strength();
  pass.pixels = spec.space() == v1::UPSCALE_SPACE_PIXEL;
  pass.method = spec.method() == v1::UPSCALE_METHOD_NEAREST   ? SecondPass::Method::kNearest
                : spec.method() == v1::UPSCALE_METHOD_BICUBIC ? SecondPass::Method::kBicubic
                                                              : SecondPass::Method::kBilinear;
  return pass;
}

}  // namespace

GenerationRequest RequestOf(const v1::GenerationSpec& spec) {
  GenerationRequest request;
  request.prompt = spec.prompt();
  request.prompt_2 = spec.prompt_2();
  request.negative_prompt = spec.negative_prompt();
  request.negative_prompt_2 = spec.negative_prompt_2();
  request.prompt_syntax = SyntaxOf(spec.prompt_syntax());
  request.clip_skip = static_cast<int>(spec.clip_skip());
  request.max_sequence_length = static_cast<int>(spec.max_sequence_length());
  request.seed = spec.seed();
  request.steps = static_cast<int>(spec.steps());
  request.guidance_scale = spec.guidance_scale();
  if (spec.has_true_cfg_scale()) request.true_cfg_scale = spec.true_cfg_scale();
  request.sampler = spec.sampler();
  request.scheduler = spec.scheduler();
  if (spec.has_shift()) request.shift = spec.shift();
  request.eta = spec.eta();
  request.guidance_rescale = spec.guidance_rescale();
  request.guidance_start = spec.guidance_start();
  if (spec.has_guidance_end()) request.guidance_end = spec.guidance_end();
  if (spec.has_aesthetic_score()) request.aesthetic_score = spec.aesthetic_score();
  if (spec.has_negative_aesthetic_score()) {
    request.negative_aesthetic_score = spec.negative_aesthetic_score();
  }
  if (spec.has_strength()) request.strength = spec.strength();
  request.mask_blur = static_cast<int>(spec.mask_blur());
  if (spec.has_second_pass()) request.second_pass = SecondPassOf(spec.second_pass());
  request.width = static_cast<int>(spec.width());
  request.height = static_cast<int>(spec.height());
  for (const v1::Lora& lora : spec.loras()) {
    LoraUse use;
    use.name = lora.name();
    use.sha256 = lora.file().sha256();
    if (lora.has_weight()) use.weight = lora.weight();
    use.text_encoder_weight =
        lora.has_text_encoder_weight() ? lora.text_encoder_weight() : use.weight;
    request.loras.push_back(std::move(use));
  }
  for (const v1::Embedding& embedding : spec.embeddings()) {
    request.embeddings.push_back(
        {embedding.token(), embedding.name(), nullptr, embedding.file().sha256()});
  }
  return request;
}

void FillFiles(const InputSet& inputs, GenerationRequest* request) {
  for (LoraUse& use : request->loras) {
    const auto input = inputs.find(use.sha256);
    if (input != inputs.end()) use.file = input->second;
  }
  for (EmbeddingUse& use : request->embeddings) {
    const auto input = inputs.find(use.sha256);
    if (input != inputs.end()) use.file = input->second;
  }
}

ModelFiles FilesOf(const v1::ModelDeployment& deployment) {
  ModelFiles files;
  files.path = deployment.path();
  for (const auto& [component, path] : deployment.components()) files.components[component] = path;
  files.lora_folder = deployment.lora_dir();
  files.embedding_folder = deployment.embedding_dir();
  for (const v1::Lora& lora : deployment.loras()) {
    const std::string path = absl::StrCat(deployment.lora_dir(), "/", lora.name(), ".safetensors");
    files.loras.push_back({lora.name(), path, lora.has_weight() ? lora.weight() : 1});
  }
  return files;
}

PlacementLevers LeversOf(const v1::ModelDeployment& deployment) {
  PlacementLevers levers;
  if (!deployment.mode().empty()) levers.mode = deployment.mode();
  if (!deployment.placement().empty()) levers.expression = deployment.placement();
  if (deployment.has_reserve_vram_bytes()) {
    levers.reserve_vram_bytes = deployment.reserve_vram_bytes();
  }
  if (deployment.has_vram_limit_bytes()) levers.vram_limit_bytes = deployment.vram_limit_bytes();
  levers.keep_resident = deployment.keep_resident();
  if (deployment.has_pinned_host_limit_bytes()) {
    levers.pinned_host_limit_bytes = deployment.pinned_host_limit_bytes();
  }
  if (deployment.has_host_limit_bytes()) levers.host_limit_bytes = deployment.host_limit_bytes();
  return levers;
}

LoadOptions OptionsOf(const v1::ModelDeployment& deployment, const std::string& device) {
  LoadOptions options;
  options.device = device;
  if (!deployment.dtype().empty()) options.dtype = deployment.dtype();
  if (!deployment.weights().empty()) options.weights = deployment.weights();
  options.placement = LeversOf(deployment);
  return options;
}

namespace {

v1::GenerationSpec DefaultsOf(const GenerationRequest& defaults) {
  v1::GenerationSpec spec;
  if (defaults.max_sequence_length > 0) spec.set_max_sequence_length(defaults.max_sequence_length);
  spec.set_steps(defaults.steps);
  spec.set_guidance_scale(defaults.guidance_scale);
  spec.set_true_cfg_scale(defaults.true_cfg_scale);
  spec.set_sampler(defaults.sampler);
  spec.set_scheduler(defaults.scheduler);
  if (defaults.shift) spec.set_shift(*defaults.shift);
  spec.set_width(defaults.width);
  spec.set_height(defaults.height);
  return spec;
}

}  // namespace

v1::Model UsableModel(const v1::ModelDeployment& deployment, const ModelFacts& facts) {
  v1::Model model;
  model.set_name(deployment.name());
  model.set_family(facts.family);
  model.set_state(v1::MODEL_STATE_USABLE);
  model.set_sha256(facts.sha256);
  model.set_parameters(facts.parameters);
  model.set_weight_bytes(facts.weight_bytes);
  v1::ModelLimits& limits = *model.mutable_limits();
  limits.set_min_width(facts.limits.min_side);
  limits.set_min_height(facts.limits.min_side);
  limits.set_max_width(facts.limits.max_side);
  limits.set_max_height(facts.limits.max_side);
  const auto max_pixels = static_cast<uint64_t>(facts.limits.max_pixels);
  limits.set_max_pixels(deployment.max_pixels() == 0
                            ? max_pixels
                            : std::min<uint64_t>(max_pixels, deployment.max_pixels()));
  limits.set_size_multiple(facts.limits.size_multiple);
  limits.set_max_steps(facts.limits.max_steps);
  limits.set_max_sequence_length(facts.limits.max_sequence_length);
  for (const std::string& sampler : facts.limits.samplers) limits.add_samplers(sampler);
  for (const std::string& capability : facts.limits.capabilities) {
    // A job's adapters do not travel to the other ranks of a group.
    if (capability == "loras" && deployment.group_size() > 1) continue;
    limits.add_capabilities(capability);
  }
  for (const std::string& name : facts.loras) model.add_loras(name);
  for (const std::string& name : facts.embeddings) model.add_embeddings(name);
  *model.mutable_defaults() = DefaultsOf(facts.defaults);
  return model;
}

PictureMetadata MetadataOf(const v1::GenerationSpec& spec, const std::string& model_sha256) {
  PictureMetadata metadata;
  metadata.prompt = spec.prompt();
  metadata.negative_prompt = spec.negative_prompt();
  metadata.seed = spec.seed();
  metadata.steps = static_cast<int>(spec.steps());
  metadata.guidance_scale = spec.guidance_scale();
  if (spec.has_true_cfg_scale()) metadata.true_cfg_scale = spec.true_cfg_scale();
  metadata.sampler = spec.sampler();
  metadata.scheduler = spec.scheduler();
  if (spec.has_shift()) metadata.shift = spec.shift();
  metadata.width = static_cast<int>(spec.width());
  metadata.height = static_cast<int>(spec.height());
  metadata.model = std::string(absl::StripPrefix(spec.model(), "models/"));
  metadata.model_sha256 = model_sha256;
  metadata.version = HANGA_VERSION;
  for (const v1::Lora& lora : spec.loras()) {
    const std::string name = lora.has_file() ? lora.file().sha256().substr(0, 12) : lora.name();
    metadata.loras.push_back(absl::StrCat(name, ":", lora.has_weight() ? lora.weight() : 1));
  }
  return metadata;
}

}  // namespace hanga
