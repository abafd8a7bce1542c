// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Client::Generate. After a break the request is sent again under its request_id: the server
// answers with the same job and sends every image anew, of which those already handed on are
// skipped.
#include <grpcpp/client_context.h>

#include <optional>
#include <set>

#include "client/artifact_bytes.h"
#include "client/client.h"
#include "client/reconnect.h"
#include "client/status.h"

namespace hanga::client {
namespace {

// Puts the images of one stream together, one at a time.
class ImageAssembly {
 public:
  ImageAssembly(const GenerateEvents& events, std::set<uint32_t>& delivered)
      : events_(events), delivered_(delivered) {}

  absl::Status Add(const v1::DownloadArtifactResponse& chunk) {
    if (chunk.has_artifact()) {
      check_.emplace();
      bytes_.clear();
    }
    if (!check_) return absl::DataLossError("bytes came before the artifact's description");
    if (absl::Status status = check_->Add(chunk); !status.ok()) return status;
    bytes_ += chunk.data();
    return check_->complete() ? HandOn() : absl::OkStatus();
  }

 private:
  absl::Status HandOn() {
    if (absl::Status status = check_->Verify(); !status.ok()) return status;
    const v1::Artifact artifact = check_->artifact();
    check_.reset();
    if (!delivered_.insert(artifact.index()).second || !events_.on_image) return absl::OkStatus();
    return events_.on_image(artifact, std::move(bytes_));
  }

  const GenerateEvents& events_;
  std::set<uint32_t>& delivered_;
  std::optional<ArtifactBytes> check_;
  std::string bytes_;
};

}  // namespace

absl::StatusOr<v1::Job> Client::Generate(v1::GenerateRequest request, const GenerateEvents& events,
                                         Interrupt* interrupt) {
  if (request.submit().request_id().empty()) {
    request.mutable_submit()->set_request_id(NewRequestId());
  }
  Reconnect reconnect(*channel_, options_.reconnect_timeout, interrupt);
  std::set<uint32_t> delivered;  // images that were handed on
  v1::Job job;
  while (true) {
    grpc::ClientContext context;
    Interrupt::Scope scope(interrupt, &context);
    Authorise(context);
    auto stream = generation_->Generate(&context, request);
    ImageAssembly images(events, delivered);
    v1::GenerateResponse response;
    absl::Status taken;
    while (taken.ok() && stream->Read(&response)) {
      reconnect.Arrived();
      if (response.has_job()) {
        // Older states come again at the start of a repeated stream.
        if (response.job().sequence() < job.sequence()) continue;
        job = std::move(*response.mutable_job());
        if (events.on_job) events.on_job(job);
      } else if (response.has_preview()) {
        if (events.on_preview) events.on_preview(response.preview());
      } else if (response.has_artifact()) {
        taken = images.Add(response.artifact());
      }
    }
    if (!taken.ok()) context.TryCancel();
    const absl::Status broken = FromGrpc(stream->Finish(), options_.address);
    if (!taken.ok()) return taken;
    if (broken.ok() && IsFinal(job.state())) return job;
    if (absl::Status status = reconnect.AfterBreak(broken); !status.ok()) return status;
  }
}

}  // namespace hanga::client
