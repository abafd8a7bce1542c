// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What all commands of one run share.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "client/cli/exit_code.h"
#include "client/client.h"

namespace hanga::cli {

// Filled while the command line is parsed; the command that was given sets `run`.
struct Session {
  client::OptionSources sources;
  bool json = false;
  std::function<absl::StatusOr<ExitCode>(Session&)> run;

  absl::StatusOr<std::unique_ptr<client::Client>> Connect() const;
};

// Adds a command with its examples; global options may follow it.
CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& description,
                     const std::string& examples);

// Each adds its commands to `app`.
void AddGenerateCommand(CLI::App& app, Session& session);
void AddJobCommands(CLI::App& app, Session& session);  // jobs, watch, cancel
void AddGetCommand(CLI::App& app, Session& session);
void AddDownloadCommand(CLI::App& app, Session& session);
void AddClusterCommands(CLI::App& app, Session& session);  // models, workers, drain, undrain
void AddLoadCommands(CLI::App& app, Session& session);     // load, unload
void AddPlanCommand(CLI::App& app, Session& session);
void AddTopCommand(CLI::App& app, Session& session);
void AddTraceCommand(CLI::App& app, Session& session);

}  // namespace hanga::cli
