// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/artifact_stream.h"

#include "absl/strings/str_cat.h"
#include "scheduler/status_details.h"

namespace hanga {

absl::Status ArtifactReader::Open(Scheduler* scheduler, const Caller& caller,
                                  const std::string& name, uint64_t offset) {
  auto file = scheduler->OpenArtifact(caller, name);
  if (!file.ok()) return file.status();
  if (const uint64_t size = file->artifact().size_bytes(); offset > size) {
    return StatusWithReason(
        absl::StatusCode::kOutOfRange, "OFFSET",
        absl::StrCat("offset is ", offset, "; the artifact has ", size, " bytes"));
  }
  file_ = *std::move(file);
  offset_ = offset;
  begun_ = false;
  return absl::OkStatus();
}

absl::Status ArtifactReader::Read(v1::DownloadArtifactResponse* piece) {
  if (!begun_) *piece->mutable_artifact() = file_->artifact();
  begun_ = true;
  piece->set_offset(offset_);
  auto data = file_->Read(offset_, kPieceBytes);
  if (!data.ok()) return data.status();
  offset_ += data->size();
  piece->set_data(*std::move(data));
  return absl::OkStatus();
}

ArtifactStream::Next ArtifactStream::Produce(v1::DownloadArtifactResponse* response,
                                             absl::Status* end) {
  if (!reader_.is_open()) {
    *end = reader_.Open(scheduler_, caller_, request_.name(), request_.offset());
    if (!end->ok()) return Next::kEnd;
  }
  if (reader_.at_end()) return Next::kEnd;
  *end = reader_.Read(response);
  return end->ok() ? Next::kMessage : Next::kEnd;
}

}  // namespace hanga
