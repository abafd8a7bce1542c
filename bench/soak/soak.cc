// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-soak: a hangad with two workers under a mixed load that leaves them mostly idle, for an
// hour. What they hold is sampled; growth after the warm-up fails it. Prints one flat JSON object.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <openssl/sha.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/soak/chores.h"
#include "bench/soak/growth.h"
#include "bench/storm/traffic.h"

namespace hanga::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kMostGrowthMb = 10;
constexpr int kMoreThreads = 4;  // gRPC starts another poller when it is busy
constexpr absl::Duration kSampleEvery = absl::Seconds(10);
constexpr absl::Duration kMostWarmUp = absl::Minutes(10);
const char* const kTenants[] = {"studio", "farm", "lab"};
constexpr char kStaying[] = "workers/cpu-0", kRestarted[] = "workers/cpu-1";

struct Arguments {
  std::string bin, demo, worker_program = "hanga-worker", samples;
  double minutes = 60;
  uint64_t seed = 1;
  int clients = 8, pause_ms = 1500;
};

std::string TokenOf(const std::string& who) { return "the-token-of-" + who + "-in-this-soak"; }

std::string TokenLine(const std::string& who, const std::string& role) {
  const std::string token = TokenOf(who);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return absl::StrCat(absl::BytesToHexString(digest), " ", role, " ", who, "\n");
}

ServerSettings Settings(const Arguments& arguments, const std::string& folder) {
  std::ofstream tokens(folder + "/tokens");
  for (const char* tenant : kTenants) tokens << TokenLine(tenant, "submit");
  tokens << TokenLine("ops", "admin");
  ServerSettings settings{.bin = arguments.bin, .folder = folder, .data = folder + "/data"};
  settings.worker_program = arguments.worker_program;
  settings.heartbeat = absl::Seconds(2);
  settings.lease = absl::Seconds(10);
  settings.server = absl::StrCat("token_file = \"", folder, "/tokens\"\n");
  // Jobs and artifacts are forgotten all the time, as they are on a server that runs for a year.
  settings.more = "finished_jobs = \"2m\"\n[artifacts]\nmax_bytes = \"4MiB\"\nmax_age = \"2m\"\n";
  if (!arguments.demo.empty()) {
    absl::StrAppend(&settings.more, "[[model]]\nname = \"demo\"\npath = \"", arguments.demo,
                    "\"\n");
  }
  return settings;
}

// Of a child that has ended, or of this process.
double CpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

class Soak {
 public:
  Soak(const Arguments& arguments, const ServerProcess& server, Ledger* ledger)
      : arguments_(arguments),
        server_(server),
        chores_({.address = server.address(),
                 .admin_token = TokenOf("ops"),
                 .tokens = Tokens(),
                 .restarted_worker = kRestarted,
                 .demo = !arguments.demo.empty()},
                ledger) {
    client::ClientOptions options;
    options.address = server.address();
    options.token = TokenOf("ops");
    admin_ = *client::Client::Make(options);
  }

  static std::vector<std::string> Tokens() {
    std::vector<std::string> tokens;
    for (const char* tenant : kTenants) tokens.push_back(TokenOf(tenant));
    return tokens;
  }

  void Run() {
    const absl::Time begun = absl::Now(), end = begun + absl::Minutes(arguments_.minutes);
    absl::Time sample_at = begun;
    while (absl::Now() < end) {
      chores_.Round();
      if (absl::Now() >= sample_at) {
        sample_at += kSampleEvery;
        Sample(absl::Now() - begun);
      }
      absl::SleepFor(absl::Seconds(1));
    }
  }

  const Growth& growth() const { return growth_; }
  const Chores& chores() const { return chores_; }

 private:
  void Sample(absl::Duration at) {
    growth_.Sample("hangad", server_.pid(), at);
    if (worker_ == 0) worker_ = WorkerPid();
    if (worker_ > 0) growth_.Sample("worker", worker_, at);
    if (arguments_.samples.empty()) return;
    const ProcessUse daemon = UseOf(server_.pid()), worker = UseOf(worker_);
    std::ofstream(arguments_.samples, std::ios::app)
        << absl::ToInt64Seconds(at) << ' ' << daemon.resident_bytes << ' ' << daemon.descriptors
        << ' ' << daemon.threads << ' ' << worker.resident_bytes << ' ' << worker.descriptors << ' '
        << worker.threads << std::endl;
  }

  pid_t WorkerPid() const {
    const auto workers = admin_->ListWorkers();
    if (!workers.ok()) return 0;
    for (const v1::Worker& worker : *workers) {
      if (worker.name() == kStaying) return static_cast<pid_t>(worker.pid());
    }
    return 0;
  }

  const Arguments& arguments_;
  const ServerProcess& server_;
  Chores chores_;
  Growth growth_;
  std::unique_ptr<client::Client> admin_;
  pid_t worker_ = 0;
};

nlohmann::ordered_json Judge(const Growth& growth, double minutes, Ledger* ledger) {
  nlohmann::ordered_json figures;
  const absl::Duration warm_up = std::min(kMostWarmUp, absl::Minutes(minutes / 6));
  figures["warm_up_minutes"] = absl::ToDoubleMinutes(warm_up);
  for (const auto& [name, f] : growth.After(warm_up)) {
    figures[name + "_samples"] = f.samples;
    figures[name + "_rss_first_mb"] = f.resident_mb_first;
    figures[name + "_rss_last_mb"] = f.resident_mb_last;
    figures[name + "_rss_most_mb"] = f.resident_mb_most;
    figures[name + "_rss_growth_mb"] = f.resident_mb_growth();
    figures[name + "_descriptors_first"] = f.descriptors_first;
    figures[name + "_descriptors_last"] = f.descriptors_last;
    figures[name + "_threads_first"] = f.threads_first;
    figures[name + "_threads_last"] = f.threads_last;
    if (f.resident_mb_growth() > kMostGrowthMb) {
      ledger->Violation(absl::StrCat(name, " has grown by ", f.resident_mb_growth(), " MB"));
    }
    if (f.descriptors_last > f.descriptors_first) {
      ledger->Violation(absl::StrCat(name, " holds ", f.descriptors_last, " descriptors, ",
                                     f.descriptors_first, " before"));
    }
    if (f.threads_last > f.threads_first + kMoreThreads) {
      ledger->Violation(
          absl::StrCat(name, " has ", f.threads_last, " threads, ", f.threads_first, " before"));
    }
  }
  return figures;
}

int Run(const Arguments& arguments, const std::string& folder) {
  ServerProcess server(Settings(arguments, folder));
  if (const absl::Status status = server.Start(); !status.ok()) {
    std::cerr << status.message() << std::endl;
    return 1;
  }
  const absl::Time begun = absl::Now();
  Ledger ledger;
  Traffic traffic(server.address(),
                  {.clients = arguments.clients,
                   .seed = arguments.seed,
                   .pause = absl::Milliseconds(arguments.pause_ms),
                   .tokens = Soak::Tokens(),
                   .download = true},
                  &ledger);
  Soak soak(arguments, server, &ledger);
  soak.Run();
  traffic.Finish();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  const auto exit_code = server.Stop(absl::Minutes(1));
  if (!exit_code.ok() || *exit_code != 0) ledger.Violation("hangad did not stop cleanly");

  auto figures = Judge(soak.growth(), arguments.minutes, &ledger);
  const Tally tally = ledger.tally();
  figures["seconds"] = seconds;
  figures["jobs_submitted"] = tally.submitted;
  figures["jobs_succeeded"] = tally.succeeded;
  figures["jobs_failed"] = tally.failed;
  figures["jobs_cancelled"] = tally.cancelled;
  figures["jobs_expired"] = tally.expired;
  figures["pictures"] = tally.images;
  figures["demo_pictures"] = soak.chores().demo_pictures();
  figures["refused_calls"] = soak.chores().refusals();
  figures["worker_restarts"] = soak.chores().restarts();
  figures["server_cores"] =
      CpuSeconds(RUSAGE_CHILDREN) / seconds;  // with workers it has waited for
  figures["clients_cores"] = CpuSeconds(RUSAGE_SELF) / seconds;
  figures["violations"] = ledger.violations().size();
  std::cout << figures.dump() << std::endl;
  return ledger.violations().empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  arguments.bin = fs::canonical("/proc/self/exe").parent_path();
  CLI::App app("Loads a hangad for long and watches what it holds.", "hanga-soak");
  app.add_option("--minutes", arguments.minutes)->capture_default_str();
  app.add_option("--seed", arguments.seed)->capture_default_str();
  app.add_option("--clients", arguments.clients)->capture_default_str();
  app.add_option("--pause-ms", arguments.pause_ms, "of a client between two jobs, on average")
      ->capture_default_str();
  app.add_option("--demo", arguments.demo, "folder of a real model; none: without");
  app.add_option("--samples", arguments.samples, "file that gets every sample");
  app.add_option("--bin", arguments.bin, "folder of hangad and the workers' program")
      ->capture_default_str();
  app.add_option("--worker-program", arguments.worker_program)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::string folder = (fs::temp_directory_path() / "hanga-soak-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::cerr << "no temporary folder can be made" << std::endl;
    return 1;
  }
  const int code = Run(arguments, folder);
  if (code == 0) {
    fs::remove_all(folder);
  } else {
    std::cerr << "kept: " << folder << std::endl;
  }
  return code;
}

}  // namespace
}  // namespace hanga::bench

int main(int argc, char** argv) { return hanga::bench::Main(argc, argv); }
