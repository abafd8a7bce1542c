// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// UploadBlob: an input's bytes on their way into the store, one piece at a time.
#pragma once

#include <memory>

#include "hanga/v1/generation_service.pb.h"
#include "server/call.h"

namespace hanga {

class UploadStream final : public grpc::ServerReadReactor<v1::UploadBlobRequest> {
 public:
  // Ends at once if `caller` is an error. Deletes itself.
  UploadStream(const ServiceContext& context, absl::StatusOr<Caller> caller,
               v1::UploadBlobResponse* response);

 private:
  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

  absl::Status Store();   // the piece in `request_`
  absl::Status Finish();  // all were stored

  const ServiceContext context_;
  absl::StatusOr<Caller> caller_;
  v1::UploadBlobResponse* const response_;
  v1::UploadBlobRequest request_;
  std::unique_ptr<BlobUpload> upload_;
};

}  // namespace hanga
