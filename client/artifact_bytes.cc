// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/artifact_bytes.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace hanga::client {

ArtifactBytes::ArtifactBytes() : hash_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr);
}

absl::Status ArtifactBytes::Add(const v1::DownloadArtifactResponse& chunk) {
  if (chunk.has_artifact()) {
    if (announced_ && chunk.artifact().sha256() != artifact_.sha256()) {
      return absl::DataLossError(
          absl::StrCat(artifact_.name(), ": changed while it was being downloaded"));
    }
    artifact_ = chunk.artifact();
    announced_ = true;
  }
  if (!announced_) return absl::DataLossError("bytes came before the artifact's description");
  if (chunk.data().empty()) return absl::OkStatus();
  if (chunk.offset() != received_) {
    return absl::DataLossError(absl::StrCat(artifact_.name(), ": bytes of offset ", chunk.offset(),
                                            " came where ", received_, " were expected"));
  }
  EVP_DigestUpdate(hash_.get(), chunk.data().data(), chunk.data().size());
  received_ += chunk.data().size();
  return absl::OkStatus();
}

absl::Status ArtifactBytes::Verify() {
  if (!complete()) {
    return absl::DataLossError(absl::StrCat(artifact_.name(), ": ", received_, " of ",
                                            artifact_.size_bytes(), " bytes came"));
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_DigestFinal_ex(hash_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  digest.resize(size);
  if (absl::BytesToHexString(digest) != artifact_.sha256()) {
    return absl::DataLossError(absl::StrCat(artifact_.name(), ": SHA-256 is ",
                                            absl::BytesToHexString(digest), ", announced was ",
                                            artifact_.sha256()));
  }
  return absl::OkStatus();
}

}  // namespace hanga::client
