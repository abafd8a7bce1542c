// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A connection to a Hanga server: submit jobs, follow them, fetch their pictures.
//
//   auto client = hanga::client::Client::Make({.address = "127.0.0.1:9876"});
//   hanga::v1::GenerateRequest request;
//   request.mutable_submit()->mutable_spec()->set_model("models/demo");
//   request.mutable_submit()->mutable_spec()->set_prompt("a lighthouse at dusk");
//   auto job = (*client)->Generate(request, {.on_image = [](const auto& artifact, auto bytes)
//   {...}});
//
// Errors keep the server's code; their text names field, value and limit, and google.rpc details
// are attached as payloads (client/status.h). UNAVAILABLE: no server answers. Where an Interrupt
// is given, triggering it ends the call with CANCELLED; the job itself goes on.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/interrupt.h"
#include "client/options.h"
#include "hanga/v1/cluster_service.grpc.pb.h"
#include "hanga/v1/generation_service.grpc.pb.h"
#include "hanga/v1/model_service.grpc.pb.h"

namespace hanga::client {

// Called on the thread that made the call, in order; each may be empty.
struct GenerateEvents {
  std::function<void(const v1::Job&)> on_job = {};
  std::function<void(const v1::Preview&)> on_preview = {};
  // One whole image, its SHA-256 verified; once per image. A failure ends the call with it.
  std::function<absl::Status(const v1::Artifact&, std::string bytes)> on_image = {};
};

struct WatchEvents {
  std::function<void(const v1::Job&)> on_job = {};
  std::function<void(const v1::Preview&)> on_preview = {};
};

// Takes the next piece of an artifact. A failure ends the download with it.
using ByteSink = std::function<absl::Status(std::string_view bytes)>;

// True for SUCCEEDED, FAILED, CANCELLED and EXPIRED.
bool IsFinal(v1::JobState state);

// A random UUID, for `request_id`.
std::string NewRequestId();

// Thread-safe: any number of calls at once over one connection.
class Client {
 public:
  // Does not connect yet: the first call does. Errors as MakeChannel's (client/channel.h).
  static absl::StatusOr<std::unique_ptr<Client>> Make(const ClientOptions& options);

  // The job is durable when this returns. With a `request_id` it may be repeated safely.
  absl::StatusOr<v1::Job> Submit(const v1::SubmitJobRequest& request);
  // Names are resource names: `jobs/{job}`.
  absl::StatusOr<v1::Job> Get(const std::string& job);
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request);
  // Returns at once, with the state in which the job then is. Repeating it changes nothing.
  absl::StatusOr<v1::Job> Cancel(const std::string& job);

  // Follows a job to its final state and returns it. A stream that breaks off is resumed after the
  // last sequence seen, for up to `reconnect_timeout` without an answer.
  absl::StatusOr<v1::Job> Watch(v1::WatchJobRequest request, const WatchEvents& events,
                                Interrupt* interrupt = nullptr);

  // Passes an artifact (`jobs/{job}/artifacts/{index}`) to `sink`; a stream that breaks off is
  // resumed at its offset. DATA_LOSS: size or SHA-256 differ from what the server announced, and
  // what the sink holds is worthless.
  absl::StatusOr<v1::Artifact> Download(const std::string& artifact, const ByteSink& sink,
                                        Interrupt* interrupt = nullptr);

  // Stores an input (a picture, a mask, an adapter's file) for requests to name; storing what the
  // server has already costs no more than asking. INVALID_ARGUMENT: larger than it takes;
  // RESOURCE_EXHAUSTED: the tenant's quota, or no space.
  absl::StatusOr<v1::BlobRef> Upload(std::string_view bytes);

  // Submits, follows and downloads in one stream; returns the job in its final state, whichever
  // that is. Fills an empty `request_id`, so that after a break the same job is found again.
  absl::StatusOr<v1::Job> Generate(v1::GenerateRequest request, const GenerateEvents& events,
                                   Interrupt* interrupt = nullptr);

  absl::StatusOr<std::vector<v1::Model>> ListModels();
  absl::StatusOr<v1::Model> GetModel(const std::string& model);  // `models/{model}`
  // On one worker, `workers/{worker}`, or on all if empty. Repeating them changes nothing.
  absl::StatusOr<v1::LoadModelResponse> Load(const std::string& model, const std::string& worker);
  absl::StatusOr<v1::UnloadModelResponse> Unload(const std::string& model,
                                                 const std::string& worker);

  absl::StatusOr<std::vector<v1::Worker>> ListWorkers();
  absl::StatusOr<v1::Worker> Drain(const std::string& worker, absl::Duration grace);
  absl::StatusOr<v1::Worker> Undrain(const std::string& worker);

 private:
  Client(ClientOptions options, std::shared_ptr<grpc::Channel> channel);

  void Authorise(grpc::ClientContext& context) const;

  template <typename Stub, typename Method, typename Request, typename Response>
  absl::Status Call(Stub& stub, Method method, const Request& request, Response& response);

  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::GenerationService::Stub> generation_;
  const std::unique_ptr<v1::ModelService::Stub> models_;
  const std::unique_ptr<v1::ClusterService::Stub> cluster_;
};

}  // namespace hanga::client
