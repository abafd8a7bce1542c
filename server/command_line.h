// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hangad's command line: what to do, and the configuration with the flags laid over the file's.
#pragma once

#include <string>

#include "server/config.h"

namespace hanga {

enum class Command { kRun, kCheckConfig, kCheckStore, kHashToken };

struct CommandLine {
  Command command = Command::kRun;
  std::string config_file;  // empty: defaults and flags alone
  Config config;            // file, then flags; checked by CheckConfig() where it is used
};

// Either a command line to carry out, or the code to exit with after what was printed: help, the
// version, or an error on standard error.
struct ParsedCommandLine {
  bool run = false;
  int exit_code = 0;
  CommandLine line;
};
ParsedCommandLine ParseCommandLine(int argc, const char* const* argv);

}  // namespace hanga
