// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Client::Download: resumes at the offset it has reached, then verifies the whole.
#include <grpcpp/client_context.h>

#include "client/artifact_bytes.h"
#include "client/client.h"
#include "client/reconnect.h"
#include "client/status.h"

namespace hanga::client {

absl::StatusOr<v1::Artifact> Client::Download(const std::string& artifact, const ByteSink& sink,
                                              Interrupt* interrupt) {
  Reconnect reconnect(*channel_, options_.reconnect_timeout, interrupt);
  ArtifactBytes bytes;
  v1::DownloadArtifactRequest request;
  request.set_name(artifact);
  while (true) {
    grpc::ClientContext context;
    Interrupt::Scope scope(interrupt, &context);
    Authorise(context);
    request.set_offset(bytes.received());
    auto stream = generation_->DownloadArtifact(&context, request);
    v1::DownloadArtifactResponse chunk;
    absl::Status taken;
    while (taken.ok() && stream->Read(&chunk)) {
      reconnect.Arrived();
      taken = bytes.Add(chunk);
      if (taken.ok() && !chunk.data().empty()) taken = sink(chunk.data());
      chunk.Clear();
    }
    if (!taken.ok()) context.TryCancel();
    const absl::Status broken = FromGrpc(stream->Finish(), options_.address);
    if (!taken.ok()) return taken;
    if (bytes.complete()) break;
    if (broken.ok()) return bytes.Verify();  // DATA_LOSS: the server took it for the end
    if (absl::Status status = reconnect.AfterBreak(broken); !status.ok()) return status;
  }
  if (absl::Status status = bytes.Verify(); !status.ok()) return status;
  return bytes.artifact();
}

}  // namespace hanga::client
