// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/hash_cache.h"

#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// Below this hashing takes no time that anyone would notice.
constexpr uint64_t kSmallModelBytes = uint64_t{256} << 20;

constexpr size_t kHashDigits = 64;

struct Stamped {
  std::string text;  // changes with every file
  uint64_t bytes = 0;
};

absl::StatusOr<Stamped> StampOf(absl::Span<const HashedFile> files) {
  Stamped all;
  for (const HashedFile& file : files) {
    const auto stamp = StampFile(file.path);
    if (!stamp.ok()) return stamp.status();
    absl::StrAppend(&all.text, file.name, "\n", file.path, "\n", stamp->bytes, " ", stamp->mtime_ns,
                    " ", stamp->inode, "\n");
    all.bytes += stamp->bytes;
  }
  return all;
}

std::string PathFor(const std::string& folder, const std::string& stamp) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(stamp.data()), stamp.size(), digest);
  return absl::StrCat(
      folder, "/hash-",
      absl::BytesToHexString({reinterpret_cast<const char*>(digest), sizeof digest / 2}), ".txt");
}

// Empty unless the file holds a hash and nothing else.
std::string ReadHash(const std::string& path) {
  std::string hash;
  std::ifstream(path) >> hash;
  const bool whole =
      hash.size() == kHashDigits && std::all_of(hash.begin(), hash.end(), absl::ascii_isxdigit);
  return whole ? hash : "";
}

// Not being able to is no error: the model is read again.
void WriteHash(const std::string& path, const std::string& hash) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string aside = absl::StrCat(path, ".", getpid());
  std::ofstream(aside, std::ios::trunc) << hash << "\n";
  std::filesystem::rename(aside, path, ignored);
}

}  // namespace

absl::StatusOr<std::string> HashModelOnce(absl::Span<const HashedFile> files,
                                          const std::string& folder) {
  const absl::StatusOr<Stamped> before = StampOf(files);
  if (!before.ok()) return before.status();
  if (folder.empty() || before->bytes < kSmallModelBytes) return HashModel(files);
  const std::string path = PathFor(folder, before->text);
  if (std::string known = ReadHash(path); !known.empty()) return known;
  absl::StatusOr<std::string> hash = HashModel(files);
  if (!hash.ok()) return hash;
  // A file that changed meanwhile has a hash that belongs to neither of its states.
  const absl::StatusOr<Stamped> after = StampOf(files);
  if (after.ok() && after->text == before->text) WriteHash(path, *hash);
  return hash;
}

}  // namespace hanga
