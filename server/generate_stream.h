// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Generate: submit, watch and download in one stream. A state announces its new artifacts, whose
// bytes follow; the final state comes last.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/artifact_stream.h"
#include "server/job_follower.h"
#include "server/pumped_stream.h"

namespace hanga {

class GenerateStream final : public PumpedStream<v1::GenerateResponse> {
 public:
  // Submits the job; what it returns belongs to gRPC.
  static grpc::ServerWriteReactor<v1::GenerateResponse>* Begin(const ServiceContext& context,
                                                               Caller caller,
                                                               const v1::GenerateRequest& request);

  GenerateStream(const ServiceContext& context, Caller caller, const v1::GenerateRequest& request);

 private:
  Next Produce(v1::GenerateResponse* response, absl::Status* end) override;
  void OnGone() override;

  void OnSubmitted(absl::StatusOr<v1::Job> job);
  absl::Status Follow(const std::string& job);
  void Queue(v1::WatchJobResponse state);
  absl::Status ReadArtifact(v1::GenerateResponse* response);
  void CancelJob(const std::string& name);

  const ServiceContext context_;
  const Caller caller_;
  const bool previews_, cancel_on_disconnect_;
  const std::optional<double> max_rate_;

  absl::Mutex mutex_;
  std::optional<absl::StatusOr<std::string>> submitted_ ABSL_GUARDED_BY(mutex_);  // job's name
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the pump.
  std::optional<JobFollower> follower_;
  std::deque<std::string> artifacts_;  // to be sent before `messages_`
  ArtifactReader reader_;
  std::deque<v1::GenerateResponse> messages_;
  std::set<uint32_t> announced_;  // indices of artifacts
  bool first_ = true, final_ = false;
};

}  // namespace hanga
