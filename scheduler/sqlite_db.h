// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// SQLite's handles with owners, and its errors as statuses.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace hanga {

// A prepared statement. Move-only. Not thread-safe: owned by whoever owns its connection. Binding
// is by position from 1; text and blobs must outlive the step.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  SqliteStatement(SqliteStatement&& other) noexcept : stmt_(other.stmt_) { other.stmt_ = nullptr; }
  SqliteStatement& operator=(SqliteStatement&& other) noexcept;
  ~SqliteStatement();

  SqliteStatement& Bind(int64_t value);
  SqliteStatement& BindText(absl::string_view value);
  SqliteStatement& BindBlob(absl::string_view value);
  SqliteStatement& BindNull();

  // True: a row is there to be read.
  absl::StatusOr<bool> Step();
  // Runs a statement that gives no rows, and rewinds it.
  absl::Status Run();
  // Makes it ready to be bound again.
  void Rewind();

  int64_t Int(int column) const { return sqlite3_column_int64(stmt_, column); }
  absl::string_view Blob(int column) const;  // text too; valid until the next step
  bool IsNull(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }

 private:
  friend class SqliteDb;
  sqlite3_stmt* stmt_ = nullptr;
  int bound_ = 0;
};

// Rewinds a statement that was read from, whatever happens.
class SqliteCursor {
 public:
  explicit SqliteCursor(SqliteStatement& statement) : statement_(statement) {}
  ~SqliteCursor() { statement_.Rewind(); }
  SqliteCursor(const SqliteCursor&) = delete;
  SqliteCursor& operator=(const SqliteCursor&) = delete;

 private:
  SqliteStatement& statement_;
};

// A connection. Move-only. Not thread-safe.
class SqliteDb {
 public:
  SqliteDb() = default;
  SqliteDb(SqliteDb&& other) noexcept : db_(other.db_) { other.db_ = nullptr; }
  SqliteDb& operator=(SqliteDb&& other) noexcept;
  ~SqliteDb();

  static absl::StatusOr<SqliteDb> Open(const std::string& path, int flags);

  absl::Status Execute(const char* sql);
  absl::StatusOr<SqliteStatement> Prepare(const char* sql);
  // The first column of the first row.
  absl::StatusOr<int64_t> QueryInt(const char* sql);

  sqlite3* handle() { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

// What a result code means to a caller: disk full is RESOURCE_EXHAUSTED, a damaged file DATA_LOSS,
// the rest UNAVAILABLE.
absl::Status SqliteError(int code, absl::string_view what);

}  // namespace hanga
