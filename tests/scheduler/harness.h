// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A scheduler in a folder of its own, whose dispatcher is stepped by hand.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "scheduler/scheduler.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_worker.h"

namespace hanga {

// A folder that is removed with it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest();

  void Open();
  void Reopen();  // as after an orderly stop
  // What is written becomes durable, and what follows from it happens.
  void Settle();

  absl::StatusOr<v1::Job> Submit(v1::SubmitJobRequest request, const std::string& tenant = "");
  absl::StatusOr<v1::Job> Cancel(const std::string& name);
  v1::Job Get(const std::string& name);
  // The next assignment of a worker; fails the test if there is none.
  v1::Assignment Next(FakeWorker& worker);

  static v1::SubmitJobRequest Request(uint32_t images = 1);

  TempFolder folder_;
  FakeClock clock_;
  SchedulerOptions options_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace hanga
