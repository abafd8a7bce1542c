// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga get: one job, and why it is in its state.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/json_lines.h"
#include "client/cli/progress_line.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kGetExamples[] = R"(  hanga get 3f2a
  hanga get jobs/3f2a --json | jq '.job.attempts')";

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%E3S", ToTime(time), absl::LocalTimeZone());
}

void PrintEvents(const v1::Job& job) {
  Table table({"TIME", "STATE", "WHY"});
  for (const v1::JobEvent& event : job.events()) {
    table.Add({TimeText(event.time()), StateText(event.state()), event.message()});
  }
  table.Print(std::cout);
}

std::string Why(const v1::Attempt& attempt) {
  if (attempt.has_error()) {
    return absl::StrCat(attempt.error().reason(), ": ", attempt.error().message());
  }
  if (attempt.saved_step() > 0) return absl::StrCat("saved at step ", attempt.saved_step());
  return "";
}

void PrintAttempts(const v1::Job& job) {
  Table table({"IMAGE", "ATTEMPT", "WORKER", "OUTCOME", "STARTED", "TOOK", "WHY"});
  for (const v1::Attempt& attempt : job.attempts()) {
    const std::string took =
        attempt.has_end_time()
            ? ClockText(ToTime(attempt.end_time()) - ToTime(attempt.start_time()))
            : "-";
    table.Add({absl::StrCat(attempt.index()), absl::StrCat(attempt.attempt()),
               ResourceId(attempt.worker()), StateText(attempt.outcome()),
               TimeText(attempt.start_time()), took, Why(attempt)});
  }
  table.Print(std::cout);
}

void PrintJob(const v1::Job& job) {
  std::cout << PlainLine(job, absl::Now()) << "\n";
  if (!job.cached_from().empty()) std::cout << "the pictures of " << job.cached_from() << "\n";
  if (job.has_error()) std::cout << job.error().reason() << ": " << job.error().message() << "\n";
  std::cout << "\n";
  PrintEvents(job);
  if (job.attempts().empty()) return;
  std::cout << "\n";
  PrintAttempts(job);
}

absl::StatusOr<ExitCode> Get(const std::string& name, const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.status();
  const auto job = (*client)->Get(ResourceName("jobs", name));
  if (!job.ok()) return job.status();
  if (session.json) {
    std::cout << JsonLine("job", *job) << std::endl;
  } else {
    PrintJob(*job);
  }
  return kOk;
}

}  // namespace

void AddGetCommand(CLI::App& app, Session& session) {
  CLI::App* get = AddCommand(app, "get", "show a job, its attempts and why it is in its state",
                             kGetExamples);
  auto name = std::make_shared<std::string>();
  get->add_option("job", *name, "name or id of the job")->required();
  get->callback([name, &session] {
    session.run = [name](Session& session) { return Get(*name, session); };
  });
}

}  // namespace hanga::cli
