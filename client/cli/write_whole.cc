// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// WriteWhole: a reader sees the old file or the new one, never a part.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output_files.h"

namespace hanga::cli {
namespace {

absl::Status Failed(const std::string& path, int error) {
  if (error == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " exists; choose another name, or allow it with --overwrite"));
  }
  return absl::UnknownError(absl::StrCat(path, ": ", std::strerror(error)));
}

int WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(written);
  }
  return 0;
}

// Renames without replacing. Where the file system cannot, a hard link refuses just as well.
int RenameNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  return link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

absl::Status WriteWhole(const std::string& path, std::string_view bytes, bool overwrite) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Failed(folder.string(), error.value());
  }
  std::string temporary = (folder / ".hanga-XXXXXX").string();
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return Failed(path, errno);
  const auto remove = absl::MakeCleanup([&] { unlink(temporary.c_str()); });
  const mode_t mask = umask(0);  // mkostemp gives 0600; the file gets what any other would
  umask(mask);
  fchmod(file, 0666 & ~mask);
  int error = WriteAll(file, bytes);
  if (error == 0 && fsync(file) != 0) error = errno;
  if (close(file) != 0 && error == 0) error = errno;
  if (error == 0) {
    error = overwrite ? (rename(temporary.c_str(), path.c_str()) == 0 ? 0 : errno)
                      : RenameNew(temporary, path);
  }
  return error == 0 ? absl::OkStatus() : Failed(path, error);
}

}  // namespace hanga::cli
