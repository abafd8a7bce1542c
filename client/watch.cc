// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Client::Watch: one stream after another, until the job has ended.
#include <grpcpp/client_context.h>

#include "client/client.h"
#include "client/reconnect.h"
#include "client/status.h"

namespace hanga::client {

absl::StatusOr<v1::Job> Client::Watch(v1::WatchJobRequest request, const WatchEvents& events,
                                      Interrupt* interrupt) {
  Reconnect reconnect(*channel_, options_.reconnect_timeout, interrupt);
  v1::Job job;
  while (true) {
    grpc::ClientContext context;
    Interrupt::Scope scope(interrupt, &context);
    Authorise(context);
    auto stream = generation_->WatchJob(&context, request);
    v1::WatchJobResponse response;
    while (stream->Read(&response)) {
      reconnect.Arrived();
      for (const v1::Preview& preview : response.previews()) {
        if (events.on_preview) events.on_preview(preview);
      }
      job = std::move(*response.mutable_job());
      if (events.on_job) events.on_job(job);
      request.set_after_sequence(job.sequence());
    }
    const absl::Status broken = FromGrpc(stream->Finish(), options_.address);
    if (IsFinal(job.state())) return job;
    if (absl::Status status = reconnect.AfterBreak(broken); !status.ok()) return status;
  }
}

}  // namespace hanga::client
