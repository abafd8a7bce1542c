// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "scheduler/check_store.h"
#include "scheduler/job_store.h"
#include "scheduler/sqlite_db.h"
#include "scheduler/sqlite_job_store.h"
#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class JobStoreTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }

  absl::Status TryOpen() {
    store_.reset();
    lock_.reset();
    auto lock = DataFolder::Lock(folder_.path());
    if (!lock.ok()) return lock.status();
    lock_ = std::make_unique<DataFolder>(*std::move(lock));
    auto store = OpenSqliteJobStore(*lock_);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }
  void Open() { ASSERT_TRUE(TryOpen().ok()); }

  absl::Status Write(StoreChange change) {
    absl::Status result;
    absl::Notification done;
    store_->Write(std::move(change), [&](absl::Status status) {
      result = std::move(status);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  static StoreChange NewJob(JobId id, const std::string& tenant = "t") {
    StoreChange change;
    JobRecord& job = change.jobs.emplace_back();
    job.id = id;
    job.tenant = tenant;
    job.created_us = static_cast<int64_t>(id) * 1'000;
    auto request = std::make_shared<JobRequest>();
    request->bytes = absl::StrCat("request ", id);
    change.request = std::move(request);
    return change;
  }

  void Execute(const std::string& sql) {
    store_.reset();
    auto db = SqliteDb::Open(folder_.path() + "/jobs.db", SQLITE_OPEN_READWRITE);
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(db->Execute(sql.c_str()).ok()) << sql;
  }

  TempFolder folder_;
  std::unique_ptr<DataFolder> lock_;
  std::unique_ptr<JobStore> store_;
};

TEST_F(JobStoreTest, KeepsWhatWasWritten) {
  ASSERT_TRUE(Write(NewJob(1)).ok());
  StoreChange change;
  AttemptRecord& attempt = change.attempts.emplace_back();
  attempt.job = 1;
  attempt.attempt = 1;
  attempt.token = ~uint64_t{0};
  attempt.worker = "w";
  ASSERT_TRUE(Write(std::move(change)).ok());
  Open();
  const auto stored = store_->Read(1);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->request, "request 1");
  ASSERT_THAT(stored->attempts, SizeIs(1));
  EXPECT_EQ(stored->attempts[0].token, ~uint64_t{0});
  EXPECT_EQ(store_->epoch(), 2U);
  EXPECT_EQ(store_->last_job(), 1U);
  EXPECT_TRUE(absl::IsNotFound(store_->Read(2).status()));
}

TEST_F(JobStoreTest, LetsNoOlderRecordReplaceANewerOne) {
  ASSERT_TRUE(Write(NewJob(1)).ok());
  StoreChange newer;
  newer.jobs.push_back(NewJob(1).jobs[0]);
  newer.jobs[0].sequence = 9;
  newer.jobs[0].state = v1::JOB_STATE_SUCCEEDED;
  ASSERT_TRUE(Write(newer).ok());
  newer.jobs[0].sequence = 5;
  newer.jobs[0].state = v1::JOB_STATE_RUNNING;
  ASSERT_TRUE(Write(newer).ok());
  EXPECT_EQ(store_->Read(1)->job.state, v1::JOB_STATE_SUCCEEDED);
}

TEST_F(JobStoreTest, SharesACommitBetweenConcurrentWrites) {
  constexpr JobId kJobs = 2'000;
  int called = 0;
  for (JobId id = 1; id <= kJobs; ++id) {
    store_->Write(NewJob(id), [&called](absl::Status status) {
      EXPECT_TRUE(status.ok());
      ++called;  // one thread of the store calls
    });
  }
  store_->Flush();
  EXPECT_EQ(called, static_cast<int>(kJobs));
  EXPECT_LT(store_->measures().commits, kJobs / 10);
}

TEST_F(JobStoreTest, ListsByTenantAndState) {
  for (JobId id = 1; id <= 4; ++id) {
    ASSERT_TRUE(Write(NewJob(id, id % 2 == 0 ? "even" : "odd")).ok());
  }
  JobQuery query;
  query.tenant = "even";
  EXPECT_THAT(store_->List(query)->ids, ElementsAre(4, 2));
  query.tenant.reset();
  query.limit = 3;
  EXPECT_THAT(store_->List(query)->ids, ElementsAre(4, 3, 2));
  EXPECT_EQ(store_->List(query)->next_before, 2U);
  query.states = 1U << v1::JOB_STATE_FAILED;
  EXPECT_THAT(store_->List(query)->ids, SizeIs(0));
}

// A store as the first version of the schema left it, with the sums that it wrote.
TEST_F(JobStoreTest, BringsAStoreOfTheFirstSchemaUpToDateWithEverythingInIt) {
  ASSERT_TRUE(Write(NewJob(1)).ok());
  StoreChange change;
  AttemptRecord& attempt = change.attempts.emplace_back();
  attempt.job = 1;
  attempt.attempt = 1;
  attempt.worker = "w";
  attempt.outcome = AttemptOutcome::kSaved;
  attempt.step = 3;
  ASSERT_TRUE(Write(std::move(change)).ok());
  Execute(
      "DROP TABLE events; DROP TABLE results; DROP TABLE inputs; "
      "ALTER TABLE jobs DROP COLUMN cached_from; ALTER TABLE attempts DROP COLUMN steps; "
      "ALTER TABLE attempts RENAME COLUMN step TO checkpoint_step; PRAGMA user_version = 1");
  lock_.reset();
  const auto older = CheckStore(folder_.path());
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_TRUE(older->older);
  EXPECT_THAT(older->damage, SizeIs(0)) << "an old version is no damage";
  ASSERT_TRUE(TryOpen().ok());
  const auto stored = store_->Read(1);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->job.tenant, "t");
  EXPECT_EQ(stored->job.cached_from, 0U);
  ASSERT_THAT(stored->attempts, SizeIs(1));
  EXPECT_EQ(stored->attempts[0].step, 3U);
  // And what the new version adds has its place.
  StoreChange newer;
  newer.events.push_back({1, 2, 3, v1::JOB_STATE_RUNNING, "given to workers/w"});
  newer.results.push_back({{7}, 1});
  newer.inputs.push_back({"ab", "t", 5, 6});
  ASSERT_TRUE(Write(newer).ok());
  Open();
  EXPECT_EQ(store_->ReadEvents(1)->at(0).message, "given to workers/w");
  EXPECT_EQ(*store_->FindResult({7}), 1U);
  int inputs = 0;
  ASSERT_TRUE(store_
                  ->ForEachInput([&](const InputRecord& input) {
                    ++inputs;
                    EXPECT_EQ(input.size_bytes, 5U);
                  })
                  .ok());
  EXPECT_EQ(inputs, 1);
  store_.reset();
  lock_.reset();
  const auto report = CheckStore(folder_.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->schema_version, 2);
  EXPECT_THAT(report->damage, SizeIs(0));
}

TEST_F(JobStoreTest, ForgetsAResultWithItsFirstArtifactAndEventsWithTheirJob) {
  ASSERT_TRUE(Write(NewJob(1)).ok());
  ASSERT_TRUE(Write(NewJob(2)).ok());
  StoreChange change;
  change.results.push_back({{7}, 1});
  change.events.push_back({1, 2, 3, v1::JOB_STATE_RUNNING, "x"});
  ASSERT_TRUE(Write(std::move(change)).ok());
  StoreChange expired;
  expired.dropped_artifacts.push_back({1, 0});
  ASSERT_TRUE(Write(std::move(expired)).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->FindResult({7}).status()));
  StoreChange forgotten;
  forgotten.forgotten = {1};
  ASSERT_TRUE(Write(std::move(forgotten)).ok());
  EXPECT_THAT(*store_->ReadEvents(1), SizeIs(0));
}

TEST_F(JobStoreTest, RefusesANewerSchema) {
  Execute("PRAGMA user_version = 99");
  const auto status = TryOpen();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("99"));
  lock_.reset();
  EXPECT_EQ(CheckStore(folder_.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobStoreTest, RefusesAFileOfAnotherProgram) {
  Execute("PRAGMA application_id = 5");
  EXPECT_EQ(TryOpen().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(JobStoreTest, NamesTheRecordThatWasTamperedWith) {
  ASSERT_TRUE(Write(NewJob(1)).ok());
  ASSERT_TRUE(Write(NewJob(2)).ok());
  Execute("UPDATE requests SET request = 'requesT 2' WHERE id = 2");
  Open();
  EXPECT_EQ(store_->ReadRequest(2).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(store_->ReadRequest(1).ok());
  EXPECT_TRUE(absl::IsDataLoss(store_->ForEachUnfinished([](StoredJob) {})));
  store_.reset();
  lock_.reset();
  const auto report = CheckStore(folder_.path());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->jobs, 2U);
  ASSERT_THAT(report->damage, SizeIs(1));
  EXPECT_THAT(report->damage[0], HasSubstr("job number 2"));
}

TEST_F(JobStoreTest, NamesADamagedDatabaseFile) {
  for (JobId id = 1; id <= 500; ++id) store_->Write(NewJob(id), nullptr);
  store_->Flush();
  store_.reset();
  std::fstream file(folder_.path() + "/jobs.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 5);
  file.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  file.close();
  EXPECT_EQ(TryOpen().code(), absl::StatusCode::kDataLoss);
}

TEST_F(JobStoreTest, ForgetsJobsWithEverythingOfTheirs) {
  ASSERT_TRUE(Write(NewJob(1)).ok());
  ASSERT_TRUE(Write(NewJob(2)).ok());
  StoreChange change;
  change.forgotten = {1};
  ASSERT_TRUE(Write(std::move(change)).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->Read(1).status()));
  EXPECT_TRUE(store_->Read(2).ok());
}

}  // namespace
}  // namespace hanga
