// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/daemon.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/scheduler_options.h"
#include "server/tls.h"

namespace hanga {
namespace {

constexpr absl::Duration kWorkerExit = absl::Seconds(10);  // for a worker that holds nothing
constexpr absl::Duration kCallExit = absl::Seconds(1);
constexpr absl::Duration kPoolPatience = absl::Seconds(3);  // probes time out later

// In one step, so that who waits for the file never reads half of it.
absl::Status WritePortFile(const std::string& path, int port) {
  if (path.empty()) return absl::OkStatus();
  const std::string unfinished = path + ".new";
  std::ofstream(unfinished) << port << "\n";
  std::error_code error;
  std::filesystem::rename(unfinished, path, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot write the port file ", path, ": ", error.message()));
}

// Tokens' hashes and private keys are nobody else's business; a warning, since it is no error here.
void WarnIfOthersMayRead(const std::string& path) {
  struct stat facts {};
  if (path.empty() || stat(path.c_str(), &facts) != 0 || (facts.st_mode & S_IROTH) == 0) return;
  spdlog::warn("a secret file is readable by others file=\"{}\" mode={:o}: chmod o-r it", path,
               facts.st_mode & 0777U);
}

absl::Status Sentence(const absl::Status& status, absl::string_view before) {
  return absl::Status(status.code(), absl::StrCat(before, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config) {
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  absl::Status status = CheckConfig(config);
  if (status.ok()) status = daemon->Open();
  if (!status.ok()) {
    // Before what was opened is closed: whatever that meets, the reason is told.
    spdlog::error("cannot start: {}", std::string(status.message()));
    return status;
  }
  return daemon;
}

absl::Status Daemon::OpenData(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the data folder ", folder, ": ", error.message(),
                     "; choose another with --data or server.data"));
  }
  SchedulerOptions options = MakeSchedulerOptions(config_, folder);
  options.usable_workers_changed = [this](int count) {
    usable_workers_ = count;
    if (Doorbell* bell = readiness_.load()) bell->Ring();
  };
  options.undrained = [this](const std::string& worker_id) {
    if (Supervisor* supervisor = releasing_.load()) supervisor->Release(worker_id);
  };
  options.local_worker_hangs = [this](const std::string& worker_id) {
    if (Supervisor* supervisor = releasing_.load()) {
      supervisor->Kill(worker_id, absl::StrCat("did not answer for ",
                                               absl::FormatDuration(config_.workers.lease)));
    }
  };
  auto scheduler = OpenScheduler(std::move(options));
  if (!scheduler.ok()) {
    return Sentence(scheduler.status(), absl::StrCat("cannot open the data folder ", folder));
  }
  scheduler_ = *std::move(scheduler);
  return absl::OkStatus();
}

absl::Status Daemon::Open() {
  TokenTable tokens;
  if (const std::string& file = config_.server.token_file; !file.empty()) {
    auto read = ReadTokens(file);
    if (!read.ok()) return read.status();
    tokens = *std::move(read);
  }
  const std::string data = config_.server.data.empty() ? DefaultDataFolder() : config_.server.data;
  if (auto status = OpenData(data); !status.ok()) return status;
  auto local = PrepareLocalWorkers(config_, data);
  if (!local.ok()) return local.status();
  authorizer_.emplace(!config_.server.token_file.empty(), std::move(tokens),
                      std::move(local->tokens));

  // Calls are counted only where somebody can ask for the counts.
  Listener::Interceptors interceptors;
  if (!config_.metrics.listen.empty()) interceptors.push_back(calls_.MakeInterceptors());
  auto listener = Listener::Start(config_.server, local->socket, local->ids,
                                  {.scheduler = scheduler_.get(),
                                   .authorizer = &*authorizer_,
                                   .pool = &pool_,
                                   .timers = &timers_,
                                   .streams = &streams_,
                                   .keep_alive = config_.server.keep_alive},
                                  std::move(interceptors));
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  readiness_bell_ = std::make_shared<Doorbell>(
      &pool_, [this] { listener_->SetReady(usable_workers_.load() > 0); });
  readiness_ = readiness_bell_.get();
  readiness_bell_->Ring();

  auto supervisor = Supervisor::Start(
      std::move(local->supervision),
      [this](const WorkerProcess& process) { scheduler_->ReportProcess(process); });
  if (!supervisor.ok()) return supervisor.status();
  supervisor_ = *std::move(supervisor);
  releasing_ = supervisor_.get();
  WarnIfOthersMayRead(config_.server.token_file);
  WarnIfOthersMayRead(config_.server.tls.key);
  if (auto status = OpenMetrics(); !status.ok()) return status;
  return WritePortFile(config_.server.port_file, port());
}

// Whether the pool takes a piece of work soon. What waits for the disk is there too, so this is
// also about a disk that hangs.
bool Daemon::PoolAnswers() {
  const auto answered = std::make_shared<absl::Notification>();
  pool_.Run([answered] { answered->Notify(); });
  return answered->WaitForNotificationWithTimeout(kPoolPatience);
}

CanaryMeasures Daemon::MeasureCanary() const {
  return canary_ == nullptr ? CanaryMeasures() : canary_->measures();
}

absl::Status Daemon::OpenMetrics() {
  if (!config_.canary.model.empty()) {
    canary_ = std::make_unique<Canary>(config_.canary, scheduler_.get());
  }
  if (!config_.metrics.scaler_listen.empty()) {
    auto scaler = ExternalScaler::Start(config_.metrics.scaler_listen, scheduler_.get());
    if (!scaler.ok()) return scaler.status();
    scaler_ = *std::move(scaler);
  }
  if (config_.metrics.listen.empty()) return absl::OkStatus();
  auto metrics = MetricsEndpoint::Start(config_.metrics.listen,
                                        {.scheduler = scheduler_.get(),
                                         .calls = &calls_,
                                         .pool_answers = [this] { return PoolAnswers(); },
                                         .canary = [this] { return MeasureCanary(); }});
  if (!metrics.ok()) return metrics.status();
  metrics_ = *std::move(metrics);
  return WritePortFile(config_.metrics.port_file, metrics_port());
}

absl::Status Daemon::SetModels(const Config& config) {
  if (auto status = CheckConfig(config); !status.ok()) {
    return Sentence(status, "the models stay as they were");
  }
  scheduler_->SetModels(MakeSchedulerOptions(config, "").models);
  return absl::OkStatus();
}

absl::Status Daemon::Reload() {
  const std::string& file = config_.server.token_file;
  if (!file.empty()) {
    auto tokens = ReadTokens(file);
    if (!tokens.ok()) return Sentence(tokens.status(), "the tokens stay as they were");
    authorizer_->ReplaceClients(*std::move(tokens));
  }
  // The files are watched; here it is told whether they can be used.
  if (auto status = MakeServerCredentials(config_.server.tls).status(); !status.ok()) {
    return Sentence(status, "new connections will fail");
  }
  return absl::OkStatus();
}

void Daemon::StopGracefully() {
  listener_->SetStopping();
  if (metrics_ != nullptr) metrics_->SetStopping();
  if (canary_ != nullptr) canary_->Stop();
  absl::Notification drained;
  scheduler_->Drain(config_.server.grace, [&drained] { drained.Notify(); });
  drained.WaitForNotification();
  spdlog::info("drained");
  supervisor_->Stop(kWorkerExit);
  streams_.EndAll();
  listener_->Stop(kCallExit);
}

void Daemon::KillWorkers() { supervisor_->Stop(absl::ZeroDuration()); }

Daemon::~Daemon() {
  scaler_.reset();
  metrics_.reset();
  canary_.reset();
  releasing_ = nullptr;
  supervisor_.reset();
  streams_.EndAll();
  if (listener_ != nullptr) listener_->Stop(absl::ZeroDuration());
  readiness_ = nullptr;
  pool_.WaitUntilIdle();  // sessions and watches let go of the scheduler
  scheduler_.reset();
  pool_.WaitUntilIdle();  // what the scheduler's last callbacks rang
}

}  // namespace hanga
