// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/command_line.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "scheduler/job_name.h"
#include "server/quantities.h"
#include "server/version.h"

namespace hanga {
namespace {

constexpr char kExamples[] = R"(
Examples:
  hangad --model demo=models/demo --device cpu:0 --device cpu:1
      two CPU workers, one model, on 127.0.0.1:9876
  hangad --config /etc/hanga/hangad.toml
      everything as the file says; docs/configuration.md describes it
  hangad --config hangad.toml --listen 127.0.0.1:0 --port-file port
      the same on any free port, which is written to the file `port`
  hangad check-config --config hangad.toml
      every error of the file, with its line
  hangad check-store --data /var/lib/hanga
      reads every record and artifact of a data folder that no daemon uses
  hangad hash-token
      reads a token from standard input and prints its line for the token file;
      with an empty line, makes a token first
)";

// Flags as they were given: unset ones leave the file's values alone.
struct Flags {
  std::optional<std::string> listen, port_file, data, token_file, certificate, key, client_ca,
      grace, worker_program, log_level, log_format, metrics_listen;
  std::vector<std::string> devices, models;
  std::optional<int64_t> threads;
  bool insecure = false, reflection = false;
};

void AddFlags(CLI::App* app, std::string* config_file, Flags* flags) {
  app->add_option("-c,--config", *config_file, "configuration file (TOML)");
  app->add_option("--listen", flags->listen, "HOST:PORT; port 0 takes any free one");
  app->add_option("--port-file", flags->port_file, "write the port to this file once serving");
  app->add_option("--data", flags->data, "data folder");
  app->add_option("--model", flags->models, "NAME=PATH; repeat for more")->take_all();
  app->add_option("--device", flags->devices, "cpu:N, cuda:N or auto; repeat for more")->take_all();
  app->add_option("--threads", flags->threads, "threads of each CPU worker")
      ->check(CLI::Range(1, 1024));
  app->add_option("--token-file", flags->token_file, "file of token hashes");
  app->add_option("--tls-certificate", flags->certificate, "PEM file");
  app->add_option("--tls-key", flags->key, "PEM file");
  app->add_option("--tls-client-ca", flags->client_ca, "PEM file; clients must have certificates");
  app->add_flag("--insecure", flags->insecure, "listen beyond loopback without TLS");
  app->add_flag("--reflection", flags->reflection, "serve gRPC reflection");
  app->add_option("--grace", flags->grace, "for running tasks after SIGTERM, like 30s");
  app->add_option("--worker-program", flags->worker_program, "path of hanga-worker");
  app->add_option("--metrics-listen", flags->metrics_listen,
                  "HOST:PORT of /metrics, /livez and /readyz");
  app->add_option("--log-level", flags->log_level, "trace, debug, info, warn, error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  app->add_option("--log-format", flags->log_format, "text, json")
      ->check(CLI::IsMember({"text", "json"}));
}

std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

void Override(const std::optional<std::string>& flag, std::string* value) {
  if (flag) *value = *flag;
}

void OverridePath(const std::optional<std::string>& flag, std::string* path) {
  if (flag) *path = flag->empty() ? "" : Absolute(*flag);
}

absl::Status AddModels(const std::vector<std::string>& flags, Config* config) {
  for (const std::string& flag : flags) {
    const size_t equals = flag.find('=');
    ModelConfig model;
    if (equals != std::string::npos) {
      model.name = flag.substr(0, equals);
      model.path = flag.substr(equals + 1);
    }
    if (!IsResourceId(model.name) || model.path.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--model is '", flag, "'; expected NAME=PATH, the name of a-z 0-9 . _ -"));
    }
    model.path = Absolute(model.path);
    config->models.push_back(std::move(model));
  }
  return absl::OkStatus();
}

absl::Status Apply(const Flags& flags, Config* config) {
  ServerConfig& server = config->server;
  Override(flags.listen, &server.listen);
  OverridePath(flags.port_file, &server.port_file);
  OverridePath(flags.data, &server.data);
  OverridePath(flags.token_file, &server.token_file);
  OverridePath(flags.certificate, &server.tls.certificate);
  OverridePath(flags.key, &server.tls.key);
  OverridePath(flags.client_ca, &server.tls.client_ca);
  OverridePath(flags.worker_program, &config->workers.program);
  Override(flags.log_level, &config->log.level);
  Override(flags.log_format, &config->log.format);
  Override(flags.metrics_listen, &config->metrics.listen);
  if (!flags.devices.empty()) config->workers.devices = flags.devices;
  if (flags.threads) config->workers.threads = *flags.threads;
  server.insecure = server.insecure || flags.insecure;
  server.reflection = server.reflection || flags.reflection;
  if (flags.grace && !ParseTimeSpan(*flags.grace, &server.grace)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--grace is '", *flags.grace, "'; expected a duration like 30s"));
  }
  if (auto address = ParseHostPort(server.listen); !address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--listen ", address.status().message()));
  }
  const std::string& metrics = config->metrics.listen;
  if (auto address = ParseHostPort(metrics); !metrics.empty() && !address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metrics-listen ", address.status().message()));
  }
  return AddModels(flags.models, config);
}

}  // namespace

ParsedCommandLine ParseCommandLine(int argc, const char* const* argv) {
  ParsedCommandLine parsed;
  CommandLine& line = parsed.line;
  Flags flags;
  CLI::App app("hangad: serves diffusion models over gRPC.", "hangad");
  app.footer(kExamples);
  app.set_version_flag("--version", absl::StrCat("hangad ", kVersion));
  app.require_subcommand(0, 1);
  app.fallthrough();
  AddFlags(&app, &line.config_file, &flags);
  const auto add = [&](const char* name, const char* description, Command command) {
    app.add_subcommand(name, description)->callback([&line, command] { line.command = command; });
  };
  add("run", "serve until SIGTERM (what is done without a subcommand)", Command::kRun);
  add("check-config", "check a configuration and print what is wrong", Command::kCheckConfig);
  add("check-store", "check a data folder that no daemon uses", Command::kCheckStore);
  add("hash-token", "make the token file's line for a token", Command::kHashToken);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
    return parsed;
  }
  absl::Status status;
  if (!line.config_file.empty()) {
    auto config = ReadConfig(line.config_file);
    if (config.ok()) line.config = *std::move(config);
    status = config.status();
  }
  if (status.ok()) status = Apply(flags, &line.config);
  if (!status.ok()) {
    std::fprintf(stderr, "hangad: %s\n", std::string(status.message()).c_str());
    parsed.exit_code = 2;
    return parsed;
  }
  parsed.run = true;
  return parsed;
}

}  // namespace hanga
