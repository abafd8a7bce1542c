// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/session.h"

namespace hanga::cli {

absl::StatusOr<std::unique_ptr<client::Client>> Session::Connect() const {
  auto options = client::ReadOptions(sources);
  if (!options.ok()) return options.status();
  return client::Client::Make(*options);
}

CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& description,
                     const std::string& examples) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer("Examples:\n" + examples);
  command->fallthrough();
  return command;
}

}  // namespace hanga::cli
