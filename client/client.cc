// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/client.h"

#include <grpcpp/client_context.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/channel.h"
#include "client/status.h"

namespace hanga::client {

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED ||
         state == v1::JOB_STATE_CANCELLED || state == v1::JOB_STATE_EXPIRED;
}

std::string NewRequestId() {
  std::random_device device;
  const auto word = [&] { return (uint64_t{device()} << 32) | device(); };
  const uint64_t high = (word() & ~0xf000ull) | 0x4000ull;              // version 4
  const uint64_t low = (word() & ~(3ull << 62)) | (uint64_t{2} << 62);  // variant 1
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff,
                         high & 0xffff, low >> 48, low & 0xffffffffffffull);
}

absl::StatusOr<std::unique_ptr<Client>> Client::Make(const ClientOptions& options) {
  auto channel = MakeChannel(options);
  if (!channel.ok()) return channel.status();
  return std::unique_ptr<Client>(new Client(options, *std::move(channel)));
}

Client::Client(ClientOptions options, std::shared_ptr<grpc::Channel> channel)
    : options_(std::move(options)),
      channel_(std::move(channel)),
      generation_(v1::GenerationService::NewStub(channel_)),
      models_(v1::ModelService::NewStub(channel_)),
      cluster_(v1::ClusterService::NewStub(channel_)) {}

void Client::Authorise(grpc::ClientContext& context) const {
  if (!options_.token.empty()) {
    context.AddMetadata("authorization", absl::StrCat("Bearer ", options_.token));
  }
}

template <typename Stub, typename Method, typename Request, typename Response>
absl::Status Client::Call(Stub& stub, Method method, const Request& request, Response& response) {
  grpc::ClientContext context;
  Authorise(context);
  context.set_deadline(absl::ToChronoTime(absl::Now() + options_.call_timeout));
  return FromGrpc((stub.*method)(&context, request, &response), options_.address);
}

absl::StatusOr<v1::Job> Client::Submit(const v1::SubmitJobRequest& request) {
  v1::SubmitJobResponse response;
  absl::Status status =
      Call(*generation_, &v1::GenerationService::Stub::SubmitJob, request, response);
  if (!status.ok()) return status;
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::Job> Client::Get(const std::string& job) {
  v1::GetJobRequest request;
  v1::GetJobResponse response;
  request.set_name(job);
  absl::Status status = Call(*generation_, &v1::GenerationService::Stub::GetJob, request, response);
  if (!status.ok()) return status;
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::ListJobsResponse> Client::List(const v1::ListJobsRequest& request) {
  v1::ListJobsResponse response;
  absl::Status status =
      Call(*generation_, &v1::GenerationService::Stub::ListJobs, request, response);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::Job> Client::Cancel(const std::string& job) {
  v1::CancelJobRequest request;
  v1::CancelJobResponse response;
  request.set_name(job);
  absl::Status status =
      Call(*generation_, &v1::GenerationService::Stub::CancelJob, request, response);
  if (!status.ok()) return status;
  return std::move(*response.mutable_job());
}

absl::StatusOr<std::vector<v1::Model>> Client::ListModels() {
  v1::ListModelsRequest request;
  std::vector<v1::Model> models;
  do {
    v1::ListModelsResponse page;
    absl::Status status = Call(*models_, &v1::ModelService::Stub::ListModels, request, page);
    if (!status.ok()) return status;
    models.insert(models.end(), page.models().begin(), page.models().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return models;
}

absl::StatusOr<v1::Model> Client::GetModel(const std::string& model) {
  v1::GetModelRequest request;
  v1::GetModelResponse response;
  request.set_name(model);
  absl::Status status = Call(*models_, &v1::ModelService::Stub::GetModel, request, response);
  if (!status.ok()) return status;
  return std::move(*response.mutable_model());
}

absl::StatusOr<std::vector<v1::Worker>> Client::ListWorkers() {
  v1::ListWorkersRequest request;
  std::vector<v1::Worker> workers;
  do {
    v1::ListWorkersResponse page;
    absl::Status status = Call(*cluster_, &v1::ClusterService::Stub::ListWorkers, request, page);
    if (!status.ok()) return status;
    workers.insert(workers.end(), page.workers().begin(), page.workers().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return workers;
}

absl::StatusOr<v1::LoadModelResponse> Client::Load(const std::string& model,
                                                   const std::string& worker) {
  v1::LoadModelRequest request;
  v1::LoadModelResponse response;
  request.set_name(model);
  request.set_worker(worker);
  absl::Status status = Call(*models_, &v1::ModelService::Stub::LoadModel, request, response);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::UnloadModelResponse> Client::Unload(const std::string& model,
                                                       const std::string& worker) {
  v1::UnloadModelRequest request;
  v1::UnloadModelResponse response;
  request.set_name(model);
  request.set_worker(worker);
  absl::Status status = Call(*models_, &v1::ModelService::Stub::UnloadModel, request, response);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::Worker> Client::Drain(const std::string& worker, absl::Duration grace) {
  v1::DrainWorkerRequest request;
  v1::DrainWorkerResponse response;
  request.set_name(worker);
  request.mutable_grace()->set_seconds(absl::ToInt64Seconds(grace));
  absl::Status status = Call(*cluster_, &v1::ClusterService::Stub::DrainWorker, request, response);
  if (!status.ok()) return status;
  return std::move(*response.mutable_worker());
}

absl::StatusOr<v1::Worker> Client::Undrain(const std::string& worker) {
  v1::UndrainWorkerRequest request;
  v1::UndrainWorkerResponse response;
  request.set_name(worker);
  absl::Status status =
      Call(*cluster_, &v1::ClusterService::Stub::UndrainWorker, request, response);
  if (!status.ok()) return status;
  return std::move(*response.mutable_worker());
}

}  // namespace hanga::client
