// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-kill-storm: real processes, ill-treated at random, and a count at the end. Prints one flat
// JSON object; exits with 1, and keeps the folder, if anything was lost, wrong or left over.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "absl/time/clock.h"
#include "bench/storm/audit.h"
#include "bench/storm/disturber.h"
#include "bench/storm/traffic.h"

namespace hanga::bench {
namespace {

namespace fs = std::filesystem;

// The scheduler keeps 64 MiB free of artifacts.
constexpr uint64_t kDiskBytes = 192 << 20;

struct Arguments {
  std::string bin, folder, worker_program = "hanga-noop-worker", listen = "127.0.0.1:0";
  uint64_t cycles = 100, seed = 1;
  int clients = 8, workers = 2;
};

nlohmann::ordered_json Figures(const Arguments& arguments, const Disturber& disturber,
                               const Tally& tally, uint64_t resubmissions, absl::Duration time) {
  nlohmann::ordered_json figures{{"cycles", arguments.cycles},
                                 {"seed", arguments.seed},
                                 {"seconds", absl::ToDoubleSeconds(time)},
                                 {"jobs_submitted", tally.submitted},
                                 {"jobs_succeeded", tally.succeeded},
                                 {"jobs_failed", tally.failed},
                                 {"jobs_cancelled", tally.cancelled},
                                 {"jobs_expired", tally.expired},
                                 {"pictures", tally.images},
                                 {"repeated_calls", resubmissions}};
  for (const auto& [disturbance, count] : disturber.counts()) figures[NameOf(disturbance)] = count;
  return figures;
}

// The data folder outlives the disk, for whoever looks into a failure.
void KeepData(const std::string& data, const std::string& folder) {
  std::error_code ignored;
  fs::copy(data, folder + "/kept", fs::copy_options::recursive, ignored);
}

int Run(const Arguments& arguments) {
  const std::string mount = arguments.folder + "/disk", data = mount + "/data";
  fs::create_directories(mount);
  const auto disk = SmallDisk::Mount(mount, kDiskBytes);
  if (disk == nullptr) std::cerr << "no tmpfs can be mounted: the disk is never full" << std::endl;
  ServerSettings settings{
      .bin = arguments.bin, .folder = arguments.folder, .data = data, .workers = arguments.workers};
  settings.worker_program = arguments.worker_program;
  settings.listen = arguments.listen;
  ServerProcess server(settings);
  if (const absl::Status status = server.Start(); !status.ok()) {
    std::cerr << status.message() << std::endl;
    return 1;
  }
  const ProcessUse before = UseOf(server.pid());
  const absl::Time begun = absl::Now();
  Ledger ledger;
  Traffic traffic(server.address(), {.clients = arguments.clients, .seed = arguments.seed},
                  &ledger);
  Disturber disturber(&server, disk.get(), &ledger, arguments.seed, settings.lease);
  absl::Status alive;
  for (uint64_t i = 0; i < arguments.cycles && alive.ok(); ++i) alive = disturber.Disturb();
  disturber.Calm();
  if (!alive.ok()) {
    // Nobody would answer the clients any more.
    std::cerr << alive.message() << std::endl;
    KeepData(data, arguments.folder);
    _exit(1);
  }
  traffic.Finish();
  const absl::Duration time = absl::Now() - begun;
  const uint64_t artifacts = AuditJobs(server.address(), &ledger);
  const Tally tally = ledger.tally();
  if (tally.submitted != tally.succeeded + tally.failed + tally.cancelled + tally.expired) {
    ledger.Violation("the ends do not add up to the jobs submitted");
  }
  AuditRest(server, before, &ledger);
  AuditRemains(&server, data, artifacts, &ledger);

  auto figures = Figures(arguments, disturber, tally, traffic.resubmissions(), time);
  const size_t violations = ledger.violations().size();
  figures["violations"] = violations;
  std::cout << figures.dump() << std::endl;
  if (violations != 0) KeepData(data, arguments.folder);
  return violations == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  arguments.bin = fs::canonical("/proc/self/exe").parent_path();
  CLI::App app("Ill-treats a hangad and its workers, and counts what is left.", "hanga-kill-storm");
  app.add_option("--cycles", arguments.cycles, "disturbances")->capture_default_str();
  app.add_option("--seed", arguments.seed)->capture_default_str();
  app.add_option("--clients", arguments.clients)->capture_default_str();
  app.add_option("--workers", arguments.workers)->capture_default_str();
  app.add_option("--listen", arguments.listen,
                 "storms beside each other take ports that the system does not give away")
      ->capture_default_str();
  app.add_option("--bin", arguments.bin, "folder of hangad and the workers' program")
      ->capture_default_str();
  app.add_option("--worker-program", arguments.worker_program, "the whole one: hanga-worker")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  arguments.folder = (fs::temp_directory_path() / "hanga-storm-XXXXXX").string();
  if (mkdtemp(arguments.folder.data()) == nullptr) {
    std::cerr << "no temporary folder can be made" << std::endl;
    return 1;
  }
  const int code = Run(arguments);
  if (code == 0) {
    fs::remove_all(arguments.folder);
  } else {
    std::cerr << "kept: " << arguments.folder << std::endl;
  }
  return code;
}

}  // namespace
}  // namespace hanga::bench

int main(int argc, char** argv) { return hanga::bench::Main(argc, argv); }
