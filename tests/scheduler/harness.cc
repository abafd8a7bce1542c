// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/scheduler/harness.h"

#include <cstdlib>

#include "absl/synchronization/notification.h"

namespace hanga {

TempFolder::TempFolder() {
  std::string path = std::filesystem::temp_directory_path() / "hanga-test-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) abort();
  path_ = path;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

SchedulerTest::SchedulerTest() {
  options_.data_dir = folder_.path() + "/data";
  options_.clock = &clock_;
  options_.background = false;
  for (const char* name : {"models/a", "models/b"}) {
    ModelOptions model;
    model.deployment.set_name(name);
    options_.models.push_back(model);
  }
}

void SchedulerTest::Open() {
  auto opened = OpenScheduler(options_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  scheduler_ = *std::move(opened);
}

void SchedulerTest::Reopen() {
  scheduler_.reset();
  Open();
}

void SchedulerTest::Settle() {
  for (int i = 0; i < 4; ++i) {
    scheduler_->RunOnce();
    scheduler_->Flush();
  }
}

absl::StatusOr<v1::Job> SchedulerTest::Submit(v1::SubmitJobRequest request,
                                              const std::string& tenant) {
  absl::StatusOr<v1::Job> answer;
  absl::Notification answered;
  scheduler_->Submit({tenant, false}, std::move(request), [&](absl::StatusOr<v1::Job> job) {
    answer = std::move(job);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

absl::StatusOr<v1::Job> SchedulerTest::Cancel(const std::string& name) {
  absl::StatusOr<v1::Job> answer;
  absl::Notification answered;
  scheduler_->Cancel({"", true}, name, [&](absl::StatusOr<v1::Job> job) {
    answer = std::move(job);
    answered.Notify();
  });
  Settle();
  answered.WaitForNotification();
  return answer;
}

v1::Job SchedulerTest::Get(const std::string& name) {
  auto job = scheduler_->Get({"", true}, name);
  EXPECT_TRUE(job.ok()) << job.status();
  return job.ok() ? *job : v1::Job();
}

v1::Assignment SchedulerTest::Next(FakeWorker& worker) {
  Settle();
  auto assignments = worker.TakeAssignments();
  EXPECT_EQ(assignments.size(), 1U);
  return assignments.empty() ? v1::Assignment() : assignments.front();
}

v1::SubmitJobRequest SchedulerTest::Request(uint32_t images) {
  v1::SubmitJobRequest request;
  request.mutable_spec()->set_model("models/a");
  request.mutable_spec()->set_prompt("a lighthouse");
  request.mutable_spec()->set_seed(7);
  request.mutable_spec()->set_num_images(images);
  return request;
}

}  // namespace hanga
