// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/sqlite_job_store.h"

#include <array>
#include <filesystem>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/durable_mark.h"
#include "scheduler/sqlite_reader.h"
#include "scheduler/sqlite_schema.h"
#include "scheduler/sqlite_writer.h"

namespace hanga {
namespace {

// Up to this size the whole file's structure is checked at the start (about 0.3 s); of a larger one
// what is read, and all of it by `hangad check-store`.
constexpr uintmax_t kQuickCheckBytes = 64 << 20;

// Readers beside the one for lists, so that a long list holds up no Get().
constexpr size_t kReaders = 3;

constexpr char kPragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
    "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = 0";

struct Identity {
  std::string tag;
  uint64_t epoch = 0;
  JobId last_job = 0;
};

std::string DrawTag() {
  constexpr absl::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::random_device random;
  std::string tag;
  for (int i = 0; i < 6; ++i) tag += kAlphabet[random() % kAlphabet.size()];
  return tag;
}

absl::StatusOr<Identity> BeginEpoch(SqliteDb& db) {
  const std::string tag = DrawTag();
  const absl::Status status = db.Execute(
      absl::StrCat(
          "BEGIN IMMEDIATE; INSERT OR IGNORE INTO meta VALUES ('tag', '", tag,
          "'), ('epoch', 0); UPDATE meta SET value = value + 1 WHERE key = 'epoch'; COMMIT")
          .c_str());
  if (!status.ok()) return status;
  Identity identity;
  auto stored_tag = db.Prepare("SELECT value FROM meta WHERE key = 'tag'");
  if (!stored_tag.ok()) return stored_tag.status();
  if (auto row = stored_tag->Step(); !row.ok() || !*row) return row.status();
  identity.tag = std::string(stored_tag->Blob(0));
  const auto epoch = db.QueryInt("SELECT value FROM meta WHERE key = 'epoch'");
  if (!epoch.ok()) return epoch.status();
  identity.epoch = static_cast<uint64_t>(*epoch);
  const auto last = db.QueryInt("SELECT coalesce(max(id), 0) FROM jobs");
  if (!last.ok()) return last.status();
  identity.last_job = static_cast<JobId>(*last);
  return identity;
}

absl::Status QuickCheck(SqliteDb& db, const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kQuickCheckBytes || error) return absl::OkStatus();
  auto check = db.Prepare("PRAGMA quick_check(1)");
  if (!check.ok()) return check.status();
  const auto row = check->Step();
  if (!row.ok()) return row.status();
  if (check->Blob(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("job store: jobs.db is damaged: ", check->Blob(0),
                   ". `hangad check-store` lists everything; restore the data folder from a copy"));
}

class SqliteJobStore : public JobStore {
 public:
  SqliteJobStore(Identity identity, std::unique_ptr<SqliteWriter> writer,
                 std::vector<std::unique_ptr<SqliteReader>> readers)
      : identity_(std::move(identity)), readers_(std::move(readers)), writer_(std::move(writer)) {}

  ~SqliteJobStore() override {
    // The writer empties the log at its end, which a reader's connection would not allow.
    readers_.clear();
    writer_.reset();
  }

  uint64_t epoch() const override { return identity_.epoch; }
  const std::string& tag() const override { return identity_.tag; }
  JobId last_job() const override { return identity_.last_job; }

  void Write(StoreChange change, Done done) override {
    writer_->Write(std::move(change), std::move(done));
  }
  void Flush() override { writer_->Flush(); }
  void SetAfterCommit(std::function<void()> after_commit) override {
    writer_->SetAfterCommit(std::move(after_commit));
  }
  StoreMeasures measures() override { return writer_->measures(); }

  absl::StatusOr<StoredJob> Read(JobId id) override { return ReaderFor(id).Read(id); }
  absl::StatusOr<JobRequest> ReadRequest(JobId id) override {
    return ReaderFor(id).ReadRequest(id);
  }

  absl::StatusOr<std::vector<EventRecord>> ReadEvents(JobId id) override {
    return ReaderFor(id).ReadEvents(id);
  }
  absl::StatusOr<JobId> FindResult(const Digest& key) override {
    return ReaderFor(key[0]).FindResult(key);
  }

  absl::StatusOr<JobPage> List(const JobQuery& query) override { return Lists().List(query); }
  absl::Status ForEachInput(const std::function<void(InputRecord)>& visit) override {
    return Lists().ForEachInput(visit);
  }
  absl::Status ForEachUnfinished(const std::function<void(StoredJob)>& visit) override {
    return Lists().ForEachUnfinished(visit);
  }
  absl::Status ForEachRequestKey(
      int64_t since_us, const std::function<void(const Digest&, JobId, int64_t)>& visit) override {
    return Lists().ForEachRequestKey(since_us, visit);
  }
  absl::StatusOr<std::vector<ArtifactRecord>> OldestArtifacts(uint32_t limit) override {
    return Lists().OldestArtifacts(limit);
  }
  absl::StatusOr<bool> HasArtifact(JobId job, uint32_t index, uint32_t attempt) override {
    return ReaderFor(job).HasArtifact(job, index, attempt);
  }
  absl::StatusOr<ArtifactTotals> CountArtifacts() override { return Lists().CountArtifacts(); }
  absl::StatusOr<std::vector<JobId>> EndedBefore(int64_t ended_us, uint32_t limit) override {
    return Lists().EndedBefore(ended_us, limit);
  }

 private:
  SqliteReader& Lists() { return *readers_[0]; }
  SqliteReader& ReaderFor(JobId id) { return *readers_[1 + id % kReaders]; }

  const Identity identity_;
  std::vector<std::unique_ptr<SqliteReader>> readers_;
  std::unique_ptr<SqliteWriter> writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<JobStore>> OpenSqliteJobStore(const DataFolder& folder) {
  const std::string path = folder.File("jobs.db");
  const std::string wal_path = path + "-wal";
  auto mark = DurableMark::Open(folder.File("jobs.mark"));
  if (!mark.ok()) return mark.status();
  if (auto status = CheckWal(wal_path, mark->Get()); !status.ok()) return status;

  auto db = SqliteDb::Open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!db.ok()) return db.status();
  if (auto version = ReadSchemaVersion(*db); !version.ok()) return version.status();
  if (auto status = db->Execute(kPragmas); !status.ok()) return status;
  if (auto status = QuickCheck(*db, path); !status.ok()) return status;
  if (auto status = EmptyWal(*db, *mark); !status.ok()) return status;
  if (auto status = MigrateSchema(*db); !status.ok()) return status;
  auto identity = BeginEpoch(*db);
  if (!identity.ok()) return identity.status();
  if (auto status = EmptyWal(*db, *mark); !status.ok()) return status;

  auto checkpoint_db = SqliteDb::Open(path, SQLITE_OPEN_READWRITE);
  if (!checkpoint_db.ok()) return checkpoint_db.status();
  if (auto status = checkpoint_db->Execute(kPragmas); !status.ok()) return status;
  auto changes = SqliteChanges::Prepare(*db);
  if (!changes.ok()) return changes.status();
  std::vector<std::unique_ptr<SqliteReader>> readers;
  for (size_t i = 0; i < 1 + kReaders; ++i) {
    auto reader = SqliteReader::Open(path);
    if (!reader.ok()) return reader.status();
    readers.push_back(*std::move(reader));
  }
  auto writer = std::make_unique<SqliteWriter>(*std::move(db), *std::move(checkpoint_db),
                                               *std::move(changes), *std::move(mark), wal_path);
  return std::make_unique<SqliteJobStore>(*std::move(identity), std::move(writer),
                                          std::move(readers));
}

}  // namespace hanga
