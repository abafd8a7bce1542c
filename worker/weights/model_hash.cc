// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/model_hash.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/weights/mapped_file.h"

namespace hanga {
namespace {

constexpr size_t kChunkBytes = 4 << 20;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string Hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

absl::StatusOr<std::string> HashFile(const HashedFile& file, uint64_t total, uint64_t& done,
                                     const HashProgress& progress) {
  const int fd = open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat(file.name, ": cannot be opened"));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);

  Sha256 hash;
  std::vector<char> chunk(kChunkBytes);
  for (;;) {
    const ssize_t count = read(fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, absl::StrCat(file.name, ": cannot be read"));
    if (count == 0) return hash.Hex();
    hash.Add({chunk.data(), static_cast<size_t>(count)});
    done += count;
    if (progress && !progress(done, std::max(done, total))) {
      return absl::CancelledError("hashing the model was cancelled");
    }
  }
}

}  // namespace

absl::StatusOr<FileStamp> StampFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(BaseName(path), ": cannot be examined"));
  }
  return FileStamp{
      .bytes = static_cast<uint64_t>(info.st_size),
      .mtime_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
      .inode = info.st_ino,
  };
}

absl::StatusOr<std::string> HashModel(absl::Span<const HashedFile> files,
                                      const HashProgress& progress) {
  std::vector<HashedFile> sorted(files.begin(), files.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const HashedFile& a, const HashedFile& b) { return a.name < b.name; });
  uint64_t total = 0, done = 0;
  for (const HashedFile& file : sorted) {
    const auto stamp = StampFile(file.path);
    if (!stamp.ok()) return stamp.status();
    total += stamp->bytes;
  }

  Sha256 list;
  for (const HashedFile& file : sorted) {
    const auto hash = HashFile(file, total, done, progress);
    if (!hash.ok() || sorted.size() == 1) return hash;
    list.Add(absl::StrCat(*hash, "  ", file.name, "\n"));
  }
  return list.Hex();
}

}  // namespace hanga
