// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/upload_stream.h"

#include "absl/strings/str_cat.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

constexpr size_t kMostPieceBytes = 1 << 20;

}  // namespace

UploadStream::UploadStream(const ServiceContext& context, absl::StatusOr<Caller> caller,
                           v1::UploadBlobResponse* response)
    : context_(context), caller_(std::move(caller)), response_(response) {
  if (!caller_.ok()) {
    ServerReadReactor::Finish(ToGrpc(caller_.status()));
  } else {
    StartRead(&request_);
  }
}

void UploadStream::OnReadDone(bool ok) {
  context_.pool->Run([this, ok] {
    // A client that is gone has read nothing more either; Finish() then only ends the call.
    absl::Status status = ok ? Store() : Finish();
    // What is stored already need not be sent.
    const bool known = ok && status.ok() && upload_->complete();
    if (known) status = Finish();
    if (!ok || known || !status.ok()) {
      upload_.reset();
      ServerReadReactor::Finish(ToGrpc(status));
    } else {
      StartRead(&request_);
    }
  });
}

absl::Status UploadStream::Store() {
  if (upload_ == nullptr) {
    auto upload =
        context_.scheduler->UploadBlob(*caller_, request_.sha256(), request_.size_bytes());
    if (!upload.ok()) return upload.status();
    upload_ = *std::move(upload);
  } else if (!request_.sha256().empty() || request_.size_bytes() != 0) {
    return BadRequestStatus({{"sha256", "belongs in the first message only"}});
  }
  if (request_.data().size() > kMostPieceBytes) {
    return BadRequestStatus({{"data", absl::StrCat("has ", request_.data().size(),
                                                   " bytes; at most ", kMostPieceBytes)}});
  }
  return upload_->Append(request_.data());
}

absl::Status UploadStream::Finish() {
  if (upload_ == nullptr) return BadRequestStatus({{"sha256", "is missing: there was no message"}});
  return MoveInto(upload_->Finish(), response_);
}

}  // namespace hanga
