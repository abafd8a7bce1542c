// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Inputs: stored per tenant within a quota, named by jobs, fetched by the workers that draw them.
#include <gmock/gmock.h>

#include <filesystem>

#include "scheduler/durable_file.h"
#include "scheduler/input_table.h"
#include "scheduler/status_details.h"
#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Sha256Of(const std::string& bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Hex();
}

class InputsTest : public SchedulerTest {
 protected:
  InputsTest() { worker_.facts().mutable_limits()->add_capabilities("init_image"); }

  absl::Status Upload(const std::string& bytes, const std::string& tenant = "") {
    auto upload = scheduler_->UploadBlob({tenant, false}, Sha256Of(bytes), bytes.size());
    if (!upload.ok()) return upload.status();
    if (auto status = (*upload)->Append(bytes); !status.ok()) return status;
    return (*upload)->Finish().status();
  }
  static v1::SubmitJobRequest From(const std::string& bytes) {
    auto request = Request();
    request.mutable_spec()->mutable_init_image()->set_sha256(Sha256Of(bytes));
    return request;
  }
  bool OnDisk(const std::string& bytes) const {
    const std::string sha256 = Sha256Of(bytes);
    return std::filesystem::exists(options_.data_dir + "/blobs/" + sha256.substr(0, 2) + "/" +
                                   sha256);
  }
  std::vector<v1::InputPiece> Ask(FakeWorker& worker, const v1::AttemptRef& attempt,
                                  const std::string& sha256, uint64_t offset = 0) {
    v1::AttachRequest message;
    *message.mutable_input_request()->mutable_attempt() = attempt;
    message.mutable_input_request()->set_sha256(sha256);
    message.mutable_input_request()->set_offset(offset);
    worker.Say(std::move(message));
    return worker.TakeInputPieces();
  }

  FakeWorker worker_{"w", 1};
};

TEST_F(InputsTest, ReachTheWorkerThatDrawsWithThemInPieces) {
  Open();
  worker_.Connect(*scheduler_);
  const std::string picture((1 << 20) + 5, 'p');
  ASSERT_TRUE(Upload(picture).ok());
  const auto job = Submit(From(picture));
  ASSERT_TRUE(job.ok()) << job.status();
  const auto attempt = Next(worker_).attempt();
  const auto first = Ask(worker_, attempt, Sha256Of(picture));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].size_bytes(), picture.size());
  EXPECT_EQ(first[0].data().size(), size_t{1} << 20);
  const auto rest = Ask(worker_, attempt, Sha256Of(picture), 1 << 20);
  EXPECT_EQ(first[0].data() + rest[0].data(), picture);
}

TEST_F(InputsTest, AreGivenToNoTaskThatDoesNotNameThem) {
  Open();
  worker_.Connect(*scheduler_);
  ASSERT_TRUE(Upload("mine").ok());
  ASSERT_TRUE(Upload("another's", "other").ok());
  ASSERT_TRUE(Submit(From("mine")).ok());
  auto attempt = Next(worker_).attempt();
  EXPECT_EQ(Ask(worker_, attempt, Sha256Of("another's")).at(0).code(),
            static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(Ask(worker_, attempt, "../../lock").at(0).code(),
            static_cast<int>(absl::StatusCode::kNotFound));
  attempt.set_token(attempt.token() + 1);
  EXPECT_THAT(Ask(worker_, attempt, Sha256Of("mine")), IsEmpty());
  ASSERT_EQ(worker_.TakeVerdicts().size(), 1U) << "a stale attempt is told so";
}

TEST_F(InputsTest, AreSeenByTheirTenantAlone) {
  Open();
  worker_.Connect(*scheduler_);
  ASSERT_TRUE(Upload("picture", "one").ok());
  const auto refused = Submit(From("picture"), "two");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("spec.init_image.sha256"));
  EXPECT_TRUE(Submit(From("picture"), "one").ok());
  // Another tenant's copy must not save the sending: that would give it away to who knows its hash.
  EXPECT_FALSE((*scheduler_->UploadBlob({"two", false}, Sha256Of("picture"), 7))->complete());
  ASSERT_TRUE(Upload("picture", "two").ok());
  EXPECT_TRUE(Submit(From("picture"), "two").ok());
}

TEST_F(InputsTest, OutliveARestart) {
  Open();
  ASSERT_TRUE(Upload("picture").ok());
  Reopen();
  worker_.Connect(*scheduler_);
  EXPECT_TRUE(OnDisk("picture"));
  EXPECT_TRUE(Submit(From("picture")).ok());
}

TEST_F(InputsTest, ExpireAfterTheirLastUseButNotUnderAJob) {
  options_.retention.inputs = absl::Hours(2);
  Open();
  worker_.Connect(*scheduler_);
  ASSERT_TRUE(Upload("used").ok());
  ASSERT_TRUE(Upload("unused").ok());
  const auto job = Submit(From("used"));
  ASSERT_TRUE(job.ok()) << job.status();
  worker_.Disconnect();
  Reopen();
  clock_.Advance(absl::Hours(3));
  Settle();
  EXPECT_TRUE(OnDisk("used")) << "a job waits for it";
  EXPECT_FALSE(OnDisk("unused"));
  ASSERT_TRUE(Cancel(job->name()).ok());
  clock_.Advance(absl::Minutes(1));
  Settle();
  EXPECT_FALSE(OnDisk("used"));
}

TEST_F(InputsTest, AreRefusedBeyondTheTenantsQuota) {
  options_.retention.input_bytes_per_tenant = 10;
  Open();
  ASSERT_TRUE(Upload("1234567", "one").ok());
  const auto refused = Upload("abcd", "one");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "INPUT_QUOTA");
  EXPECT_TRUE(Upload("1234567", "one").ok()) << "what is there takes no more room";
  EXPECT_TRUE(Upload("abcd", "two").ok());
}

TEST_F(InputsTest, GoLongestUnusedFirstBeyondTheLimitOfAll) {
  options_.retention.input_bytes = 8;
  Open();
  ASSERT_TRUE(Upload("old--").ok());
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(Upload("new--").ok());
  clock_.Advance(absl::Minutes(1));
  Settle();
  EXPECT_FALSE(OnDisk("old--"));
  EXPECT_TRUE(OnDisk("new--"));
}

InputRecord Record(const std::string& sha256, const std::string& tenant, uint64_t bytes,
                   int64_t used_us) {
  return {sha256, tenant, bytes, used_us};
}

TEST(InputTableTest, CountsPerTenantAndOnce) {
  InputTable table;
  table.Put(Record("a", "one", 5, 1));
  table.Put(Record("a", "one", 5, 9));
  table.Put(Record("a", "two", 5, 2));
  EXPECT_EQ(table.bytes(), 10U);
  EXPECT_EQ(table.bytes_of("one"), 5U);
  EXPECT_EQ(table.Find("a", "one")->used_us, 9);
  EXPECT_EQ(table.Find("a", "three"), nullptr);
  table.Drop(Record("a", "one", 5, 9));
  EXPECT_TRUE(table.Known("a"));
  table.Drop(Record("a", "two", 5, 2));
  EXPECT_FALSE(table.Known("a"));
  EXPECT_EQ(table.bytes(), 0U);
  EXPECT_EQ(table.count(), 0U);
}

TEST(InputTableTest, ExpiresByAgeAndSizeButNothingHeld) {
  InputTable table;
  for (const auto& [name, used] : {std::pair("a", 1), {"b", 2}, {"c", 3}}) {
    table.Put(Record(name, "t", 10, used));
  }
  const auto names = [&](int64_t before, uint64_t max_bytes, size_t limit) {
    std::vector<std::string> out;
    for (const auto& record : table.Expired(before, max_bytes, limit)) out.push_back(record.sha256);
    return out;
  };
  EXPECT_THAT(names(3, 0, 9), ElementsAre("a", "b"));
  EXPECT_THAT(names(0, 20, 9), ElementsAre("a"));
  EXPECT_THAT(names(9, 0, 2), ElementsAre("a", "b"));
  table.Hold("a");
  table.Hold("a");
  table.Release("a");
  EXPECT_THAT(names(3, 0, 9), ElementsAre("b"));
  table.Release("a");
  EXPECT_THAT(names(3, 0, 9), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace hanga
