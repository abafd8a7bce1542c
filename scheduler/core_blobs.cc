// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

bool IsSha256(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::Status Reason(const absl::Status& status) {
  return StatusWithReason(status.code(),
                          absl::IsResourceExhausted(status) ? "NO_SPACE" : "STORE_UNAVAILABLE",
                          status.message());
}

class Upload final : public BlobUpload {
 public:
  // Without a file the blob was there already.
  Upload(ArtifactStore& store, std::string sha256, uint64_t size_bytes,
         std::unique_ptr<DurableFile> file)
      : store_(store),
        sha256_(std::move(sha256)),
        size_bytes_(size_bytes),
        file_(std::move(file)) {}

  bool complete() const override { return file_ == nullptr; }

  absl::Status Append(absl::string_view data) override {
    if (complete()) return absl::OkStatus();
    if (data.size() > size_bytes_ - file_->size()) {
      return BadRequestStatus(
          {{"data", absl::StrCat("is more than the announced ", size_bytes_, " bytes")}});
    }
    const auto status = file_->Append(data);
    return status.ok() ? status : Reason(status);
  }

  absl::StatusOr<v1::UploadBlobResponse> Finish() override {
    if (!complete()) {
      if (file_->size() != size_bytes_) {
        return BadRequestStatus({{"size_bytes", absl::StrCat("is ", size_bytes_, ", but ",
                                                             file_->size(), " bytes came")}});
      }
      if (file_->Seal() != sha256_) {
        return BadRequestStatus(
            {{"sha256", absl::StrCat("is not that of the bytes: ", file_->Seal())}});
      }
      if (auto status = store_.PublishBlob(*file_, sha256_); !status.ok()) return Reason(status);
    }
    v1::UploadBlobResponse response;
    response.mutable_blob()->set_sha256(sha256_);
    response.set_size_bytes(size_bytes_);
    return response;
  }

 private:
  ArtifactStore& store_;
  const std::string sha256_;
  const uint64_t size_bytes_;
  std::unique_ptr<DurableFile> file_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BlobUpload>> Core::UploadBlob(const Caller&,
                                                             absl::string_view sha256,
                                                             uint64_t size_bytes) {
  std::vector<FieldViolation> violations;
  if (!IsSha256(sha256)) {
    violations.push_back({"sha256", "must be 64 lower-case hexadecimal digits"});
  }
  if (size_bytes == 0 || size_bytes > options_.max_blob_bytes) {
    violations.push_back({"size_bytes", absl::StrCat("is ", size_bytes, ", must be 1 to ",
                                                     options_.max_blob_bytes)});
  }
  if (!violations.empty()) return BadRequestStatus(violations);
  std::unique_ptr<DurableFile> file;
  if (!artifacts_.HasBlob(sha256)) {
    auto created = artifacts_.ReceiveBlob(sha256, size_bytes);
    if (!created.ok()) return Reason(created.status());
    file = *std::move(created);
  }
  return std::make_unique<Upload>(artifacts_, std::string(sha256), size_bytes, std::move(file));
}

}  // namespace hanga
