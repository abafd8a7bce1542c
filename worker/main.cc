// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-worker: one process, one device.

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>
#include <string_view>

#include "worker/check/check_main.h"
#include "worker/command/device.h"
#include "worker/command/run.h"
#include "worker/describe/describe_main.h"
#include "worker/draw/draw_main.h"

namespace {

constexpr char kDescription[] =
    "Draws pictures on one device for a Hanga scheduler.\n"
    "hangad starts the workers of its own host; start one yourself to lend another host's device.";

constexpr char kExamples[] =
    "Examples:\n"
    "  hanga-worker --scheduler hanga.example.org:9876 --token-file worker.token \\\n"
    "               --tls-ca ca.pem --device cuda:0\n"
    "  hanga-worker devices\n"
    "  hanga-worker draw models/demo \"a red square\" -o out.png\n"
    "  hanga-worker check tests/golden\n"
    "Stop a worker with SIGTERM: it hands its unfinished pictures back, saved.";

void AddRunOptions(CLI::App* app, hanga::RunOptions* run) {
  app->add_option("--scheduler", run->scheduler.target, "HOST:PORT or unix:PATH of the scheduler");
  app->add_option("--device", run->device, "cpu, cpu:K or cuda:K")->capture_default_str();
  app->add_option("--id", run->id, "Name of this worker; default: the host's and the device's");
  app->add_option("--threads", run->threads, "Threads of a CPU device; 0: all")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app->add_option("--group-listen", run->group_listen,
                  "HOST:PORT or unix:PATH where other workers of a group reach this one; give an "
                  "address of this host for groups over several hosts; '' joins none")
      ->capture_default_str();
  app->add_option("--max-tasks", run->max_tasks, "Images held at once; 0: 1 on a CPU, 4 on a GPU")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app->add_option("--max-batch", run->max_batch, "Images that step as one batch at most")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app->add_option("--token-file", run->scheduler.token_file, "File with the bearer token");
  app->add_option("--tls-ca", run->scheduler.tls_ca,
                  "PEM file of the authorities to trust; turns TLS on");
  app->add_option("--tls-cert", run->scheduler.tls_cert, "PEM file of this worker's certificate");
  app->add_option("--tls-key", run->scheduler.tls_key, "PEM file of the certificate's key");
  app->add_option("--away-timeout", run->away_timeout,
                  "Give up after so many seconds without the scheduler; 0: never")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  app->add_option("--log-level", run->log_level, "trace, debug, info, warn, error, off")
      ->capture_default_str();
  app->add_option("--log-format", run->log_format, "text or json")->capture_default_str();
}

int ListDevices() {
  for (const hanga::Device& device : hanga::ListDevices()) {
    std::printf("%-8s %8.1f GiB, %.1f GiB free  %s  %s\n", device.info.id().c_str(),
                static_cast<double>(device.info.memory_bytes()) / (1 << 30),
                static_cast<double>(device.info.free_bytes()) / (1 << 30),
                device.info.model().c_str(), device.info.uuid().c_str());
  }
  return 0;
}

// One sentence on the standard error, where the scheduler's supervisor looks for it.
int Explain(const CLI::App& app, const CLI::ParseError& error) {
  constexpr int kUsage = 78;  // EX_CONFIG
  if (error.get_exit_code() == 0) return app.exit(error);
  std::fprintf(stderr, "hanga-worker: %s; --help lists the options\n", error.what());
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "check") return hanga::CheckMain(argc - 1, argv + 1);
  if (command == "draw") return hanga::DrawMain(argc - 1, argv + 1);
  if (command == "describe") return hanga::DescribeMain(argc - 1, argv + 1);
  if (command == "topology") return hanga::TopologyMain(argc - 1, argv + 1);

  hanga::RunOptions options;
  CLI::App app{kDescription, "hanga-worker"};
  app.footer(kExamples);
  app.set_version_flag("--version", "hanga-worker " HANGA_VERSION);
  app.require_subcommand(0, 1);
  AddRunOptions(&app, &options);
  CLI::App* run = app.add_subcommand("run", "Work for a scheduler (the default)");
  AddRunOptions(run, &options);
  CLI::App* devices = app.add_subcommand("devices", "List this machine's devices");
  app.add_subcommand("check", "Compare the models with recorded results; check --help says how");
  app.add_subcommand("describe", "What a model costs, block by block; describe --help says how");
  app.add_subcommand("topology", "This machine's devices and links, measured");
  app.add_subcommand("draw", "Draw one picture without a scheduler; draw --help says how");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Explain(app, error);
  }
  if (devices->parsed()) return ListDevices();
  return hanga::Run(options);
}
