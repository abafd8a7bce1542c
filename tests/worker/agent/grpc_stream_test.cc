// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A worker with its threads, over a real gRPC stream on a socket file.

#include "worker/agent/grpc_stream.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/synchronization/notification.h"
#include "hanga/v1/worker_link_service.grpc.pb.h"
#include "tests/fakes/fake_pipeline.h"
#include "worker/agent/worker.h"

namespace hanga {
namespace {

using ServerStream = grpc::ServerReaderWriter<v1::AttachResponse, v1::AttachRequest>;

// Welcomes a worker, breaks its first stream after the assignment, and takes the picture on the
// second.
class ScriptedScheduler final : public v1::WorkerLinkService::Service {
 public:
  grpc::Status Attach(grpc::ServerContext* context, ServerStream* stream) override {
    const auto authorization = context->client_metadata().find("authorization");
    if (authorization == context->client_metadata().end() ||
        authorization->second != "Bearer secret") {
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "no token");
    }
    v1::AttachRequest message;
    if (!stream->Read(&message) || !message.has_hello()) return grpc::Status::CANCELLED;
    const bool first = ++attached == 1;
    if (!first) {
      held_after_cut = message.hello().holding_size();
      attached_again.Notify();
    }
    Welcome(stream);
    bool assigned = !first;
    while (stream->Read(&message)) {
      if (message.has_heartbeat()) Acknowledge(stream);
      if (message.has_model_report() && !std::exchange(assigned, true)) Assign(stream);
      if (first && message.has_task_update()) return grpc::Status::OK;
      if (message.has_chunk()) bytes += message.chunk().data();
      if (message.has_task_result()) {
        result = message.task_result();
        Conclude(stream);
      }
      if (message.has_drained()) drained = true;
    }
    return grpc::Status::OK;
  }

  int attached = 0, held_after_cut = 0;
  bool drained = false;
  std::string bytes;
  v1::TaskResult result;
  absl::Notification attached_again, finished;

 private:
  static void Welcome(ServerStream* stream) {
    v1::AttachResponse message;
    message.mutable_welcome()->set_epoch(1);
    v1::ModelDeployment& model = *message.mutable_welcome()->add_models();
    model.set_name("models/a");
    model.set_path("a");
    stream->Write(message);
  }
  static void Acknowledge(ServerStream* stream) {
    v1::AttachResponse message;
    message.mutable_heartbeat_ack();
    stream->Write(message);
  }
  static void Assign(ServerStream* stream) {
    v1::AttachResponse message;
    message.mutable_assignment()->mutable_attempt()->set_job("jobs/j");
    message.mutable_assignment()->mutable_spec()->set_model("models/a");
    message.mutable_assignment()->mutable_spec()->set_steps(4);
    stream->Write(message);
  }
  void Conclude(ServerStream* stream) {
    v1::AttachResponse message;
    *message.mutable_task_verdict()->mutable_attempt() = result.attempt();
    stream->Write(message);
    finished.Notify();
  }
};

TEST(GrpcStreamTest, DeliversAPictureAcrossACutAndDrains) {
  const auto folder =
      std::filesystem::path(testing::TempDir()) / ("hanga-link-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "token") << "secret\n";
  const std::string target = "unix:" + (folder / "sock").string();

  ScriptedScheduler scheduler;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target, grpc::InsecureServerCredentials());
  builder.RegisterService(&scheduler);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);

  FakeDevice device;
  device.during_step = [&] { scheduler.attached_again.WaitForNotification(); };
  SchedulerAddress address;
  address.target = target;
  address.token_file = folder / "token";
  GrpcStreamFactory factory(address);
  WorkerOptions options;
  options.id = "cpu-0";
  Worker worker(options, FakeEngine(&device), &factory);
  LinkEnd end;
  std::thread running([&] { end = worker.Run(); });
  scheduler.finished.WaitForNotification();
  worker.Terminate();
  running.join();
  server->Shutdown();

  EXPECT_EQ(end.exit_code, kExitDrained);
  EXPECT_EQ(scheduler.attached, 2);
  EXPECT_EQ(scheduler.held_after_cut, 1);
  EXPECT_EQ(scheduler.result.outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(scheduler.bytes.size(), scheduler.result.size_bytes());
  EXPECT_TRUE(scheduler.drained);
  EXPECT_EQ(device.batches.size(), 4u);  // no step was repeated
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hanga
