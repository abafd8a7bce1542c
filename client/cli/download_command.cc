// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga download: fetch the pictures of a job.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/interrupt_signals.h"
#include "client/cli/output_files.h"
#include "client/cli/reporter.h"
#include "client/cli/session.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kExamples[] = R"(  hanga download 3f2a -o out/
  hanga download jobs/3f2a --index 2 -o second.png
A broken download goes on where it stopped; the SHA-256 of each picture is checked.)";

struct DownloadFlags {
  std::string job;
  std::vector<uint32_t> indices;
  std::string output = ".";
  bool overwrite = false;
};

// The artifacts asked for: all finished ones, or those of --index.
absl::StatusOr<std::vector<std::string>> Wanted(const v1::Job& job,
                                                const std::vector<uint32_t>& indices) {
  std::vector<std::string> names;
  for (const uint32_t index : indices) {
    names.push_back(absl::StrCat(job.name(), "/artifacts/", index));
  }
  if (!indices.empty()) return names;
  for (const v1::Artifact& artifact : job.artifacts()) names.push_back(artifact.name());
  if (!names.empty()) return names;
  return absl::NotFoundError(
      absl::StrCat(job.name(), " is ", StateText(job.state()), " and has no pictures"));
}

absl::StatusOr<ExitCode> Run(const DownloadFlags& flags, const Session& session) {
  HoldInterruptSignals();
  client::Interrupt interrupt;
  InterruptSignals signals([&](int) { interrupt.Trigger(); });
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto job = (*client)->Get(ResourceName("jobs", flags.job));
  if (!job.ok()) return job.status();
  const auto names = Wanted(*job, flags.indices);
  if (!names.ok()) return names.status();
  const auto files = OutputFiles::Make(flags.output, names->size(), flags.overwrite);
  if (!files.ok()) return files.status();
  if (absl::Status status = files->CheckFree(); !status.ok()) return status;

  const auto reporter = MakeReporter(session.json);
  for (const std::string& name : *names) {
    std::string bytes;
    const auto artifact = (*client)->Download(
        name,
        [&](std::string_view piece) {
          bytes += piece;
          return absl::OkStatus();
        },
        &interrupt);
    if (interrupt.triggered()) return kInterrupted;
    if (!artifact.ok()) return artifact.status();
    const auto path = files->Write(*artifact, bytes);
    if (!path.ok()) return path.status();
    reporter->OnImage(*artifact, *path);
  }
  return kOk;
}

}  // namespace

void AddDownloadCommand(CLI::App& app, Session& session) {
  CLI::App* command = AddCommand(app, "download", "fetch the pictures of a job", kExamples);
  auto flags = std::make_shared<DownloadFlags>();
  command->add_option("job", flags->job, "name or id of the job")->required();
  command->add_option("--index", flags->indices, "only this image, from 0; may be repeated")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("-o,--output", flags->output, "folder, or a name as for generate")
      ->capture_default_str();
  command->add_flag("--overwrite", flags->overwrite, "replace files that exist");
  command->callback([flags, &session] {
    session.run = [flags](Session& session) { return Run(*flags, session); };
  });
}

}  // namespace hanga::cli
