// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga trace: a job's timeline.
#include <iostream>

#include "absl/time/clock.h"
#include "client/cli/interrupt_signals.h"
#include "client/cli/job_trace.h"
#include "client/cli/output_files.h"
#include "client/cli/session.h"
#include "client/cli/text.h"
#include "client/interrupt.h"

namespace hanga::cli {
namespace {

constexpr char kTraceExamples[] = R"(  hanga trace 3f2a --chrome out.json
  hanga trace $(hanga generate "a boat" --no-wait) --chrome out.json
A job that runs is followed to its end, with every step; of one that has ended there are its states
and attempts. Open the file in ui.perfetto.dev.)";

struct TraceFlags {
  std::string job, file;
};

absl::StatusOr<ExitCode> Trace(const TraceFlags& flags, const Session& session) {
  HoldInterruptSignals();
  client::Interrupt interrupt;
  InterruptSignals signals([&](int) { interrupt.Trigger(); });
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  JobTrace trace;
  v1::WatchJobRequest request;
  request.set_name(ResourceName("jobs", flags.job));
  request.set_max_rate(20);
  const auto watched = (*client)->Watch(
      request, {.on_job = [&](const v1::Job& job) { trace.See(job, absl::Now()); }}, &interrupt);
  if (!watched.ok() && !interrupt.triggered()) return watched.status();
  const auto job = (*client)->Get(request.name());
  if (!job.ok()) return job.status();
  if (auto status = WriteWhole(flags.file, trace.ToChromeJson(*job), /*overwrite=*/true);
      !status.ok()) {
    return status;
  }
  std::cout << flags.file << '\n';
  return kOk;
}

}  // namespace

void AddTraceCommand(CLI::App& app, Session& session) {
  CLI::App* trace = AddCommand(app, "trace", "write the timeline of a job", kTraceExamples);
  auto flags = std::make_shared<TraceFlags>();
  trace->add_option("job", flags->job, "name or id of the job")->required();
  trace->add_option("--chrome", flags->file, "file in Chrome's trace format")->required();
  trace->callback([flags, &session] {
    session.run = [flags](Session& session) { return Trace(*flags, session); };
  });
}

}  // namespace hanga::cli
