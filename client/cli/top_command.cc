// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga top: a live view of workers, GPUs, queue and jobs.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/interrupt_signals.h"
#include "client/cli/progress_line.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/interrupt.h"

namespace hanga::cli {
namespace {

constexpr char kTopExamples[] = R"(  hanga top
  hanga top --interval 5s
  hanga top --once
Ctrl-C ends it.)";

// Moves to the corner, and clears from there to the end of the screen.
constexpr char kRedraw[] = "\033[H\033[J";

struct TopFlags {
  std::string interval = "1s";
  bool once = false;
};

std::string MemoryText(const v1::DeviceInfo& device) {
  if (device.memory_bytes() == 0) return "-";
  const uint64_t used =
      device.memory_bytes() - std::min(device.memory_bytes(), device.free_bytes());
  return absl::StrCat(BytesText(used), " of ", BytesText(device.memory_bytes()));
}

void PrintWorkers(const std::vector<v1::Worker>& workers, std::ostream& out) {
  Table table({"WORKER", "STATE", "DEVICE", "MEMORY USED", "RUNNING", "DONE", "FAILED", "NOTE"});
  for (const v1::Worker& worker : workers) {
    table.Add({ResourceId(worker.name()), StateText(worker.state()), worker.device().model(),
               MemoryText(worker.device()), absl::StrCat(worker.running_size()),
               absl::StrCat(worker.tasks_finished()), absl::StrCat(worker.tasks_failed()),
               NoteText(worker)});
  }
  table.Print(out);
}

void PrintJobs(const std::vector<v1::Job>& jobs, size_t rows, std::ostream& out) {
  Table table({"JOB", "STATE", "IMAGES", "STEPS", "AGE", "LEFT", "MODEL"});
  const absl::Time now = absl::Now();
  for (size_t i = 0; i < std::min(rows, jobs.size()); ++i) {
    const v1::Job& job = jobs[i];
    const JobProgress progress = Progress(job, now);
    table.Add({ResourceId(job.name()), StateText(job.state()),
               absl::StrCat(progress.images_done, "/", progress.images),
               absl::StrCat(progress.steps_done, "/", progress.steps),
               ClockText(now - ToTime(job.create_time())),
               progress.remaining ? ClockText(*progress.remaining) : "-",
               ResourceId(job.spec().model())});
  }
  table.Print(out);
}

absl::StatusOr<std::vector<v1::Job>> JobsIn(client::Client& client,
                                            std::initializer_list<v1::JobState> states) {
  v1::ListJobsRequest request;
  for (const v1::JobState state : states) request.add_states(state);
  request.set_page_size(1000);
  const auto page = client.List(request);
  if (!page.ok()) return page.status();
  return std::vector<v1::Job>(page->jobs().begin(), page->jobs().end());
}

// One screen of at most `rows` lines.
absl::StatusOr<std::string> Screen(client::Client& client, size_t rows) {
  const auto workers = client.ListWorkers();
  if (!workers.ok()) return workers.status();
  auto jobs = JobsIn(client, {v1::JOB_STATE_RUNNING, v1::JOB_STATE_CANCELLING});
  if (!jobs.ok()) return jobs.status();
  const auto queued = JobsIn(client, {v1::JOB_STATE_QUEUED});
  if (!queued.ok()) return queued.status();
  const size_t ready = static_cast<size_t>(std::count_if(
      workers->begin(), workers->end(),
      [](const v1::Worker& worker) { return worker.state() == v1::WORKER_STATE_READY; }));
  std::ostringstream out;
  out << ready << " of " << workers->size() << " workers ready, " << jobs->size()
      << " jobs running, " << queued->size() << (queued->size() == 1000 ? " or more" : "")
      << " queued\n\n";
  PrintWorkers(*workers, out);
  out << '\n';
  jobs->insert(jobs->end(), queued->rbegin(), queued->rend());  // the oldest first
  const size_t used = workers->size() + 6;
  PrintJobs(*jobs, rows > used ? rows - used : 1, out);
  return out.str();
}

size_t TerminalRows() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 50;
}

absl::StatusOr<ExitCode> Top(const TopFlags& flags, const Session& session) {
  const auto interval = ParseDuration("--interval", flags.interval);
  if (!interval.ok()) return interval.status();
  if (*interval < absl::Milliseconds(100)) {
    return absl::InvalidArgumentError("--interval: must be at least 100ms");
  }
  HoldInterruptSignals();
  client::Interrupt interrupt;
  InterruptSignals signals([&](int) { interrupt.Trigger(); });
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const bool once = flags.once || isatty(STDOUT_FILENO) == 0;
  do {
    const auto screen = Screen(**client, TerminalRows());
    if (!screen.ok()) return screen.status();
    std::cout << (once ? "" : kRedraw) << *screen << std::flush;
  } while (!once && !interrupt.WaitFor(*interval));
  return kOk;
}

}  // namespace

void AddTopCommand(CLI::App& app, Session& session) {
  CLI::App* top =
      AddCommand(app, "top", "watch workers, queue and jobs in the terminal", kTopExamples);
  auto flags = std::make_shared<TopFlags>();
  top->add_option("--interval", flags->interval, "between two looks")->capture_default_str();
  top->add_flag("--once", flags->once, "print one look; so does a pipe");
  top->callback([flags, &session] {
    session.run = [flags](Session& session) { return Top(*flags, session); };
  });
}

}  // namespace hanga::cli
