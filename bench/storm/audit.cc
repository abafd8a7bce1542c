// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/storm/audit.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga::bench {
namespace {

namespace fs = std::filesystem;

// gRPC and the pools start threads when they are needed first; 64 calls have come and gone.
constexpr int kMoreThreads = 24, kMoreDescriptors = 16;
constexpr absl::Duration kRestTime = absl::Seconds(30);

void AuditPictures(client::Client& client, const v1::Job& job, Ledger& ledger) {
  if (job.state() == v1::JOB_STATE_SUCCEEDED &&
      job.artifacts_size() != static_cast<int>(job.spec().num_images())) {
    ledger.Violation(absl::StrCat(job.name(), " succeeded with ", job.artifacts_size(), " of ",
                                  job.spec().num_images(), " pictures"));
  }
  for (int i = 0; i < job.artifacts_size(); ++i) {
    const v1::Artifact& artifact = job.artifacts(i);
    if (i > 0 && artifact.index() <= job.artifacts(i - 1).index()) {
      ledger.Violation(absl::StrCat(job.name(), " has its picture ", artifact.index(), " twice"));
    }
    ledger.Drawn(job, artifact);
    const auto bytes =
        client.Download(artifact.name(), [](std::string_view) { return absl::OkStatus(); });
    if (!bytes.ok()) {
      ledger.Violation(absl::StrCat(artifact.name(), ": ", bytes.status().ToString()));
    }
  }
}

uint64_t CountFiles(const fs::path& folder) {
  uint64_t count = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    count += it->is_regular_file() ? 1 : 0;
  }
  return count;
}

}  // namespace

uint64_t AuditJobs(const std::string& address, Ledger* ledger) {
  const auto client = *client::Client::Make({.address = address});
  std::map<std::string, v1::JobState> told = ledger->jobs();
  uint64_t artifacts = 0;
  v1::ListJobsRequest request;
  request.set_page_size(500);
  do {
    const auto page = client->List(request);
    if (!page.ok()) {
      ledger->Violation("the jobs cannot be listed: " + page.status().ToString());
      return artifacts;
    }
    for (const v1::Job& job : page->jobs()) {
      if (told.erase(job.name()) == 0) {
        ledger->Violation(job.name() + " is listed, but no client was told of it");
        continue;
      }
      if (!client::IsFinal(job.state())) {
        ledger->Violation(absl::StrCat(job.name(), " is ", v1::JobState_Name(job.state())));
      }
      ledger->Ended(job);
      artifacts += static_cast<uint64_t>(job.artifacts_size());
      AuditPictures(*client, job, *ledger);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  for (const auto& [job, state] : told) ledger->Violation(job + " was acknowledged, and is lost");
  return artifacts;
}

void AuditRest(const ServerProcess& server, const ProcessUse& before, Ledger* ledger) {
  const absl::Time deadline = absl::Now() + kRestTime;
  while (true) {
    const ProcessUse use = UseOf(server.pid());
    const size_t workers = server.workers().size(), devices = server.devices();
    if (use.threads <= before.threads + kMoreThreads &&
        use.descriptors <= before.descriptors + kMoreDescriptors && workers == devices) {
      return;
    }
    if (absl::Now() > deadline) {
      ledger->Violation(absl::StrCat("at rest hangad has ", use.threads, " threads, ",
                                     use.descriptors, " descriptors and ", workers,
                                     " workers; at its first start ", before.threads, " and ",
                                     before.descriptors, ", and ", devices, " devices"));
      return;
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

void AuditRemains(ServerProcess* server, const std::string& data, uint64_t artifacts,
                  Ledger* ledger) {
  const auto exit_code = server->Stop(absl::Minutes(1));
  if (!exit_code.ok() || *exit_code != 0) {
    ledger->Violation(absl::StrCat(
        "hangad did not stop cleanly: ",
        exit_code.ok() ? absl::StrCat("exit code ", *exit_code) : exit_code.status().ToString()));
  }
  for (const pid_t worker : server->workers()) {
    ledger->Violation(absl::StrCat("the worker process ", worker, " has outlived the stop"));
  }
  std::string report;
  const auto sound = server->CheckStore(&report);
  if (!sound.ok() || *sound != 0) ledger->Violation("check-store: " + report);

  const uint64_t files = CountFiles(data + "/artifacts");
  if (files != artifacts) {
    ledger->Violation(absl::StrCat(files, " files of artifacts, but ", artifacts, " artifacts"));
  }
  for (const char* folder : {"checkpoints", "blobs", "incoming"}) {
    const uint64_t left = CountFiles(fs::path(data) / folder);
    if (left != 0) ledger->Violation(absl::StrCat(left, " files are left in ", folder, "/"));
  }
}

}  // namespace hanga::bench
