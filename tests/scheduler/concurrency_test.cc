// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The scheduler with its own threads, and everyone at once.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"
#include "scheduler/job_state.h"
#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

class ConcurrencyTest : public SchedulerTest {
 protected:
  ConcurrencyTest() {
    options_.background = true;
    options_.clock = Clock::System();
    options_.workers.lease = absl::Minutes(10);  // nobody is to be lost on a slow machine
    options_.workers.quarantine_failures = 1'000'000;
  }

  // Draws what it is given until it is stopped; every seventh attempt fails, and the stream breaks
  // off now and then.
  void Work(const std::string& id, uint64_t incarnation, const std::atomic<bool>& stop) {
    FakeWorker worker(id, incarnation);
    worker.Connect(*scheduler_, /*max_tasks=*/3);
    int drawn = 0;
    while (!stop) {
      for (const auto& ref : worker.TakeCancels()) {
        worker.End(ref, v1::TASK_OUTCOME_CANCELLED);
      }
      for (const auto& assignment : worker.TakeAssignments()) {
        worker.Update(assignment.attempt(), 10, "preview");
        if (++drawn % 7 == 0) {
          worker.Fail(assignment.attempt(), "OUT_OF_MEMORY");
        } else {
          worker.Succeed(assignment.attempt(), assignment.attempt().job());
        }
      }
      worker.TakeVerdicts();
      if (drawn % 20 == 19) {
        ++drawn;
        worker.Disconnect();
        // It has given its results; what it was told meanwhile and has not read is begun again.
        worker.Connect(*scheduler_, 3);
      }
      std::this_thread::yield();
    }
    worker.Disconnect();
  }
};

TEST_F(ConcurrencyTest, EndsEveryJobOnceWhateverHappensAtOnce) {
  constexpr int kClients = 4, kJobs = 60;
  Open();
  std::atomic<bool> stop = false;
  std::vector<std::thread> workers;
  for (uint64_t i = 0; i < 3; ++i) {
    workers.emplace_back([&, i] { Work("w" + std::to_string(i), i + 1, stop); });
  }
  std::atomic<int> ended[v1::JobState_ARRAYSIZE] = {};
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < kJobs; ++i) {
        const auto job = Submit(Request(1 + static_cast<uint32_t>(i % 3)), std::to_string(c));
        ASSERT_TRUE(job.ok()) << job.status();
        v1::WatchJobRequest request;
        request.set_name(job->name());
        request.set_previews(true);
        std::atomic<bool> woken = true;
        const auto watch =
            scheduler_->Watch({std::to_string(c), false}, request, [&woken] { woken = true; });
        ASSERT_TRUE(watch.ok());
        if (i % 5 == 0) {
          scheduler_->Cancel({"", true}, job->name(), [](absl::StatusOr<v1::Job>) {});
        }
        v1::Job seen;
        while (!IsFinal(seen.state())) {
          if (!woken.exchange(false)) {
            std::this_thread::yield();
            continue;
          }
          const auto newer = (*watch)->Take();
          if (!newer.has_value()) continue;
          EXPECT_GT(newer->job().sequence(), seen.sequence());
          seen = newer->job();
        }
        ++ended[seen.state()];
        EXPECT_TRUE(seen.state() != v1::JOB_STATE_SUCCEEDED ||
                    seen.artifacts_size() == static_cast<int>(seen.spec().num_images()));
      }
    });
  }
  for (auto& client : clients) client.join();
  stop = true;
  for (auto& worker : workers) worker.join();
  scheduler_->Flush();
  const auto measures = scheduler_->measures();
  EXPECT_EQ(measures.submitted, static_cast<uint64_t>(kClients * kJobs));
  EXPECT_EQ(measures.queued + measures.running, 0U);
  EXPECT_EQ(measures.tasks_running, 0U);
  const auto& model = measures.models.at("models/a");
  EXPECT_EQ(model.succeeded, static_cast<uint64_t>(ended[v1::JOB_STATE_SUCCEEDED]));
  EXPECT_EQ(model.failed, static_cast<uint64_t>(ended[v1::JOB_STATE_FAILED]));
  EXPECT_EQ(model.cancelled, static_cast<uint64_t>(ended[v1::JOB_STATE_CANCELLED]));
  EXPECT_GT(model.succeeded, 0U);
}

}  // namespace
}  // namespace hanga
