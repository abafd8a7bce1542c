// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A process that dies at any write of the store loses nothing that it had acknowledged, and a log
// that was damaged afterwards is noticed.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <vector>

#include "absl/synchronization/notification.h"
#include "scheduler/check_store.h"
#include "scheduler/durable_mark.h"
#include "scheduler/fault_point.h"
#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

// Dies at the n-th place where bytes could get lost. Counted over SQLite's writes, syncs and
// truncations and the fault points of files.
std::atomic<int> places_left = -1;

void MayDie() {
  if (places_left > 0 && --places_left == 0) _exit(42);
}

struct DyingFile {
  sqlite3_file base;
  sqlite3_io_methods methods;
  sqlite3_file* real;
};

// A file system for SQLite that is the usual one, but counts.
sqlite3_vfs dying_vfs;
sqlite3_vfs* real_vfs = nullptr;

// The real file object lies behind ours; only what changes the disk is looked at.
sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<DyingFile*>(file)->real; }

int DyingWrite(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
  MayDie();
  if (places_left == 1 && size > 1) {  // the next one would end it: tear this one
    Real(f)->pMethods->xWrite(Real(f), data, size / 2, offset);
    _exit(42);
  }
  return Real(f)->pMethods->xWrite(Real(f), data, size, offset);
}
int DyingSync(sqlite3_file* f, int flags) {
  MayDie();
  return Real(f)->pMethods->xSync(Real(f), flags);
}
int DyingTruncate(sqlite3_file* f, sqlite3_int64 size) {
  MayDie();
  return Real(f)->pMethods->xTruncate(Real(f), size);
}

int DyingOpen(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* f, int flags, int* out) {
  auto* file = reinterpret_cast<DyingFile*>(f);
  file->real = reinterpret_cast<sqlite3_file*>(file + 1);
  file->base.pMethods = nullptr;
  const int code = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
  if (file->real->pMethods == nullptr) return code;
  sqlite3_io_methods& m = file->methods;
  m = *file->real->pMethods;
  m.iVersion = 2;
  m.xClose = [](sqlite3_file* g) { return Real(g)->pMethods->xClose(Real(g)); };
  m.xRead = [](sqlite3_file* g, void* p, int n, sqlite3_int64 o) {
    return Real(g)->pMethods->xRead(Real(g), p, n, o);
  };
  m.xWrite = DyingWrite;
  m.xTruncate = DyingTruncate;
  m.xSync = DyingSync;
  m.xFileSize = [](sqlite3_file* g, sqlite3_int64* n) {
    return Real(g)->pMethods->xFileSize(Real(g), n);
  };
  m.xLock = [](sqlite3_file* g, int l) { return Real(g)->pMethods->xLock(Real(g), l); };
  m.xUnlock = [](sqlite3_file* g, int l) { return Real(g)->pMethods->xUnlock(Real(g), l); };
  m.xCheckReservedLock = [](sqlite3_file* g, int* r) {
    return Real(g)->pMethods->xCheckReservedLock(Real(g), r);
  };
  m.xFileControl = [](sqlite3_file* g, int op, void* p) {
    return Real(g)->pMethods->xFileControl(Real(g), op, p);
  };
  m.xSectorSize = [](sqlite3_file* g) { return Real(g)->pMethods->xSectorSize(Real(g)); };
  m.xDeviceCharacteristics = [](sqlite3_file* g) {
    return Real(g)->pMethods->xDeviceCharacteristics(Real(g));
  };
  m.xShmMap = [](sqlite3_file* g, int i, int n, int x, void volatile** p) {
    return Real(g)->pMethods->xShmMap(Real(g), i, n, x, p);
  };
  m.xShmLock = [](sqlite3_file* g, int o, int n, int l) {
    return Real(g)->pMethods->xShmLock(Real(g), o, n, l);
  };
  m.xShmBarrier = [](sqlite3_file* g) { Real(g)->pMethods->xShmBarrier(Real(g)); };
  m.xShmUnmap = [](sqlite3_file* g, int d) { return Real(g)->pMethods->xShmUnmap(Real(g), d); };
  file->base.pMethods = &m;
  return code;
}

void InstallDyingVfs() {
  real_vfs = sqlite3_vfs_find(nullptr);
  dying_vfs = *real_vfs;
  dying_vfs.zName = "dying";
  dying_vfs.szOsFile = static_cast<int>(sizeof(DyingFile)) + real_vfs->szOsFile;
  dying_vfs.xOpen = DyingOpen;
  sqlite3_vfs_register(&dying_vfs, /*makeDflt=*/1);
}

SchedulerOptions Options(const std::string& data_dir, Clock* clock) {
  SchedulerOptions options;
  options.data_dir = data_dir;
  options.clock = clock;
  options.background = false;
  ModelOptions model;
  model.deployment.set_name("models/a");
  options.models.push_back(model);
  return options;
}

v1::SubmitJobRequest PictureRequest() {
  v1::SubmitJobRequest request;
  request.mutable_spec()->set_model("models/a");
  request.mutable_spec()->set_prompt("a lighthouse");
  request.mutable_spec()->set_seed(7);
  request.mutable_spec()->set_allow_cached_result(true);
  return request;
}

constexpr char kInput[] = "hello";
constexpr char kInputSha256[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

bool StoreInput(Scheduler& scheduler) {
  const auto upload = scheduler.UploadBlob({}, kInputSha256, 5);
  return upload.ok() && (*upload)->Append(kInput).ok() && (*upload)->Finish().ok();
}

// An input, and four jobs: one drawn, one cancelled, one waiting, one answered by the first one's
// result. Every acknowledgement goes into the pipe.
void Live(const std::string& data_dir, int pipe) {
  const auto acknowledge = [pipe](char kind, const std::string& name) {
    const std::string line = kind + name + "\n";
    if (write(pipe, line.data(), line.size()) < 0) _exit(1);
  };
  FakeClock clock;
  auto scheduler = OpenScheduler(Options(data_dir, &clock));
  if (!scheduler.ok()) _exit(2);
  FakeWorker worker("w", 1);
  worker.facts().set_sha256("11");
  worker.Connect(**scheduler);
  if (StoreInput(**scheduler)) acknowledge('i', kInputSha256);
  std::vector<std::string> names;
  const auto submit = [&] {
    absl::Notification answered;
    (*scheduler)->Submit({}, PictureRequest(), [&](absl::StatusOr<v1::Job> job) {
      names.push_back(job->name());
      acknowledge(job->state() == v1::JOB_STATE_SUCCEEDED ? 'd' : 's', job->name());
      answered.Notify();
    });
    answered.WaitForNotification();
  };
  for (int i = 0; i < 3; ++i) submit();
  (*scheduler)->Cancel({}, names[2], [&](absl::StatusOr<v1::Job> job) {
    if (job.ok()) acknowledge('c', job->name());
  });
  for (int i = 0; i < 3; ++i) {
    (*scheduler)->RunOnce();
    (*scheduler)->Flush();
  }
  for (const auto& assignment : worker.TakeAssignments()) {
    worker.Succeed(assignment.attempt(), "picture");
  }
  (*scheduler)->Flush();
  for (const auto& verdict : worker.TakeVerdicts()) {
    if (verdict.code() == 0) acknowledge('d', verdict.attempt().job());
  }
  submit();
  worker.Disconnect();
}

class CrashTest : public testing::Test {
 protected:
  // Runs Live() in a child that dies at the given place; what it had acknowledged. `died` is false
  // when it came to its end.
  std::vector<std::string> LiveUntil(int place, const std::string& data_dir, bool* died) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      InstallDyingVfs();
      fault_hook = [](const char*) { MayDie(); };
      places_left = place;
      Live(data_dir, ends[1]);
      _exit(0);
    }
    close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 42) << WEXITSTATUS(status);
    *died = WEXITSTATUS(status) == 42;
    std::vector<std::string> lines;
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(text.substr(at, end - at));
    }
    return lines;
  }

  void ExpectNothingLost(const std::string& data_dir, const std::vector<std::string>& lines) {
    FakeClock clock;
    auto scheduler = OpenScheduler(Options(data_dir, &clock));
    ASSERT_TRUE(scheduler.ok()) << scheduler.status();
    for (const std::string& line : lines) {
      if (line[0] == 'i') {
        EXPECT_TRUE((*(*scheduler)->UploadBlob({}, line.substr(1), 5))->complete());
        continue;
      }
      const auto job = (*scheduler)->Get({}, line.substr(1));
      ASSERT_TRUE(job.ok()) << line << ": " << job.status();
      EXPECT_TRUE(line[0] != 'c' || job->state() == v1::JOB_STATE_CANCELLED) << line;
      EXPECT_TRUE(line[0] != 'd' || job->state() == v1::JOB_STATE_SUCCEEDED) << line;
      for (const auto& artifact : job->artifacts()) {
        const auto file = (*scheduler)->OpenArtifact({}, artifact.name());
        ASSERT_TRUE(file.ok()) << "published without bytes";
        EXPECT_EQ(*file->Read(0, 100), "picture");
      }
      EXPECT_EQ(job->artifacts_size() == 1, job->state() == v1::JOB_STATE_SUCCEEDED);
    }
    scheduler->reset();
    const auto report = CheckStore(data_dir);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->damage, testing::IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(data_dir + "/incoming"));
  }

  TempFolder folder_;
};

TEST_F(CrashTest, LosesNothingAtWhateverWriteItDies) {
  bool died = true;
  int place = 1;
  for (; died; ++place) {
    const std::string data_dir = folder_.path() + "/" + std::to_string(place);
    const auto acknowledged = LiveUntil(place, data_dir, &died);
    ExpectNothingLost(data_dir, acknowledged);
    std::filesystem::remove_all(data_dir);
    ASSERT_LT(place, 1'000);
  }
  EXPECT_GT(place, 40) << "the places were not counted";
}

class DamageTest : public CrashTest {
 protected:
  // A folder as a kill leaves it, whose log holds everything.
  void SetUp() override {
    // Dies as late as possible in its orderly end, which empties the log.
    bool died = true;
    int place = 1;
    for (; died; ++place) {
      std::filesystem::remove_all(data_);
      LiveUntil(place, data_, &died);
    }
    WalPosition mark;
    do {
      std::filesystem::remove_all(data_);
      acknowledged_ = LiveUntil(--place, data_, &died);
      mark = DurableMark::Open(data_ + "/jobs.mark")->Get();
    } while (mark.frames < 8 || mark.emptying);
  }
  std::string Wal() const { return data_ + "/jobs.db-wal"; }

  const std::string data_ = folder_.path() + "/data";
  std::vector<std::string> acknowledged_;
};

TEST_F(DamageTest, NamesAFlippedBitAnywhereInTheAcknowledgedLog) {
  const auto size = std::filesystem::file_size(Wal());
  std::string intact(size, '\0');
  std::ifstream(Wal(), std::ios::binary).read(intact.data(), static_cast<std::streamsize>(size));
  for (size_t at = 0; at < size; at += 1 + size / 40) {
    const std::string copy = folder_.path() + "/copy";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(data_, copy, std::filesystem::copy_options::recursive);
    std::string flipped = intact;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    std::ofstream(copy + "/jobs.db-wal", std::ios::binary) << flipped;
    FakeClock clock;
    const auto opened = OpenScheduler(Options(copy, &clock));
    if (opened.ok()) {  // it lay behind what was acknowledged
      for (const auto& line : acknowledged_) {
        if (line[0] == 'i') continue;
        EXPECT_TRUE((*opened)->Get({}, line.substr(1)).ok()) << "lost silently, byte " << at;
      }
    } else {
      EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << opened.status();
      const auto report = CheckStore(copy);
      ASSERT_TRUE(report.ok()) << report.status();
      EXPECT_FALSE(report->damage.empty());
    }
  }
}

TEST_F(DamageTest, NamesALogThatWasCutOrLost) {
  std::filesystem::resize_file(Wal(), std::filesystem::file_size(Wal()) / 2);
  FakeClock clock;
  EXPECT_EQ(OpenScheduler(Options(data_, &clock)).status().code(), absl::StatusCode::kDataLoss);
  std::filesystem::remove(Wal());
  EXPECT_EQ(OpenScheduler(Options(data_, &clock)).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DamageTest, CutsATornTailThatNobodyWasToldOf) {
  std::ofstream(Wal(), std::ios::binary | std::ios::app) << std::string(5'000, 'x');
  ExpectNothingLost(data_, acknowledged_);
}

}  // namespace
}  // namespace hanga
