// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/durable_mark.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "scheduler/fault_point.h"

namespace hanga {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr uint32_t kEmptying = uint32_t{1} << 31;  // in the mark's count of frames
constexpr size_t kHeaderBytes = 32;
constexpr size_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagic = 0x377f0682;  // the lowest bit says which byte order the sums use

uint32_t Load(const uint8_t* p, bool big_endian) {
  const uint32_t big = uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
  return big_endian ? big : __builtin_bswap32(big);
}

// The log's running sum; see "WAL File Format" in SQLite's documentation.
struct WalSum {
  bool big_endian = false;
  uint32_t a = 0, b = 0;

  void Add(const uint8_t* data, size_t size) {
    for (size_t i = 0; i < size; i += 8) {
      a += Load(data + i, big_endian) + b;
      b += Load(data + i + 4, big_endian) + a;
    }
  }
  bool Is(const uint8_t* stored) const {
    return Load(stored, true) == a && Load(stored + 4, true) == b;
  }
};

bool ReadAt(int fd, size_t offset, uint8_t* data, size_t size) {
  return pread(fd, data, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

// Whole frames from the start whose sums and salts fit.
uint32_t CountValidFrames(int fd, const uint8_t* header) {
  const size_t page_bytes = Load(header + 8, true);
  if (page_bytes < 512 || page_bytes > 65536) return 0;
  WalSum sum{.big_endian = (Load(header, true) & 1) != 0};
  sum.Add(header, kHeaderBytes - 8);
  if (!sum.Is(header + 24)) return 0;
  std::vector<uint8_t> frame(kFrameHeaderBytes + page_bytes);
  uint32_t count = 0;
  for (size_t at = kHeaderBytes; ReadAt(fd, at, frame.data(), frame.size()); at += frame.size()) {
    sum.Add(frame.data(), 8);
    sum.Add(frame.data() + kFrameHeaderBytes, page_bytes);
    const bool same_salts = std::equal(header + 16, header + 24, frame.data() + 8);
    if (!same_salts || !sum.Is(frame.data() + 16)) break;
    ++count;
  }
  return count;
}

}  // namespace

DurableMark::DurableMark(DurableMark&& other) noexcept
    : page_(std::exchange(other.page_, nullptr)) {}

DurableMark& DurableMark::operator=(DurableMark&& other) noexcept {
  std::swap(page_, other.page_);
  return *this;
}

DurableMark::~DurableMark() {
  if (page_ != nullptr) munmap(page_, kPageBytes);
}

absl::StatusOr<DurableMark> DurableMark::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, "job store: the mark cannot be opened");
  const auto closing = absl::MakeCleanup([fd] { close(fd); });
  // Blocks are taken now: a full disk must not become a SIGBUS later.
  if (const int error = posix_fallocate(fd, 0, kPageBytes); error != 0) {
    return absl::ErrnoToStatus(error, "job store: no space for the mark");
  }
  void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return absl::ErrnoToStatus(errno, "job store: the mark cannot be mapped");
  DurableMark mark;
  mark.page_ = static_cast<uint64_t*>(page);
  return mark;
}

WalPosition DurableMark::Get() const {
  const uint64_t value = *page_;
  const auto frames = static_cast<uint32_t>(value);
  return {static_cast<uint32_t>(value >> 32), frames & ~kEmptying, (frames & kEmptying) != 0};
}

void DurableMark::Set(WalPosition position) {
  // One aligned store: a reader after a crash sees the old or the new one.
  const uint32_t frames = position.frames | (position.emptying ? kEmptying : 0);
  __atomic_store_n(page_, uint64_t{position.salt} << 32 | frames, __ATOMIC_RELEASE);
}

uint32_t ReadWalSalt(int wal_fd) {
  std::array<uint8_t, 4> salt = {};
  return ReadAt(wal_fd, 16, salt.data(), salt.size()) ? Load(salt.data(), true) : 0;
}

absl::Status EmptyWal(SqliteDb& db, DurableMark& mark) {
  int in_log = -1, moved = 0;
  int code =
      sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_FULL, &in_log, &moved);
  if (code == SQLITE_OK && in_log != moved) code = SQLITE_BUSY;
  if (code != SQLITE_OK) return SqliteError(code, "the log cannot be moved into the database");
  FaultPoint("mark: before the log is emptied");
  WalPosition position = mark.Get();
  position.emptying = position.frames != 0;
  mark.Set(position);
  code =
      sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return SqliteError(code, "the log cannot be emptied");
  FaultPoint("mark: after the log was emptied");
  mark.Set({});
  return absl::OkStatus();
}

absl::Status CheckWal(const std::string& wal_path, WalPosition acknowledged) {
  if (acknowledged.frames == 0) return absl::OkStatus();
  const int fd = open(wal_path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto closing = absl::MakeCleanup([fd] {
    if (fd >= 0) close(fd);
  });
  const bool gone = fd < 0 || lseek(fd, 0, SEEK_END) == 0;
  if (gone && acknowledged.emptying) return absl::OkStatus();
  std::array<uint8_t, kHeaderBytes> header = {};
  uint32_t valid = 0;
  if (fd >= 0 && ReadAt(fd, 0, header.data(), header.size()) &&
      (Load(header.data(), true) & ~1U) == kMagic) {
    valid = CountValidFrames(fd, header.data());
    // The log was begun anew after all of the old one was in the database.
    if (Load(header.data() + 16, true) == acknowledged.salt + 1) return absl::OkStatus();
  }
  if (valid >= acknowledged.frames) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "job store: the write-ahead log is damaged at frame ", valid + 1, " of ", acknowledged.frames,
      " acknowledged: the jobs written after it would be lost. Restore the "
      "data folder from a copy, or accept the loss by deleting the file jobs.mark"));
}

}  // namespace hanga
