// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga generate: submit, follow, write the pictures.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/cli/generation_flags.h"
#include "client/cli/interrupt_signals.h"
#include "client/cli/job_canceller.h"
#include "client/cli/json_lines.h"
#include "client/cli/output_files.h"
#include "client/cli/reporter.h"
#include "client/cli/session.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kExamples[] = R"(  hanga generate "a lighthouse at dusk" --model demo -o out/
  hanga generate "a lighthouse at dusk" --steps 20 --size 256x192 --seed 7 --images 4 -o out/
  hanga generate "a boat" --negative "people" --true-cfg 4 -o 'boat-{seed}.{ext}'
  hanga generate "a castle" --init sketch.png --strength 0.6 -o out/
  hanga generate "a castle" --lora watercolor:0.8 --lora my.safetensors:0.5
  hanga generate - --format webp --quality 80 --preview-interval 5 -o out/ < prompt.txt
  hanga generate "a red sun" --priority low --deadline 10m --label album=sea --no-wait
Ctrl-C cancels the job; a second Ctrl-C leaves it to itself.)";

struct GenerateFlags : GenerationFlags {
  std::string output = ".";
  bool overwrite = false, no_wait = false, cancel_on_disconnect = false;
};

// The only usable model, for a request that names none.
absl::StatusOr<std::string> OnlyModel(client::Client& client) {
  const auto models = client.ListModels();
  if (!models.ok()) return models.status();
  std::vector<std::string> usable;
  for (const v1::Model& model : *models) {
    if (model.state() != v1::MODEL_STATE_UNUSABLE) usable.push_back(ResourceId(model.name()));
  }
  if (usable.size() == 1) return usable.front();
  return absl::InvalidArgumentError(
      usable.empty() ? "--model: the server has no usable model (see hanga models)"
                     : absl::StrCat("--model: choose one of ", absl::StrJoin(usable, ", ")));
}

absl::StatusOr<ExitCode> SubmitOnly(const v1::SubmitJobRequest& request, client::Client& client,
                                    bool json) {
  const auto job = client.Submit(request);
  if (!job.ok()) return job.status();
  std::cout << (json ? JsonLine("job", *job) : job->name()) << std::endl;
  return kOk;
}

// Previews lie beside the picture that they become: "out/3f2a-0.png" has "out/3f2a-0-step5.png".
absl::Status WritePreview(const v1::Job& job, const v1::Preview& preview, const OutputFiles& files,
                          Reporter& reporter) {
  v1::Artifact picture;
  picture.set_name(absl::StrCat(job.name(), "/artifacts/", preview.index()));
  picture.set_index(preview.index());
  picture.set_seed(job.spec().seed() + preview.index());
  picture.set_content_type(preview.content_type());
  std::string path = files.PathOf(picture);
  const size_t dot = std::min(path.rfind('.'), path.size());
  path.insert(dot, absl::StrCat("-step", preview.step()));
  absl::Status status = WriteWhole(path, preview.data(), /*overwrite=*/true);
  if (status.ok()) reporter.OnPreview(preview, path);
  return status;
}

absl::StatusOr<ExitCode> Generate(v1::GenerateRequest request, const OutputFiles& files,
                                  client::Client& client, Reporter& reporter) {
  JobCanceller canceller(client, reporter);
  InterruptSignals signals([&](int count) { canceller.OnInterrupt(count); });
  v1::Job current;
  absl::Status preview_status;
  const client::GenerateEvents events{
      .on_job =
          [&](const v1::Job& job) {
            current = job;
            canceller.SetJob(job.name());
            reporter.OnJob(job);
          },
      .on_preview =
          [&](const v1::Preview& preview) {
            preview_status.Update(WritePreview(current, preview, files, reporter));
          },
      .on_image =
          [&](const v1::Artifact& artifact, std::string bytes) {
            const auto path = files.Write(artifact, bytes);
            if (path.ok()) reporter.OnImage(artifact, *path);
            return path.status();
          }};
  const auto job = client.Generate(std::move(request), events, canceller.interrupt());
  if (!job.ok()) {
    if (!canceller.interrupted() && !current.name().empty()) {
      reporter.OnNote(absl::StrCat(current.name(), " goes on: hanga download ",
                                   ResourceId(current.name()), " fetches its pictures"));
    }
    return job.status();
  }
  if (!preview_status.ok()) reporter.OnError(preview_status);
  return canceller.interrupted() ? kInterrupted : ExitCodeOf(job->state());
}

absl::StatusOr<ExitCode> Run(const GenerateFlags& flags, const Session& session) {
  auto submit = flags.Request(absl::Now());
  if (!submit.ok()) return submit.status();
  const auto files = OutputFiles::Make(flags.output, flags.images.value_or(1), flags.overwrite);
  if (!files.ok()) return files.status();
  if (absl::Status status = files->CheckFree(); !status.ok()) return status;

  if (!flags.no_wait) HoldInterruptSignals();
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  if (submit->spec().model().empty()) {
    const auto model = OnlyModel(**client);
    if (!model.ok()) return model.status();
    submit->mutable_spec()->set_model(ResourceName("models", *model));
  }
  absl::Status stored = flags.pictures.UploadFiles(**client, *submit->mutable_spec());
  if (stored.ok()) stored = flags.adapters.UploadFiles(**client, *submit->mutable_spec());
  if (!stored.ok()) return stored;
  if (flags.no_wait) return SubmitOnly(*submit, **client, session.json);

  v1::GenerateRequest request;
  *request.mutable_submit() = *std::move(submit);
  request.set_previews(flags.preview_interval.value_or(0) > 0);
  request.set_cancel_on_disconnect(flags.cancel_on_disconnect);
  return Generate(std::move(request), *files, **client, *MakeReporter(session.json));
}

}  // namespace

void AddGenerateCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      AddCommand(app, "generate", "draw pictures and write them to files", kExamples);
  auto flags = std::make_shared<GenerateFlags>();
  flags->AddTo(*command);
  const std::string group = "Output";
  command
      ->add_option("-o,--output", flags->output,
                   "folder (\"out/\": out/JOB-0.png), or a name with {job}, {index}, {seed}, {ext}")
      ->capture_default_str()
      ->group(group);
  command->add_flag("--overwrite", flags->overwrite, "replace files that exist")->group(group);
  command->add_flag("--no-wait", flags->no_wait, "print the job's name and return")->group(group);
  command
      ->add_flag("--cancel-on-disconnect", flags->cancel_on_disconnect,
                 "let the server cancel the job if this program goes away")
      ->group(group);
  command->callback([flags, &session] {
    session.run = [flags](Session& session) { return Run(*flags, session); };
  });
}

}  // namespace hanga::cli
