// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// WatchJob: the job's states until the final one.
#pragma once

#include <optional>
#include <utility>

#include "server/job_follower.h"
#include "server/pumped_stream.h"

namespace hanga {

class WatchStream final : public PumpedStream<v1::WatchJobResponse> {
 public:
  WatchStream(const ServiceContext& context, Caller caller, v1::WatchJobRequest request)
      : context_(context), caller_(std::move(caller)), request_(std::move(request)) {}

 private:
  Next Produce(v1::WatchJobResponse* response, absl::Status* end) override {
    if (!follower_) {
      follower_.emplace(context_, doorbell());
      if (*end = follower_->Start(caller_, request_); !end->ok()) return Next::kEnd;
    }
    if (finished_) return Next::kEnd;
    auto state = follower_->Next();
    if (!state) return Next::kNothing;
    finished_ = IsFinal(state->job().state());
    *response = *std::move(state);
    return Next::kMessage;
  }

  const ServiceContext context_;
  const Caller caller_;
  const v1::WatchJobRequest request_;
  std::optional<JobFollower> follower_;
  bool finished_ = false;
};

}  // namespace hanga
