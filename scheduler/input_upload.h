// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One input on its way from a client into the store.
#pragma once

#include <memory>
#include <string>

#include "scheduler/blob_upload.h"
#include "scheduler/durable_file.h"
#include "scheduler/records.h"

namespace hanga {

class Core;

// As BlobUpload. The input is held by the table for as long as the upload lives.
class InputUpload final : public BlobUpload {
 public:
  InputUpload(Core& core, InputRecord record);
  ~InputUpload() override;

  // Nothing is received of what the tenant has stored already. RESOURCE_EXHAUSTED beyond its quota
  // or without space.
  absl::Status Begin();

  bool complete() const override { return file_ == nullptr; }
  absl::Status Append(absl::string_view data) override;
  absl::StatusOr<v1::UploadBlobResponse> Finish() override;

 private:
  absl::Status Record();

  Core& core_;
  const InputRecord record_;
  std::unique_ptr<DurableFile> file_;
};

}  // namespace hanga
