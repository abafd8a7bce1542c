// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/scheduler_options.h"

#include "absl/strings/str_cat.h"
#include "server/auth.h"

namespace hanga {
namespace {

// Changes with everything that may change what a worker finds or loads.
std::string Fingerprint(v1::ModelDeployment deployment) {
  std::string text =
      absl::StrCat(deployment.path(), "\n", deployment.dtype(), "\n", deployment.mode(), "\n",
                   deployment.placement(), "\n", deployment.max_pixels());
  if (deployment.weights() == "fp8") absl::StrAppend(&text, "\nweights=fp8");
  if (deployment.has_reserve_vram_bytes()) {
    absl::StrAppend(&text, "\nreserve_vram=", deployment.reserve_vram_bytes());
  }
  if (deployment.has_vram_limit_bytes()) {
    absl::StrAppend(&text, "\nvram_limit=", deployment.vram_limit_bytes());
  }
  if (deployment.keep_resident()) absl::StrAppend(&text, "\nkeep_resident");
  if (deployment.group_size() > 1) absl::StrAppend(&text, "\ngroup=", deployment.group_size());
  if (deployment.has_pinned_host_limit_bytes()) {
    absl::StrAppend(&text, "\npinned_host_limit=", deployment.pinned_host_limit_bytes());
  }
  if (deployment.has_host_limit_bytes()) {
    absl::StrAppend(&text, "\nhost_limit=", deployment.host_limit_bytes());
  }
  const std::map<std::string, std::string> components(deployment.components().begin(),
                                                      deployment.components().end());
  for (const auto& [name, path] : components) absl::StrAppend(&text, "\n", name, "=", path);
  if (!deployment.lora_dir().empty()) absl::StrAppend(&text, "\nlora_dir=", deployment.lora_dir());
  for (const v1::Lora& lora : deployment.loras())
    absl::StrAppend(&text, "\nlora=", lora.name(), ":", lora.weight());
  if (!deployment.embedding_dir().empty())
    absl::StrAppend(&text, "\nembedding_dir=", deployment.embedding_dir());
  return HashToken(text).substr(0, 16);
}

ModelOptions MakeModel(const ModelConfig& config) {
  ModelOptions model;
  v1::ModelDeployment& deployment = model.deployment;
  deployment.set_name(absl::StrCat("models/", config.name));
  deployment.set_path(config.path);
  deployment.set_dtype(config.dtype);
  deployment.set_weights(config.weights);
  deployment.set_preload(config.preload);
  deployment.set_mode(config.mode);
  deployment.set_placement(config.placement);
  deployment.set_max_pixels(config.max_pixels);
  if (config.group_size > 1) deployment.set_group_size(static_cast<uint32_t>(config.group_size));
  if (config.reserve_vram) deployment.set_reserve_vram_bytes(*config.reserve_vram);
  if (config.vram_limit) deployment.set_vram_limit_bytes(*config.vram_limit);
  deployment.set_keep_resident(config.keep_resident);
  if (config.pinned_host_limit) {
    deployment.set_pinned_host_limit_bytes(*config.pinned_host_limit);
  }
  if (config.host_limit) deployment.set_host_limit_bytes(*config.host_limit);
  deployment.mutable_components()->insert(config.components.begin(), config.components.end());
  deployment.set_lora_dir(config.lora_dir);
  for (const FixedLoraConfig& fixed : config.loras) {
    v1::Lora& lora = *deployment.add_loras();
    lora.set_name(fixed.name);
    lora.set_weight(fixed.weight);
  }
  deployment.set_embedding_dir(config.embedding_dir);
  deployment.set_revision(Fingerprint(deployment));
  model.max_running = static_cast<uint32_t>(config.max_running);
  model.defaults = config.defaults;
  return model;
}

}  // namespace

SchedulerOptions MakeSchedulerOptions(const Config& config, const std::string& data_folder) {
  SchedulerOptions options;
  options.data_dir = data_folder;
  for (const ModelConfig& model : config.models) options.models.push_back(MakeModel(model));
  for (const TenantConfig& tenant : config.tenants) {
    options.tenants[tenant.name] = {.weight = tenant.weight,
                                    .max_running = static_cast<uint32_t>(tenant.max_running),
                                    .max_queued = static_cast<uint32_t>(tenant.max_queued)};
  }
  options.retention.artifacts = config.artifacts.max_age;
  options.retention.artifact_bytes = config.artifacts.max_bytes;
  options.retention.inputs = config.inputs.max_age;
  options.retention.input_bytes = config.inputs.max_bytes;
  options.retention.input_bytes_per_tenant = config.inputs.max_tenant_bytes;
  options.retention.jobs = config.queue.finished_jobs;
  options.retention.request_ids = config.queue.request_ids;
  options.workers.heartbeat_interval = config.workers.heartbeat;
  options.workers.lease = config.workers.lease;
  options.workers.max_attempts = static_cast<uint32_t>(config.queue.max_attempts);
  options.workers.quarantine_failures = static_cast<uint32_t>(config.workers.crash_limit);
  options.workers.quarantine_window = config.workers.crash_window;
  options.workers.quarantine_period = config.workers.quarantine;
  options.max_queued = static_cast<uint32_t>(config.queue.max_tasks);
  return options;
}

}  // namespace hanga
