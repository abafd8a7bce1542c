// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/commands.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <thread>

#include "scheduler/check_store.h"
#include "server/auth.h"
#include "server/daemon.h"
#include "server/tls.h"
#include "server/version.h"

namespace hanga {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "hangad: %s\n", std::string(status.message()).c_str());
  return 1;
}

// The signal that ends the daemon; SIGHUP makes it read again what may change while it runs.
int WaitForStop(Daemon* daemon, StopSignals* signals, const ReadAgain& read_again) {
  for (;;) {
    const int signal = signals->Wait();
    if (signal != SIGHUP) return signal;
    absl::Status status = daemon->Reload();
    const auto config = read_again();
    if (status.ok()) status = config.status();
    if (config.ok()) status.Update(daemon->SetModels(*config));
    if (status.ok()) {
      spdlog::info("reloaded tokens, certificates and models models={}", config->models.size());
    } else {
      spdlog::error("cannot reload: {}", std::string(status.message()));
    }
  }
}

}  // namespace

int RunDaemon(const Config& config, const ReadAgain& read_again, StopSignals* signals) {
  auto daemon = Daemon::Start(config);
  if (!daemon.ok()) return 1;  // it has logged why
  spdlog::info("serving version={} address={} port={} metrics_port={} models={}", kVersion,
               config.server.listen, (*daemon)->port(), (*daemon)->metrics_port(),
               config.models.size());
  const int signal = WaitForStop(daemon->get(), signals, read_again);
  spdlog::info("stopping signal={} grace={}", signal, absl::FormatDuration(config.server.grace));
  // A second signal ends everything at once, without orphans.
  std::thread impatient([&] {
    const int second = WaitForStop(daemon->get(), signals, read_again);
    if (second == 0) return;
    spdlog::warn("stopping at once signal={}", second);
    (*daemon)->KillWorkers();
    _exit(128 + second);
  });
  (*daemon)->StopGracefully();
  signals->Cancel();
  impatient.join();
  daemon->reset();
  spdlog::info("stopped");
  return 0;
}

int CheckConfigCommand(const CommandLine& line) {
  absl::Status status = CheckConfig(line.config);
  if (status.ok()) status = MakeServerCredentials(line.config.server.tls).status();
  if (status.ok() && !line.config.server.token_file.empty()) {
    status = ReadTokens(line.config.server.token_file).status();
  }
  if (!status.ok()) return Fail(status);
  std::printf("%s is sound: listens on %s, %zu models\n",
              line.config_file.empty() ? "the configuration" : line.config_file.c_str(),
              line.config.server.listen.c_str(), line.config.models.size());
  return 0;
}

int CheckStoreCommand(const Config& config) {
  const std::string data = config.server.data.empty() ? DefaultDataFolder() : config.server.data;
  auto report = CheckStore(data);
  if (!report.ok()) return Fail(report.status());
  std::printf("%s: schema %d, %" PRIu64 " jobs (%" PRIu64 " unfinished), %" PRIu64
              " attempts, %" PRIu64 " artifacts\n",
              data.c_str(), report->schema_version, report->jobs, report->unfinished_jobs,
              report->attempts, report->artifacts);
  for (const std::string& damage : report->damage) std::printf("damaged: %s\n", damage.c_str());
  if (report->older) {
    std::printf(
        "its tables are of an older version: hangad brings them up to date when it starts; "
        "to examine the rows before, use the version that wrote them\n");
  }
  if (report->damage.empty()) std::printf("the store is sound\n");
  return report->damage.empty() ? 0 : 1;
}

int HashTokenCommand() {
  std::string token;
  std::getline(std::cin, token);
  if (token.empty()) {
    token = NewToken();
    std::printf("# a new token; only its hash goes into the file: %s\n", token.c_str());
  }
  std::printf("%s submit default\n", HashToken(token).c_str());
  return 0;
}

}  // namespace hanga
