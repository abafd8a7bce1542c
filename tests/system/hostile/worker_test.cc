// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers that are not what they say, on the real port.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/fakes/link_worker.h"
#include "tests/system/hostile/hostile_port.h"

namespace hanga::system {
namespace {

using Kind = v1::AttachResponse;

constexpr absl::StatusCode kAborted = absl::StatusCode::kAborted;

class WorkerTest : public testing::Test {
 protected:
  // Without local workers, so that the liar gets the tasks; `devices` gives it honest colleagues.
  explicit WorkerTest(std::vector<std::string> devices = {})
      : daemon_({.devices = std::move(devices),
                 .models = {{"noop", NoopModel(folder_, "noop", 0)}},
                 .more = NoopWorkers() + "heartbeat = \"100ms\"\nlease = \"1s\"\n"}),
        channel_(grpc::CreateChannel(daemon_.address(), grpc::InsecureChannelCredentials())) {}

  std::unique_ptr<LinkWorker> Connect() { return std::make_unique<LinkWorker>(channel_, ""); }

  // Connected and welcome, and can draw.
  std::unique_ptr<LinkWorker> Welcome(const std::string& id, uint64_t incarnation) {
    auto worker = Connect();
    worker->Hello(id, incarnation);
    EXPECT_TRUE(worker->Await(Kind::kWelcome).has_value());
    worker->Report("models/noop");
    return worker;
  }

  v1::Job Get(const std::string& job) {
    const auto answer = daemon_.client().Get(job);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(v1::Job());
  }

  static absl::StatusCode Verdict(LinkWorker& worker) {
    const auto verdict = worker.Await(Kind::kTaskVerdict);
    return verdict ? static_cast<absl::StatusCode>(verdict->task_verdict().code())
                   : absl::StatusCode::kUnknown;
  }

  TemporaryFolder folder_;
  Daemon daemon_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(WorkerTest, AnotherProtocolVersionIsSentAwayForGoodAndLoggedOnce) {
  auto worker = Connect();
  v1::AttachRequest hello;
  hello.mutable_hello()->set_link_version(static_cast<v1::LinkVersion>(99));
  hello.mutable_hello()->set_worker_id("from-the-future");
  worker->Say(hello);
  const auto goodbye = worker->Await(Kind::kGoodbye);
  ASSERT_TRUE(goodbye.has_value());
  EXPECT_EQ(goodbye->goodbye().reason(), "LINK_VERSION");
  EXPECT_FALSE(goodbye->goodbye().retry());
  const grpc::Status status = worker->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("link version 1, the worker 99"));
  EXPECT_EQ(Count(daemon_.log(), "speaks link version"), 1) << daemon_.log();
  EXPECT_TRUE(daemon_.Worker("from-the-future").name().empty());
}

TEST_F(WorkerTest, ABadNameASecondHelloAndNoHelloAreSentAway) {
  for (const std::string id : {"", "../../etc", "a b"}) {
    auto worker = Connect();
    worker->Hello(id, 1);
    const auto goodbye = worker->Await(Kind::kGoodbye);
    ASSERT_TRUE(goodbye.has_value()) << id;
    EXPECT_EQ(goodbye->goodbye().reason(), "BAD_HELLO") << id;
    EXPECT_EQ(worker->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << id;
  }
  auto twice = Welcome("twice", 1);
  twice->Hello("twice", 1);
  EXPECT_TRUE(twice->Await(Kind::kGoodbye).has_value());
  auto silent = Connect();
  silent->Heartbeat();
  EXPECT_TRUE(silent->Await(Kind::kGoodbye).has_value());
}

TEST_F(WorkerTest, BytesThatAreNoMessageAreAnError) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  auto call = stub.PrepareCall(&context, "/hanga.v1.WorkerLinkService/Attach", &queue);
  void* tag;
  bool ok;
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  const grpc::Slice garbage(std::string("\xff\xff\xff\xff not a message"));
  call->Write(grpc::ByteBuffer(&garbage, 1), nullptr);
  queue.Next(&tag, &ok);
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
}

TEST_F(WorkerTest, ASecondProcessOfTheSameNameWaitsWhileTheFirstWorks) {
  auto first = Welcome("twin", 1);
  auto second = Connect();
  second->Hello("twin", 2);
  const auto goodbye = second->Await(Kind::kGoodbye);
  ASSERT_TRUE(goodbye.has_value());
  EXPECT_EQ(goodbye->goodbye().reason(), "DUPLICATE_WORKER");
  EXPECT_TRUE(goodbye->goodbye().retry());
  EXPECT_EQ(second->Finish().error_code(), grpc::StatusCode::ALREADY_EXISTS);
  const auto job = daemon_.client().Submit(PictureRequest("noop"));
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_TRUE(first->Await(Kind::kAssignment).has_value()) << "the first is unaffected";
}

TEST_F(WorkerTest, ClaimsOnAnothersAttemptChangeNothing) {
  auto honest = Welcome("honest", 1);
  const auto job = daemon_.client().Submit(PictureRequest("noop"));
  ASSERT_TRUE(job.ok()) << job.status();
  const auto assignment = honest->Await(Kind::kAssignment);
  ASSERT_TRUE(assignment.has_value());
  const v1::AttemptRef theirs = assignment->assignment().attempt();

  auto liar = Connect();
  liar->Hello("liar", 2);
  ASSERT_TRUE(liar->Await(Kind::kWelcome).has_value());
  // Even knowing the token: the attempt is another worker's.
  liar->Result(theirs, "a forged picture", std::string(64, '0'));
  EXPECT_EQ(Verdict(*liar), kAborted);
  for (const auto& change : std::vector<std::function<void(v1::AttemptRef&)>>{
           [](auto& ref) { ref.set_token(ref.token() + 1); }, [](auto& ref) { ref.set_attempt(2); },
           [](auto& ref) { ref.set_index(4'000'000'000); }, [](auto& ref) { ref.set_epoch(0); },
           [](auto& ref) { ref.set_job("jobs/../../x"); }, [](auto& ref) { ref.Clear(); }}) {
    v1::AttemptRef ref = theirs;
    change(ref);
    for (LinkWorker* worker : {liar.get(), honest.get()}) {
      v1::AttachRequest end;
      *end.mutable_task_result()->mutable_attempt() = ref;
      end.mutable_task_result()->set_outcome(v1::TASK_OUTCOME_FAILED);
      worker->Say(end);
      EXPECT_EQ(Verdict(*worker), kAborted) << ref.ShortDebugString();
    }
  }
  const v1::Job after = Get(job->name());
  EXPECT_EQ(TaskOf(after).worker(), "workers/honest");
  EXPECT_EQ(TaskOf(after).attempt(), 1u);
  EXPECT_EQ(after.artifacts_size(), 0);
}

TEST_F(WorkerTest, AResultThatIsNotWhatWasAnnouncedIsNotStored) {
  auto liar = Welcome("liar", 1);
  const auto job = daemon_.client().Submit(PictureRequest("noop"));
  ASSERT_TRUE(job.ok()) << job.status();
  const auto assignment = liar->Await(Kind::kAssignment);
  ASSERT_TRUE(assignment.has_value());
  liar->Result(assignment->assignment().attempt(), "a picture", std::string(64, '0'));
  EXPECT_TRUE(liar->Await(Kind::kTaskVerdict).has_value());
  EXPECT_TRUE(Eventually([&] { return TaskOf(Get(job->name())).attempt() == 2u; }))
      << Get(job->name()).ShortDebugString();
  EXPECT_EQ(Get(job->name()).artifacts_size(), 0);
}

TEST_F(WorkerTest, ALateResultAfterTheLeaseChangesNothing) {
  auto late = Welcome("late", 1);
  const auto job = daemon_.client().Submit(PictureRequest("noop"));
  ASSERT_TRUE(job.ok()) << job.status();
  const auto assignment = late->Await(Kind::kAssignment);
  ASSERT_TRUE(assignment.has_value());
  // It says nothing for a lease, and is told that it is taken for lost.
  EXPECT_TRUE(late->Await(Kind::kGoodbye).has_value());
  EXPECT_TRUE(Eventually([&] { return Get(job->name()).state() == v1::JOB_STATE_QUEUED; }));

  auto again = Welcome("late", 1);
  again->Result(assignment->assignment().attempt(), "a picture", std::string(64, '0'));
  EXPECT_EQ(Verdict(*again), kAborted);
  EXPECT_EQ(Get(job->name()).artifacts_size(), 0);
}

TEST_F(WorkerTest, ADeviceThatCannotBeIsTakenForNoMoreThanItDraws) {
  auto braggart = Connect();
  v1::AttachRequest hello;
  v1::Hello& said = *hello.mutable_hello();
  said.set_link_version(v1::LINK_VERSION_1);
  said.set_worker_id("braggart");
  said.set_max_tasks(4'000'000'000);
  said.set_pid(1);
  said.mutable_device()->set_memory_bytes(~uint64_t{0});
  said.mutable_device()->set_free_bytes(~uint64_t{0});
  said.mutable_device()->set_model(std::string(1 << 20, 'x'));
  for (int i = 0; i < 10'000; ++i) said.add_holding()->set_job("jobs/none");
  braggart->Say(hello);
  braggart->Await(Kind::kWelcome);  // or is refused: others must not notice either way
  auto honest = Welcome("honest", 2);
  EXPECT_TRUE(daemon_.client().ListWorkers().ok());
  EXPECT_EQ(daemon_.Worker("honest").state(), v1::WORKER_STATE_READY);
}

class RestartTest : public testing::Test {};

TEST_F(RestartTest, AJobForAModelThatARestartRemovedFailsAndSaysSo) {
  TemporaryFolder folder;
  Daemon daemon({.devices = {},
                 .models = {{"kept", NoopModel(folder, "kept", 0)},
                            {"removed", NoopModel(folder, "removed", 0)}},
                 .more = NoopWorkers()});
  const auto job = daemon.client().Submit(PictureRequest("removed"));
  ASSERT_TRUE(job.ok()) << job.status();
  daemon.process().Signal(SIGKILL);
  daemon.settings().models.pop_back();
  daemon.Restart();
  const v1::Job ended =
      FollowUntil(daemon.client(), job->name(), [](const v1::Job&) { return false; });
  EXPECT_EQ(ended.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(ended.error().reason(), "MODEL_REMOVED");
  EXPECT_EQ(daemon.client().Submit(PictureRequest("removed")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(daemon.client().Submit(PictureRequest("kept")).ok());
}

}  // namespace
}  // namespace hanga::system
