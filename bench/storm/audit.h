// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// After a storm: does the server say what the clients were told, and is nothing left over?
#pragma once

#include <string>

#include "bench/storm/ledger.h"
#include "bench/storm/server_process.h"

namespace hanga::bench {

// Every job of the ledger is listed in its final state, and no other; successes have all of their
// pictures, with the bytes that were announced. Finds become violations. Returns the number of
// artifacts that the server lists.
uint64_t AuditJobs(const std::string& address, Ledger* ledger);

// What hangad holds once nothing goes on any more is what it held before the storm, give or take
// the library's own threads; and it has as many workers as devices.
void AuditRest(const ServerProcess& server, const ProcessUse& before, Ledger* ledger);

// Stops the server and looks at what it leaves: its exit code, processes, files.
void AuditRemains(ServerProcess* server, const std::string& data, uint64_t artifacts,
                  Ledger* ledger);

}  // namespace hanga::bench
