// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga: the command line client.
#include <iostream>

#include "client/cli/reporter.h"
#include "client/cli/session.h"

namespace {

using hanga::cli::ExitCode;
using hanga::cli::Session;

constexpr char kFooter[] = R"(Examples:
  hanga generate "a lighthouse at dusk" --model demo --size 256x256 --seed 7 -o out/
  hanga jobs --state running
  hanga workers --json

HANGA_ADDRESS, HANGA_TOKEN_FILE, HANGA_TLS_CA, HANGA_TLS_CERT and HANGA_TLS_KEY give the connection
where the options do not. Exit codes: 0 done, 1 failed, 2 bad usage or a refused field, 3 no server
answers, 4 not found, 5 denied, 6 queue full, 7 cancelled by somebody else, 130 interrupted.)";

void AddConnectionOptions(CLI::App& app, Session& session) {
  auto& sources = session.sources;
  const std::string group = "Connection";
  app.add_option("--address", sources.address, "HOST:PORT or unix:PATH of hangad")
      ->capture_default_str()
      ->group(group);
  app.add_option("--token-file", sources.token_file, "file with the bearer token")->group(group);
  app.add_flag("--tls", sources.tls, "use TLS with the system's root certificates")->group(group);
  app.add_option("--tls-ca", sources.tls_ca, "use TLS with these roots (PEM)")->group(group);
  app.add_option("--tls-cert", sources.tls_cert, "client certificate (PEM)")->group(group);
  app.add_option("--tls-key", sources.tls_key, "its key (PEM)")->group(group);
  app.add_flag("--insecure", sources.insecure, "allow a token without TLS")->group(group);
}

}  // namespace

int main(int argc, char** argv) {
  Session session;
  session.sources = hanga::client::SourcesFromEnvironment();

  CLI::App app("Draw pictures on a Hanga server, follow jobs, look after workers.", "hanga");
  app.footer(kFooter);
  app.set_version_flag("--version", "hanga " HANGA_VERSION);
  app.require_subcommand(1);
  app.add_flag("--json", session.json, "one JSON object a line on standard output");
  AddConnectionOptions(app, session);
  hanga::cli::AddGenerateCommand(app, session);
  hanga::cli::AddJobCommands(app, session);
  hanga::cli::AddGetCommand(app, session);
  hanga::cli::AddDownloadCommand(app, session);
  hanga::cli::AddClusterCommands(app, session);
  hanga::cli::AddLoadCommands(app, session);
  hanga::cli::AddPlanCommand(app, session);
  hanga::cli::AddTopCommand(app, session);
  hanga::cli::AddTraceCommand(app, session);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0 && session.json) {
      hanga::cli::MakeJsonReporter()->OnError(absl::InvalidArgumentError(error.what()));
      return hanga::cli::kUsage;
    }
    return app.exit(error) == 0 ? hanga::cli::kOk : hanga::cli::kUsage;
  }
  const absl::StatusOr<ExitCode> code = session.run(session);
  if (code.ok()) return *code;
  hanga::cli::MakeReporter(session.json)->OnError(code.status());
  return hanga::cli::ExitCodeOf(code.status());
}
