// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-noop-worker is hanga-worker with the family without weights alone. It starts in a tenth of
// the time, since it needs no LibTorch, and so takes more ill-treatment a second; agent, step loop
// and link are the same.
#include <CLI/CLI.hpp>

#include "worker/command/run.h"
#include "worker/pipelines/device.h"
#include "worker/pipelines/group.h"
#include "worker/pipelines/noop_pipeline.h"

namespace hanga {
namespace {

absl::Status NotNoop() {
  return absl::InvalidArgumentError("model: this worker knows HangaNoopPipeline alone");
}

}  // namespace

absl::StatusOr<ModelFacts> ExamineModel(const ModelFiles& files) {
  if (!IsNoop(files)) return NotNoop();
  return ExamineNoop(files);
}

absl::StatusOr<std::unique_ptr<Pipeline>> LoadPipeline(const ModelFiles& files,
                                                       const LoadOptions& options) {
  if (!IsNoop(files)) return NotNoop();
  return LoadNoop(files, options);
}

// Without blocks it has no part of a model: it joins no group.
absl::StatusOr<std::unique_ptr<GroupDoor>> OpenGroupDoor(const std::string&, const std::string&) {
  return NotNoop();
}

void SetComputeThreads(int) {}  // it computes with one

}  // namespace hanga

int main(int argc, char** argv) {
  hanga::RunOptions run;
  run.group_listen.clear();
  CLI::App app("hanga-worker without models.", "hanga-noop-worker");
  app.add_option("--scheduler", run.scheduler.target)->required();
  app.add_option("--device", run.device);
  app.add_option("--id", run.id);
  app.add_option("--threads", run.threads);
  app.add_option("--token-file", run.scheduler.token_file);
  app.add_option("--tls-ca", run.scheduler.tls_ca);
  app.add_option("--tls-cert", run.scheduler.tls_cert);
  app.add_option("--tls-key", run.scheduler.tls_key);
  app.add_option("--away-timeout", run.away_timeout);
  app.add_option("--log-level", run.log_level);
  app.add_option("--log-format", run.log_format);
  CLI11_PARSE(app, argc, argv);
  return hanga::Run(run);
}
