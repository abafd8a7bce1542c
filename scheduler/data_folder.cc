// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga {
namespace {

// A worker that was being started when hangad was killed keeps the lock until it runs its program.
constexpr absl::Duration kForkTime = absl::Seconds(2);

// Waits a moment for it.
bool LockFile(int fd) {
  const absl::Time give_up = absl::Now() + kForkTime;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || absl::Now() > give_up) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

absl::StatusOr<int> TakeLock(const std::string& folder) {
  const int fd = open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("the data folder ", folder, " cannot be used"));
  }
  char pid[32] = {};
  if (LockFile(fd)) {
    const std::string own = absl::StrCat(getpid(), "\n");
    if (ftruncate(fd, 0) == 0 && pwrite(fd, own.data(), own.size(), 0) >= 0) return fd;
    const int error = errno;
    close(fd);
    return absl::ErrnoToStatus(error, absl::StrCat("the data folder ", folder, " is not writable"));
  }
  const ssize_t size = pread(fd, pid, sizeof(pid) - 1, 0);
  close(fd);
  int owner = 0;
  const bool known = size > 0 && absl::SimpleAtoi(absl::string_view(pid), &owner);
  return absl::FailedPreconditionError(
      absl::StrCat("the data folder ", folder, " is in use by another hangad",
                   known ? absl::StrCat(" (process ", owner, ")") : "",
                   ": stop it, or give this one a folder of its own"));
}

}  // namespace

absl::StatusOr<DataFolder> DataFolder::Lock(const std::string& path) {
  for (const char* part : {"", "/artifacts", "/blobs", "/checkpoints", "/incoming"}) {
    std::error_code error;
    std::filesystem::create_directories(path + part, error);
    if (error) {
      return absl::FailedPreconditionError(
          absl::StrCat("the data folder ", path, " cannot be made: ", error.message()));
    }
  }
  auto lock = TakeLock(path);
  if (!lock.ok()) return lock.status();
  return DataFolder(path, *lock);
}

absl::StatusOr<DataFolder> DataFolder::LockExisting(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path + "/jobs.db", error)) {
    return absl::NotFoundError(absl::StrCat("there is no job store in ", path));
  }
  auto lock = TakeLock(path);
  if (!lock.ok()) return lock.status();
  return DataFolder(path, *lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_fd_, other.lock_fd_);
  return *this;
}

DataFolder::~DataFolder() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

}  // namespace hanga
