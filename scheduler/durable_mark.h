// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How much of the write-ahead log has been acknowledged to anyone, kept beside it.
//
// SQLite cuts its log at the first frame whose checksum is wrong, which is right for a tail that a
// crash tore, and silently loses acknowledged jobs where a bit has flipped. The mark tells the two
// apart. It is a mapped page that is not synced: it survives the death of the process, and after
// a power cut it says too little at worst, never too much.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/sqlite_db.h"

namespace hanga {

struct WalPosition {
  uint32_t salt = 0;    // the first salt of the log's header; grows by one at every restart of it
  uint32_t frames = 0;  // acknowledged, less than 2^31; 0: the log holds nothing
  // The database holds everything and the log is being emptied: it is whole, or it is gone. (What
  // is left of a damaged log would still lay old pages over new ones.)
  bool emptying = false;
};

// Not thread-safe: owned by the store's writer.
class DurableMark {
 public:
  DurableMark() = default;
  DurableMark(DurableMark&& other) noexcept;
  DurableMark& operator=(DurableMark&& other) noexcept;
  ~DurableMark();

  static absl::StatusOr<DurableMark> Open(const std::string& path);

  WalPosition Get() const;
  void Set(WalPosition position);

 private:
  uint64_t* page_ = nullptr;
};

// Moves the log into the database and empties it. At no moment does the mark claim what is not
// there, or leave unwatched what nothing else holds. The log stays as it is on failure.
absl::Status EmptyWal(SqliteDb& db, DurableMark& mark);

// Reads the log as SQLite will, before SQLite does. DATA_LOSS if it holds less than was
// acknowledged. The files need not exist.
absl::Status CheckWal(const std::string& wal_path, WalPosition acknowledged);

// The first salt of a log's header; 0 if there is none.
uint32_t ReadWalSalt(int wal_fd);

}  // namespace hanga
