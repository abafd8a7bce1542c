// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/artifact_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace hanga {
namespace {

constexpr uint64_t kMaxCheckpointBytes = 64 << 20;

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int64_t CoarseNow() {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);  // what the kernel stamps files with
  return Nanoseconds(now);
}

void ForEachFile(const std::string& folder,
                 const std::function<void(const std::filesystem::directory_entry&)>& visit) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(folder, error), end;
  for (; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) visit(*it);
  }
}

}  // namespace

std::string AttemptFileName(const AttemptFile& file) {
  return absl::StrCat(file.job, ".", file.index, ".", file.attempt);
}

bool ParseAttemptFileName(absl::string_view name, AttemptFile* file) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '.');
  return parts.size() == 3 && absl::SimpleAtoi(parts[0], &file->job) &&
         absl::SimpleAtoi(parts[1], &file->index) && absl::SimpleAtoi(parts[2], &file->attempt);
}

ArtifactStore::ArtifactStore(const DataFolder& folder, uint64_t min_free_bytes)
    : root_(folder.File("")), min_free_bytes_(min_free_bytes), started_ns_(CoarseNow()) {}

std::string ArtifactStore::ArtifactPath(const AttemptFile& file) const {
  return absl::StrFormat("%sartifacts/%02x/%s", root_, file.job % 256, AttemptFileName(file));
}

std::string ArtifactStore::CheckpointPath(const AttemptFile& file) const {
  return absl::StrCat(root_, "checkpoints/", AttemptFileName(file));
}

std::string ArtifactStore::BlobPath(absl::string_view sha256) const {
  return absl::StrCat(root_, "blobs/", sha256.substr(0, 2), "/", sha256);
}

// Never shared: a result that begins anew on another stream may meet the file of the old one.
std::string ArtifactStore::IncomingPath(absl::string_view name) {
  return absl::StrCat(root_, "incoming/", name, ".", ++received_);
}

absl::StatusOr<std::unique_ptr<DurableFile>> ArtifactStore::Receive(const AttemptFile& file,
                                                                    uint64_t expected_bytes) {
  if (auto status = CheckSpace(root_, expected_bytes, min_free_bytes_); !status.ok()) return status;
  return DurableFile::Create(IncomingPath(AttemptFileName(file)));
}

absl::Status ArtifactStore::PublishArtifact(DurableFile& received, const AttemptFile& file) {
  return received.PublishUnread(ArtifactPath(file));
}

absl::Status ArtifactStore::PublishCheckpoint(DurableFile& received, const AttemptFile& file) {
  return received.PublishUnread(CheckpointPath(file));
}

absl::StatusOr<int> ArtifactStore::OpenArtifact(const AttemptFile& file) const {
  const int fd = open(ArtifactPath(file).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError("the artifact's bytes are gone");
  return fd;
}

absl::StatusOr<std::string> ArtifactStore::ReadCheckpoint(const AttemptFile& file) const {
  return ReadWholeFile(CheckpointPath(file), kMaxCheckpointBytes);
}

// Needs no sync: a file that comes back after a crash is an orphan, and swept.
void ArtifactStore::RemoveArtifact(const AttemptFile& file) { unlink(ArtifactPath(file).c_str()); }
void ArtifactStore::RemoveCheckpoint(const AttemptFile& file) {
  unlink(CheckpointPath(file).c_str());
}

bool ArtifactStore::HasBlob(absl::string_view sha256) const {
  struct stat facts = {};
  return stat(BlobPath(sha256).c_str(), &facts) == 0;
}

absl::StatusOr<std::unique_ptr<DurableFile>> ArtifactStore::ReceiveBlob(absl::string_view sha256,
                                                                        uint64_t expected_bytes) {
  if (auto status = CheckSpace(root_, expected_bytes, min_free_bytes_); !status.ok()) return status;
  return DurableFile::Create(IncomingPath(sha256));
}

absl::Status ArtifactStore::PublishBlob(DurableFile& received, absl::string_view sha256) {
  return received.Publish(BlobPath(sha256));
}

void ArtifactStore::SweepUnfinished(
    const std::function<bool(const AttemptFile&)>& wanted_checkpoint) {
  std::vector<std::filesystem::path> orphans;
  ForEachFile(root_ + "incoming", [&](const auto& entry) { orphans.push_back(entry.path()); });
  ForEachFile(root_ + "checkpoints", [&](const auto& entry) {
    AttemptFile file;
    const bool named = ParseAttemptFileName(entry.path().filename().string(), &file);
    if (!named || !wanted_checkpoint(file)) orphans.push_back(entry.path());
  });
  for (const auto& path : orphans) unlink(path.c_str());
}

uint64_t ArtifactStore::SweepArtifacts(const std::function<bool(const AttemptFile&)>& known) {
  std::vector<std::filesystem::path> orphans;
  ForEachFile(root_ + "artifacts", [&](const auto& entry) {
    struct stat facts = {};
    // One published meanwhile may not have its record yet.
    if (stat(entry.path().c_str(), &facts) != 0 || Nanoseconds(facts.st_ctim) >= started_ns_)
      return;
    AttemptFile file;
    const bool named = ParseAttemptFileName(entry.path().filename().string(), &file);
    if (!named || !known(file)) orphans.push_back(entry.path());
  });
  for (const auto& path : orphans) unlink(path.c_str());
  return orphans.size();
}

}  // namespace hanga
