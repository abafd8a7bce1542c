// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_db.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga {

absl::Status SqliteError(int code, absl::string_view what) {
  const std::string message = absl::StrCat("job store: ", what, ": ", sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError("job store: no space left on the disk");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    default:
      return absl::UnavailableError(message);
  }
}

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
  std::swap(stmt_, other.stmt_);
  std::swap(bound_, other.bound_);
  return *this;
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(stmt_); }

SqliteStatement& SqliteStatement::Bind(int64_t value) {
  sqlite3_bind_int64(stmt_, ++bound_, value);
  return *this;
}

SqliteStatement& SqliteStatement::BindText(absl::string_view value) {
  sqlite3_bind_text(stmt_, ++bound_, value.data() == nullptr ? "" : value.data(),
                    static_cast<int>(value.size()), SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(absl::string_view value) {
  sqlite3_bind_blob(stmt_, ++bound_, value.data() == nullptr ? "" : value.data(),
                    static_cast<int>(value.size()), SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::BindNull() {
  sqlite3_bind_null(stmt_, ++bound_);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return SqliteError(code, sqlite3_errmsg(sqlite3_db_handle(stmt_)));
}

absl::Status SqliteStatement::Run() {
  const auto row = Step();
  Rewind();
  return row.status();
}

void SqliteStatement::Rewind() {
  sqlite3_reset(stmt_);
  bound_ = 0;
}

absl::string_view SqliteStatement::Blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
  return {data, static_cast<size_t>(sqlite3_column_bytes(stmt_, column))};
}

SqliteDb& SqliteDb::operator=(SqliteDb&& other) noexcept {
  std::swap(db_, other.db_);
  return *this;
}

SqliteDb::~SqliteDb() { sqlite3_close_v2(db_); }

absl::StatusOr<SqliteDb> SqliteDb::Open(const std::string& path, int flags) {
  SqliteDb db;
  const int code =
      sqlite3_open_v2(path.c_str(), &db.db_, flags | SQLITE_OPEN_NOMUTEX, /*zVfs=*/nullptr);
  if (code != SQLITE_OK) return SqliteError(code, "cannot be opened");
  sqlite3_extended_result_codes(db.db_, 1);
  sqlite3_busy_timeout(db.db_, 10'000);
  return db;
}

absl::Status SqliteDb::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(code, sqlite3_errmsg(db_));
}

absl::StatusOr<SqliteStatement> SqliteDb::Prepare(const char* sql) {
  SqliteStatement statement;
  const int code =
      sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement.stmt_, nullptr);
  if (code != SQLITE_OK) return SqliteError(code, sqlite3_errmsg(db_));
  return statement;
}

absl::StatusOr<int64_t> SqliteDb::QueryInt(const char* sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const auto row = statement->Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("job store: no row");
  return statement->Int(0);
}

}  // namespace hanga
