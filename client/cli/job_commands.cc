// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga jobs, hanga watch, hanga cancel.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/interrupt_signals.h"
#include "client/cli/json_lines.h"
#include "client/cli/progress_line.h"
#include "client/cli/reporter.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kJobsExamples[] = R"(  hanga jobs
  hanga jobs --state queued --state running
  hanga jobs --limit 1000 --json | jq -r '.job.name')";

constexpr char kWatchExamples[] = R"(  hanga watch 3f2a
  hanga watch jobs/3f2a --json
Ctrl-C stops watching; the job goes on.)";

constexpr char kCancelExamples[] = R"(  hanga cancel 3f2a
  hanga jobs --state queued --json | jq -r '.job.name' | xargs hanga cancel)";

struct JobsFlags {
  std::vector<std::string> states;
  uint32_t limit = 50;
};

// A prompt's first line, as far as it fits.
std::string Excerpt(const std::string& prompt) {
  constexpr size_t kLongest = 48;
  std::string text = prompt.substr(0, prompt.find('\n'));
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // not inside a UTF-8 character
  return text.substr(0, end) + "...";
}

void PrintJobs(const std::vector<v1::Job>& jobs) {
  Table table({"JOB", "STATE", "IMAGES", "STEPS", "AGE", "MODEL", "PROMPT"});
  const absl::Time now = absl::Now();
  for (const v1::Job& job : jobs) {
    const JobProgress progress = Progress(job, now);
    table.Add({ResourceId(job.name()), StateText(job.state()),
               absl::StrCat(progress.images_done, "/", progress.images),
               absl::StrCat(progress.steps_done, "/", progress.steps),
               ClockText(now - ToTime(job.create_time())), ResourceId(job.spec().model()),
               Excerpt(job.spec().prompt())});
  }
  table.Print(std::cout);
}

absl::StatusOr<ExitCode> Jobs(const JobsFlags& flags, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  v1::ListJobsRequest request;
  for (const std::string& name : flags.states) {
    const auto state = ParseJobState("--state", name);
    if (!state.ok()) return state.status();
    request.add_states(*state);
  }
  std::vector<v1::Job> jobs;
  while (jobs.size() < flags.limit) {
    request.set_page_size(std::min<uint32_t>(1000, flags.limit - jobs.size()));
    const auto page = (*client)->List(request);
    if (!page.ok()) return page.status();
    jobs.insert(jobs.end(), page->jobs().begin(), page->jobs().end());
    request.set_page_token(page->next_page_token());
    if (request.page_token().empty()) break;
  }
  if (!session.json) PrintJobs(jobs);
  for (const v1::Job& job : jobs) {
    if (session.json) std::cout << JsonLine("job", job) << '\n';
  }
  return kOk;
}

absl::StatusOr<ExitCode> Watch(const std::string& job, const Session& session) {
  HoldInterruptSignals();
  client::Interrupt interrupt;
  InterruptSignals signals([&](int) { interrupt.Trigger(); });
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto reporter = MakeReporter(session.json);
  v1::WatchJobRequest request;
  request.set_name(ResourceName("jobs", job));
  const auto last = (*client)->Watch(
      request, {.on_job = [&](const v1::Job& job) { reporter->OnJob(job); }}, &interrupt);
  if (interrupt.triggered()) return kInterrupted;
  if (!last.ok()) return last.status();
  return ExitCodeOf(last->state());
}

absl::StatusOr<ExitCode> Cancel(const std::vector<std::string>& names, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto reporter = MakeReporter(session.json);
  ExitCode code = kOk;
  for (const std::string& name : names) {
    const auto job = (*client)->Cancel(ResourceName("jobs", name));
    if (!job.ok()) {
      reporter->OnError(job.status());
      if (code == kOk) code = ExitCodeOf(job.status());
      continue;
    }
    std::cout << (session.json ? JsonLine("job", *job)
                               : absl::StrCat(job->name(), " ", StateText(job->state())))
              << std::endl;
  }
  return code;
}

}  // namespace

void AddJobCommands(CLI::App& app, Session& session) {
  CLI::App* jobs = AddCommand(app, "jobs", "list jobs, newest first", kJobsExamples);
  auto flags = std::make_shared<JobsFlags>();
  jobs->add_option(
          "--state", flags->states,
          "queued, running, cancelling, succeeded, failed, cancelled or expired; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  jobs->add_option("--limit", flags->limit, "jobs at most")->capture_default_str();
  jobs->callback([flags, &session] {
    session.run = [flags](Session& session) { return Jobs(*flags, session); };
  });

  CLI::App* watch = AddCommand(app, "watch", "follow a job to its end", kWatchExamples);
  auto watched = std::make_shared<std::string>();
  watch->add_option("job", *watched, "name or id of the job")->required();
  watch->callback([watched, &session] {
    session.run = [watched](Session& session) { return Watch(*watched, session); };
  });

  CLI::App* cancel = AddCommand(app, "cancel", "stop jobs, within one step", kCancelExamples);
  auto cancelled = std::make_shared<std::vector<std::string>>();
  cancel->add_option("job", *cancelled, "names or ids of jobs")->required();
  cancel->callback([cancelled, &session] {
    session.run = [cancelled](Session& session) { return Cancel(*cancelled, session); };
  });
}

}  // namespace hanga::cli
