// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Inputs: who has stored them, who needs them, how they reach a worker.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/input_upload.h"
#include "scheduler/inputs.h"
#include "scheduler/session.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<BlobUpload>> Core::UploadBlob(const Caller& caller,
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
  auto upload = std::make_unique<InputUpload>(
      *this, InputRecord{std::string(sha256), caller.tenant, size_bytes, NowUs()});
  if (auto status = upload->Begin(); !status.ok()) return status;
  return upload;
}

// An administrator may name everybody's.
std::vector<FieldViolation> Core::CheckInputs(const Caller& caller,
                                              const v1::GenerationSpec& spec) {
  std::vector<FieldViolation> violations;
  for (const NamedInput& input : NamedInputs(spec)) {
    if (!IsSha256(input.sha256)) {
      violations.push_back({input.field, "must be 64 lower-case hexadecimal digits"});
    } else if (inputs_.Find(input.sha256, caller.tenant) == nullptr &&
               !(caller.administrator && inputs_.Known(input.sha256))) {
      violations.push_back(
          {input.field,
           "names no stored input: it has expired or never was; UploadBlob stores it"});
    }
  }
  return violations;
}

void Core::HoldInputs(LiveJob& job) {
  for (const std::string& sha256 : job.inputs) inputs_.Hold(sha256);
}

void Core::ReleaseInputs(LiveJob& job) {
  for (const std::string& sha256 : job.inputs) inputs_.Release(sha256);
  job.inputs.clear();
}

void Core::OnInputRequest(Session& session, const v1::InputRequest& request) {
  bool allowed = false;
  {
    absl::MutexLock lock(&mu_);
    LiveJob* job = nullptr;
    if (FindCurrent(session, request.attempt(), &job) == nullptr) {
      RefuseStale(session, request.attempt());
      return;
    }
    allowed = std::binary_search(job->inputs.begin(), job->inputs.end(), request.sha256());
  }
  v1::AttachResponse response;
  v1::InputPiece& piece = *response.mutable_input_piece();
  *piece.mutable_attempt() = request.attempt();
  piece.set_sha256(request.sha256());
  piece.set_offset(request.offset());
  uint64_t size_bytes = 0;
  auto data =
      allowed ? artifacts_.ReadBlob(request.sha256(), request.offset(), kPieceBytes, &size_bytes)
              : absl::NotFoundError("the task does not name this input");
  if (data.ok()) {
    piece.set_size_bytes(size_bytes);
    piece.set_data(*std::move(data));
  } else {
    piece.set_code(static_cast<int>(data.status().code()));
    piece.set_message(std::string(data.status().message()));
  }
  session.sink()->Send(std::move(response));
}

}  // namespace hanga
