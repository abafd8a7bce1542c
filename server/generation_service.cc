// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/generation_service.h"

#include "server/artifact_stream.h"
#include "server/generate_stream.h"
#include "server/upload_stream.h"
#include "server/watch_stream.h"

namespace hanga {

grpc::ServerUnaryReactor* GenerationServiceImpl::SubmitJob(grpc::CallbackServerContext* call,
                                                           const v1::SubmitJobRequest* request,
                                                           v1::SubmitJobResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kSubmit, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  SubmitOn(context_, *caller, *request, [reactor, response](absl::StatusOr<v1::Job> job) {
    reactor->Finish(ToGrpc(MoveInto(std::move(job), response->mutable_job())));
  });
  return reactor;
}

grpc::ServerUnaryReactor* GenerationServiceImpl::GetJob(grpc::CallbackServerContext* call,
                                                        const v1::GetJobRequest* request,
                                                        v1::GetJobResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return RunUnary(context_.pool, call, [=, this, caller = *std::move(caller)] {
    return MoveInto(context_.scheduler->Get(caller, request->name()), response->mutable_job());
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::ListJobs(grpc::CallbackServerContext* call,
                                                          const v1::ListJobsRequest* request,
                                                          v1::ListJobsResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return RunUnary(context_.pool, call, [=, this, caller = *std::move(caller)] {
    return MoveInto(context_.scheduler->List(caller, *request), response);
  });
}

grpc::ServerUnaryReactor* GenerationServiceImpl::CancelJob(grpc::CallbackServerContext* call,
                                                           const v1::CancelJobRequest* request,
                                                           v1::CancelJobResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kSubmit, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  // On the pool: a job that has ended is looked up on the disk.
  context_.pool->Run([=, this, caller = *std::move(caller)] {
    context_.scheduler->Cancel(
        caller, request->name(), [reactor, response](absl::StatusOr<v1::Job> job) {
          reactor->Finish(ToGrpc(MoveInto(std::move(job), response->mutable_job())));
        });
  });
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchJobResponse>* GenerationServiceImpl::WatchJob(
    grpc::CallbackServerContext* call, const v1::WatchJobRequest* request) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishStream<v1::WatchJobResponse>(caller.status());
  return std::make_shared<WatchStream>(context_, *std::move(caller), *request)->Open(context_);
}

grpc::ServerWriteReactor<v1::DownloadArtifactResponse>* GenerationServiceImpl::DownloadArtifact(
    grpc::CallbackServerContext* call, const v1::DownloadArtifactRequest* request) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishStream<v1::DownloadArtifactResponse>(caller.status());
  return std::make_shared<ArtifactStream>(context_, *std::move(caller), *request)->Open(context_);
}

grpc::ServerWriteReactor<v1::GenerateResponse>* GenerationServiceImpl::Generate(
    grpc::CallbackServerContext* call, const v1::GenerateRequest* request) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kSubmit, *call);
  if (!caller.ok()) return FinishStream<v1::GenerateResponse>(caller.status());
  return GenerateStream::Begin(context_, *std::move(caller), *request);
}

grpc::ServerReadReactor<v1::UploadBlobRequest>* GenerationServiceImpl::UploadBlob(
    grpc::CallbackServerContext* call, v1::UploadBlobResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kSubmit, *call);
  return new UploadStream(context_, std::move(caller), response);
}

}  // namespace hanga
