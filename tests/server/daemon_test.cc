// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the daemon does as a whole: health, bad peers, TLS, its end.
#include "server/daemon.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <sys/socket.h>

#include <random>

#include "server/file_descriptor.h"
#include "tests/server/certificates.h"
#include "tests/server/served_test.h"

namespace hanga {
namespace {

using DaemonTest = ServedTest;
using testing::HasSubstr;

// grpc.health.v1, whose messages are two fields on the wire: `service` = 1, and `status` = 1.
int Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  std::string request;
  if (!service.empty()) request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", sent, &queue);
  call->StartCall();
  call->Finish(&received, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  if (!status.ok()) return -static_cast<int>(status.error_code());
  std::vector<grpc::Slice> slices;
  received.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& part : slices) {
    bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return bytes.empty() ? 0 : bytes.back();
}
constexpr int kServing = 1, kNotServing = 2;

TEST_F(DaemonTest, IsReadyWhileAWorkerTakesTasks) {
  Start();
  auto channel = Channel();
  EXPECT_EQ(Health(channel, ""), kNotServing);
  EXPECT_EQ(Health(channel, "hanga.v1.GenerationService"), kNotServing);
  EXPECT_EQ(Health(channel, "hanga.v1.ClusterService"), kServing);
  EXPECT_EQ(Health(channel, "no.Such"), -static_cast<int>(grpc::StatusCode::NOT_FOUND));
  {
    DrawingWorker worker(Channel(), "box");
    const auto job = Submit(Request("a boat"));
    ASSERT_TRUE(job.ok()) << job.status();
    WaitForEnd(job->name());
    EXPECT_EQ(Health(channel, ""), kServing);
    EXPECT_EQ(Health(channel, "hanga.v1.GenerationService"), kServing);
  }
}

TEST_F(DaemonTest, RefusesMessagesBeyondTheLimitAndServesOthersMeanwhile) {
  Start();
  const auto job = Submit(Request(std::string(64 << 20, 'x')));
  EXPECT_EQ(job.status().code(), absl::StatusCode::kResourceExhausted) << job.status();
  EXPECT_TRUE(Submit(Request("a boat")).ok());
}

TEST_F(DaemonTest, OutlivesGarbageOnItsPort) {
  Start();
  std::mt19937 random(7);
  std::vector<FileDescriptor> idle;
  for (int i = 0; i < 200; ++i) {
    FileDescriptor peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(daemon_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    std::string bytes = i % 2 == 0 ? "" : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (size_t n = random() % 3000; n > 0; --n) bytes += static_cast<char>(random());
    send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (i % 4 == 0) idle.push_back(std::move(peer));
  }
  EXPECT_TRUE(Submit(Request("a boat")).ok());
}

TEST_F(DaemonTest, AsksClientsForCertificatesWhereToldTo) {
  const Certified authority = MakeCertificate("authority", nullptr);
  const Certified server = MakeCertificate("localhost", &authority);
  const Certified client = MakeCertificate("client", &authority);
  const Certified stranger = MakeCertificate("stranger", nullptr);
  config_.server.tls = {.certificate = Write("server.pem", server.certificate),
                        .key = Write("server.key", server.key),
                        .client_ca = Write("ca.pem", authority.certificate)};
  Start();
  const auto code = [&](const Certified* identity) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority.certificate;
    if (identity != nullptr) {
      options.pem_private_key = identity->key;
      options.pem_cert_chain = identity->certificate;
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::ModelService::NewStub(
        grpc::CreateCustomChannel(Address(), grpc::SslCredentials(options), arguments));
    grpc::ClientContext context;
    v1::ListModelsResponse response;
    return stub->ListModels(&context, {}, &response).error_code();
  };
  EXPECT_EQ(code(&client), grpc::StatusCode::OK);
  EXPECT_EQ(code(nullptr), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(code(&stranger), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(DaemonTest, EndsStreamsWithUnavailableWhenItStops) {
  Start();
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_name(job->name());
  auto stream = jobs_->WatchJob(&context, request);
  v1::WatchJobResponse response;
  ASSERT_TRUE(stream->Read(&response));
  std::thread stopper([&] { daemon_->StopGracefully(); });
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  stopper.join();
  daemon_.reset();
  // The job was acknowledged, so it is there again.
  Start();
  EXPECT_EQ(Get(job->name())->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(DaemonTest, RefusesADataFolderInUseAndAPortInUse) {
  Start();
  EXPECT_THAT(std::string(Daemon::Start(config_).status().message()),
              HasSubstr("in use by another"));
  config_.server.data = folder_ + "/other";
  config_.server.listen = Address();
  EXPECT_THAT(std::string(Daemon::Start(config_).status().message()),
              HasSubstr("cannot listen on 127.0.0.1:"));
}

TEST_F(DaemonTest, SaysWhatToDoWithoutTheWorkersProgram) {
  config_.workers.devices = {"cpu:0"};
  config_.workers.program = "/nonexistent/hanga-worker";
  EXPECT_THAT(std::string(Daemon::Start(config_).status().message()),
              HasSubstr("/nonexistent/hanga-worker is missing or not executable; build it"));
}

TEST_F(DaemonTest, ReloadsTokensUnderRunningJobsAndKeepsThemWhereTheFileIsWrong) {
  const auto line = [](const std::string& token, const std::string& role) {
    return absl::StrCat(HashToken(token), " ", role, " t\n");
  };
  config_.server.token_file = Write("tokens", line("old", "submit") + line("w", "worker"));
  Start();
  DrawingWorker worker(Channel(), "box", "w", /*held=*/true);
  const auto job = Submit(Request("a boat"), "old");
  ASSERT_TRUE(job.ok()) << job.status();
  worker.WaitUntilWorking();

  Write("tokens", line("new", "submit"));
  ASSERT_TRUE(daemon_->Reload().ok());
  EXPECT_EQ(Submit(Request("a boat"), "old").status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(Submit(Request("a boat"), "new").ok());
  worker.Release();  // its stream has outlived its token
  EXPECT_TRUE(
      Eventually([&] { return Get(job->name(), "new")->state() == v1::JOB_STATE_SUCCEEDED; }));

  Write("tokens", "not a hash\n");
  const auto status = daemon_->Reload();
  EXPECT_THAT(std::string(status.message()), HasSubstr("the tokens stay as they were"));
  EXPECT_TRUE(Submit(Request("a boat"), "new").ok());
}

TEST_F(DaemonTest, TakesANewCertificateWithoutARestart) {
  const Certified authority = MakeCertificate("authority", nullptr);
  const Certified stranger = MakeCertificate("stranger", nullptr);
  const auto install = [&](const Certified& issuer) {
    const Certified server = MakeCertificate("localhost", &issuer);
    Write("server.key", server.key);
    Write("server.pem", server.certificate);
  };
  install(stranger);
  config_.server.tls = {
      .certificate = folder_ + "/server.pem", .key = folder_ + "/server.key", .client_ca = ""};
  Start();
  const auto trusted = [&] {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority.certificate;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::ModelService::NewStub(
        grpc::CreateCustomChannel(Address(), grpc::SslCredentials(options), arguments));
    grpc::ClientContext context;
    v1::ListModelsResponse response;
    return stub->ListModels(&context, {}, &response).ok();
  };
  EXPECT_FALSE(trusted());
  install(authority);
  EXPECT_TRUE(daemon_->Reload().ok());
  EXPECT_TRUE(Eventually(trusted));
}

}  // namespace
}  // namespace hanga
