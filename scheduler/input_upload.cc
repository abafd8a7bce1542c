// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/input_upload.h"

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "scheduler/core.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

absl::Status Reason(const absl::Status& status) {
  return StatusWithReason(status.code(),
                          absl::IsResourceExhausted(status) ? "NO_SPACE" : "STORE_UNAVAILABLE",
                          status.message());
}

}  // namespace

InputUpload::InputUpload(Core& core, InputRecord record) : core_(core), record_(std::move(record)) {
  absl::MutexLock lock(&core_.mu_);
  core_.inputs_.Hold(record_.sha256);
}

InputUpload::~InputUpload() {
  absl::MutexLock lock(&core_.mu_);
  core_.inputs_.Release(record_.sha256);
}

absl::Status InputUpload::Begin() {
  {
    absl::MutexLock lock(&core_.mu_);
    if (core_.inputs_.Find(record_.sha256, record_.tenant) != nullptr) return absl::OkStatus();
    const uint64_t most = core_.options_.retention.input_bytes_per_tenant;
    const uint64_t stored = core_.inputs_.bytes_of(record_.tenant);
    if (most != 0 && stored + record_.size_bytes > most) {
      return StatusWithReason(
          absl::StatusCode::kResourceExhausted, "INPUT_QUOTA",
          absl::StrCat("the stored inputs have ", stored, " bytes, with these ", record_.size_bytes,
                       " they would exceed the tenant's ", most,
                       "; those that no job has used for ",
                       absl::FormatDuration(core_.options_.retention.inputs), " are deleted"));
    }
  }
  // Another tenant's copy saves no sending: whoever stores an input must have it.
  auto file = core_.artifacts_.ReceiveBlob(record_.sha256, record_.size_bytes);
  if (!file.ok()) return Reason(file.status());
  file_ = *std::move(file);
  return absl::OkStatus();
}

absl::Status InputUpload::Append(absl::string_view data) {
  if (complete()) return absl::OkStatus();
  if (data.size() > record_.size_bytes - file_->size()) {
    return BadRequestStatus(
        {{"data", absl::StrCat("is more than the announced ", record_.size_bytes, " bytes")}});
  }
  const auto status = file_->Append(data);
  return status.ok() ? status : Reason(status);
}

absl::StatusOr<v1::UploadBlobResponse> InputUpload::Finish() {
  if (!complete()) {
    if (file_->size() != record_.size_bytes) {
      return BadRequestStatus({{"size_bytes", absl::StrCat("is ", record_.size_bytes, ", but ",
                                                           file_->size(), " bytes came")}});
    }
    if (file_->Seal() != record_.sha256) {
      return BadRequestStatus(
          {{"sha256", absl::StrCat("is not that of the bytes: ", file_->Seal())}});
    }
    if (auto status = core_.artifacts_.PublishBlob(*file_, record_.sha256); !status.ok()) {
      return Reason(status);
    }
  }
  if (auto status = Record(); !status.ok()) return Reason(status);
  v1::UploadBlobResponse response;
  response.mutable_blob()->set_sha256(record_.sha256);
  response.set_size_bytes(record_.size_bytes);
  return response;
}

// That it was used just now, which an upload again says too.
absl::Status InputUpload::Record() {
  StoreChange change;
  change.inputs.push_back(record_);
  absl::Status stored;
  absl::Notification written;
  core_.store_->Write(std::move(change), [&](absl::Status status) {
    stored = std::move(status);
    written.Notify();
  });
  written.WaitForNotification();
  if (!stored.ok()) return stored;
  absl::MutexLock lock(&core_.mu_);
  core_.inputs_.Put(record_);
  return absl::OkStatus();
}

}  // namespace hanga
