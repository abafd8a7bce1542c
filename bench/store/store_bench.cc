// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-store-bench DIR [--jobs N] [--callers N]: durable submits a second of the job store alone,
// then how long a start takes when they have all finished. Prints flat JSON.
#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "hanga/v1/generation_service.pb.h"
#include "scheduler/data_folder.h"
#include "scheduler/sqlite_job_store.h"

namespace hanga {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

std::string TypicalRequest() {
  v1::SubmitJobRequest request;
  auto* spec = request.mutable_spec();
  spec->set_model("models/flux-dev");
  spec->set_prompt("a lighthouse on a cliff at dusk, woodblock print, muted colours, fine lines");
  spec->set_seed(0x1234'5678'9abc'def0);
  spec->set_steps(28);
  spec->set_guidance_scale(3.5);
  spec->set_true_cfg_scale(1);
  spec->set_sampler("flow_match_euler");
  spec->set_width(1024);
  spec->set_height(1024);
  spec->set_num_images(1);
  request.set_request_id("123e4567-e89b-12d3-a456-426614174000");
  return request.SerializeAsString();
}

StoreChange NewJob(JobId id, const std::string& bytes) {
  StoreChange change;
  JobRecord job;
  job.id = id;
  job.tenant = "bench";
  job.created_us = static_cast<int64_t>(id) + 1;
  job.has_request_key = true;
  for (size_t i = 0; i < 8; ++i) job.request_key[i] = static_cast<uint8_t>(id * 2654435761U >> i);
  change.jobs.push_back(std::move(job));
  auto request = std::make_shared<JobRequest>();
  request->bytes = bytes;
  change.request = std::move(request);
  return change;
}

// A caller submits its next job when the one before is durable.
double SubmitAll(JobStore& store, JobId first, uint64_t jobs, int callers) {
  const std::string bytes = TypicalRequest();
  std::atomic<JobId> next = first;
  std::function<void()> submit = [&] {
    const JobId id = next++;
    if (id >= first + jobs) return;
    store.Write(NewJob(id, bytes), [&](absl::Status status) {
      if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
      submit();
    });
  };
  const auto begin = SteadyClock::now();
  for (int i = 0; i < callers; ++i) submit();
  store.Flush();  // and no callback, which would submit, is under way any more
  return SecondsSince(begin);
}

void FinishAll(JobStore& store, JobId first, uint64_t jobs) {
  constexpr JobId kAtOnce = 10'000;
  for (JobId begin = first; begin < first + jobs; begin += kAtOnce) {
    for (JobId id = begin; id < std::min(begin + kAtOnce, first + jobs); ++id) {
      StoreChange change = NewJob(id, "");
      change.request.reset();
      change.jobs[0].state = v1::JOB_STATE_SUCCEEDED;
      change.jobs[0].sequence = 9;
      change.jobs[0].ended_us = 5;
      store.Write(std::move(change), nullptr);
    }
    store.Flush();
  }
}

int Main(int argc, char** argv) {
  std::string dir;
  uint64_t jobs = 1'000'000;
  int callers = 64;
  CLI::App app("Durable submits a second of the job store, and the time of a start");
  app.add_option("dir", dir, "an empty folder on the disk to measure")->required();
  app.add_option("--jobs", jobs);
  app.add_option("--callers", callers);
  CLI11_PARSE(app, argc, argv);

  auto folder = DataFolder::Lock(dir);
  if (!folder.ok()) return std::fprintf(stderr, "%s\n", folder.status().ToString().c_str()), 1;
  auto store = OpenSqliteJobStore(*folder);
  if (!store.ok()) return std::fprintf(stderr, "%s\n", store.status().ToString().c_str()), 1;
  const JobId first = (*store)->last_job() + 1;
  const double submit_s = SubmitAll(**store, first, jobs, callers);
  const StoreMeasures measures = (*store)->measures();
  FinishAll(**store, first, jobs);
  store->reset();

  const auto begin = SteadyClock::now();
  store = OpenSqliteJobStore(*folder);
  if (!store.ok()) return std::fprintf(stderr, "%s\n", store.status().ToString().c_str()), 1;
  uint64_t keys = 0;
  const auto status =
      (*store)->ForEachRequestKey(1, [&keys](const Digest&, JobId, int64_t) { ++keys; });
  if (!status.ok()) return std::fprintf(stderr, "%s\n", status.ToString().c_str()), 1;
  std::printf(
      "{\"submits_per_s\": %.0f, \"jobs_per_commit\": %.1f, \"commit_us\": %.1f, "
      "\"start_s\": %.3f, \"start_request_keys\": %lu, \"store_mib\": %.1f}\n",
      static_cast<double>(jobs) / submit_s,
      static_cast<double>(measures.changes) / static_cast<double>(measures.commits),
      1e6 * measures.commit.sum_seconds / static_cast<double>(measures.commits),
      SecondsSince(begin), keys,
      static_cast<double>(std::filesystem::file_size(dir + "/jobs.db")) / (1 << 20));
  return 0;
}

}  // namespace
}  // namespace hanga

int main(int argc, char** argv) { return hanga::Main(argc, argv); }
