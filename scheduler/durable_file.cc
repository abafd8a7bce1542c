// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <future>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "scheduler/fault_point.h"

namespace hanga {
namespace {

// Says what failed without the path, which is none of a client's business.
absl::Status DiskError(int error, absl::string_view what) {
  if (error == ENOSPC || error == EDQUOT) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": no space left on the disk"));
  }
  return absl::ErrnoToStatus(error, what);
}

std::string FolderOf(const std::string& path) { return std::filesystem::path(path).parent_path(); }

// Makes it if missing; true if it is new: then the folder around it is to be synced too.
absl::StatusOr<bool> MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0750) == 0) return true;
  if (errno == EEXIST) return false;
  return DiskError(errno, "a folder cannot be made in the data folder");
}

absl::Status SyncFolders(const std::string& path, bool is_new) {
  absl::Status status = SyncFolder(path);
  if (is_new) status.Update(SyncFolder(FolderOf(path)));
  return status;
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::Add(absl::string_view data) {
  EVP_DigestUpdate(context_.get(), data.data(), data.size());
}

std::string Sha256::Hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_.get(), digest, &size);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
}

absl::StatusOr<std::unique_ptr<DurableFile>> DurableFile::Create(std::string path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return DiskError(errno, "a file cannot be created in the data folder");
  return std::unique_ptr<DurableFile>(new DurableFile(std::move(path), fd));
}

DurableFile::~DurableFile() {
  close(fd_);
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status DurableFile::Append(absl::string_view data) {
  hash_.Add(data);
  while (!data.empty()) {
    const ssize_t written = write(fd_, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return DiskError(errno, "a file of the data folder cannot be written");
    size_ += static_cast<uint64_t>(written);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

const std::string& DurableFile::Seal() {
  if (sha256_.empty()) sha256_ = hash_.Hex();
  return sha256_;
}

absl::Status DurableFile::Publish(const std::string& path) {
  const std::string folder = FolderOf(path);
  if (auto status = Sync(); !status.ok()) return status;
  const auto is_new = MakeFolder(folder);
  if (!is_new.ok()) return is_new.status();
  if (auto status = Rename(path); !status.ok()) return status;
  FaultPoint("file: before its folder's fsync");
  return Keep(SyncFolders(folder, *is_new));
}

absl::Status DurableFile::PublishUnread(const std::string& path) {
  const std::string folder = FolderOf(path);
  const auto is_new = MakeFolder(folder);
  if (!is_new.ok()) return is_new.status();
  if (auto status = Rename(path); !status.ok()) return status;
  auto folders = std::async(std::launch::async, [&] { return SyncFolders(folder, *is_new); });
  absl::Status status = Sync();
  status.Update(folders.get());
  return Keep(status);
}

absl::Status DurableFile::Sync() {
  FaultPoint("file: before its fsync");
  return fsync(fd_) == 0 ? absl::OkStatus()
                         : DiskError(errno, "a file of the data folder cannot be written");
}

absl::Status DurableFile::Rename(const std::string& path) {
  FaultPoint("file: before its rename");
  if (rename(path_.c_str(), path.c_str()) != 0) {
    return DiskError(errno, "a file of the data folder cannot be renamed");
  }
  path_ = path;
  return absl::OkStatus();
}

absl::Status DurableFile::Keep(const absl::Status& durable) {
  if (durable.ok()) path_.clear();
  return durable;
}

absl::Status SyncFolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return DiskError(errno, "the data folder cannot be read");
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : DiskError(error, "the data folder cannot be synced");
}

absl::Status CheckSpace(const std::string& folder, uint64_t bytes, uint64_t min_free_bytes) {
  struct statvfs disk = {};
  if (statvfs(folder.c_str(), &disk) != 0) return DiskError(errno, "the disk's free space");
  const uint64_t free_bytes = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free_bytes >= min_free_bytes && free_bytes - min_free_bytes >= bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("no space left on the server's disk: ", bytes, " bytes needed, ", free_bytes,
                   " free, of which ", min_free_bytes, " are kept"));
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, uint64_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return DiskError(errno, "a file of the data folder cannot be opened");
  const auto closing = absl::MakeCleanup([fd] { close(fd); });
  struct stat facts = {};
  if (fstat(fd, &facts) != 0) return DiskError(errno, "a file of the data folder");
  if (static_cast<uint64_t>(facts.st_size) > max_bytes) {
    return absl::OutOfRangeError("a file of the data folder is larger than it may be");
  }
  std::string data(static_cast<size_t>(facts.st_size), '\0');
  size_t at = 0;
  while (at < data.size()) {
    const ssize_t got = pread(fd, data.data() + at, data.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return absl::DataLossError("a file of the data folder cannot be read");
    at += static_cast<size_t>(got);
  }
  return data;
}

}  // namespace hanga
