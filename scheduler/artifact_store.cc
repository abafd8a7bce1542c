// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/artifact_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "scheduler/fault_point.h"

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
  absl::ReaderMutexLock lock(&replacing_);
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

absl::Status ArtifactStore::LinkArtifact(const AttemptFile& from, const AttemptFile& to) {
  const std::string path = ArtifactPath(to);
  std::error_code ignored;
  std::filesystem::create_directory(std::filesystem::path(path).parent_path(), ignored);
  absl::ReaderMutexLock lock(&replacing_);
  unlink(path.c_str());
  FaultPoint("file: before its link");
  if (link(ArtifactPath(from).c_str(), path.c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "a stored result cannot be linked");
}

absl::Status ArtifactStore::SyncArtifacts(JobId job) {
  FaultPoint("file: before its folder's fsync");
  const std::filesystem::path folder =
      std::filesystem::path(ArtifactPath({job, 0, 0})).parent_path();
  absl::Status status = SyncFolder(folder);
  status.Update(SyncFolder(folder.parent_path()));  // which may be new
  return status;
}

// Needs no sync: a file that comes back after a crash is an orphan, and swept.
void ArtifactStore::RemoveArtifact(const AttemptFile& file) { unlink(ArtifactPath(file).c_str()); }
void ArtifactStore::RemoveCheckpoint(const AttemptFile& file) {
  unlink(CheckpointPath(file).c_str());
}

absl::StatusOr<std::string> ArtifactStore::ReadBlob(absl::string_view sha256, uint64_t offset,
                                                    size_t length, uint64_t* size_bytes) const {
  const int fd = open(BlobPath(sha256).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError("the input's bytes are gone");
  const auto closing = absl::MakeCleanup([fd] { close(fd); });
  struct stat facts = {};
  if (fstat(fd, &facts) != 0) return absl::DataLossError("the input cannot be read");
  *size_bytes = static_cast<uint64_t>(facts.st_size);
  if (offset > *size_bytes) return absl::OutOfRangeError("the input ends before");
  std::string data(std::min<uint64_t>(length, *size_bytes - offset), '\0');
  if (pread(fd, data.data(), data.size(), static_cast<off_t>(offset)) !=
      static_cast<ssize_t>(data.size())) {
    return absl::DataLossError("the input cannot be read");
  }
  return data;
}

void ArtifactStore::RemoveBlob(absl::string_view sha256) { unlink(BlobPath(sha256).c_str()); }

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

bool ArtifactStore::IsOlderThanStart(const std::string& path) const {
  struct stat facts = {};
  return stat(path.c_str(), &facts) == 0 && Nanoseconds(facts.st_ctim) < started_ns_;
}

void ArtifactStore::SweepBlobs(const std::function<bool(absl::string_view)>& known) {
  ForEachFile(root_ + "blobs", [&](const auto& entry) {
    const std::string sha256 = entry.path().filename().string();
    if (IsOlderThanStart(entry.path()) && !known(sha256)) unlink(entry.path().c_str());
  });
}

uint64_t ArtifactStore::SweepArtifacts(const std::function<bool(const AttemptFile&)>& known) {
  std::vector<std::filesystem::path> orphans;
  ForEachFile(root_ + "artifacts", [&](const auto& entry) {
    // One published meanwhile may not have its record yet.
    if (!IsOlderThanStart(entry.path())) return;
    AttemptFile file;
    const bool named = ParseAttemptFileName(entry.path().filename().string(), &file);
    if (!named || !known(file)) orphans.push_back(entry.path());
  });
  uint64_t removed = 0;
  for (const auto& path : orphans) {
    absl::MutexLock lock(&replacing_);
    if (IsOlderThanStart(path) && unlink(path.c_str()) == 0) ++removed;
  }
  return removed;
}

}  // namespace hanga
