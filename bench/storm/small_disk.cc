// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/storm/small_disk.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace hanga::bench {
namespace {

std::string Ballast(const std::string& folder) { return folder + "/ballast"; }

}  // namespace

std::unique_ptr<SmallDisk> SmallDisk::Mount(const std::string& folder, uint64_t bytes) {
  const std::string size = absl::StrCat("size=", bytes);
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) return nullptr;
  return std::unique_ptr<SmallDisk>(new SmallDisk(folder));
}

SmallDisk::~SmallDisk() { umount2(folder_.c_str(), MNT_DETACH); }

void SmallDisk::Fill(uint64_t leave_bytes) {
  struct statvfs space {};
  if (statvfs(folder_.c_str(), &space) != 0) return;
  const uint64_t free_bytes = space.f_bavail * space.f_bsize;
  if (free_bytes <= leave_bytes) return;
  const int file = open(Ballast(folder_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  full_ = posix_fallocate(file, 0, static_cast<off_t>(free_bytes - leave_bytes)) == 0;
  close(file);
  if (!full_) Empty();
}

void SmallDisk::Empty() {
  unlink(Ballast(folder_).c_str());
  full_ = false;
}

}  // namespace hanga::bench
