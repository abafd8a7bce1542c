// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A hangad on one host and workers on two others, with TLS, certificates of both sides and tokens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/server/certificates.h"
#include "tests/system/daemon.h"
#include "tests/system/network/network.h"

namespace hanga::system {

// What a worker shows to the scheduler; files.
struct Papers {
  std::string token, ca, certificate, key;  // empty: it has none
};

// Not thread-safe. Failures fail the test.
class RemoteWorkers {
 public:
  // Whether there can be hosts on this machine; the reason if not. Moves the calling thread.
  static absl::Status Possible();

  // `workers` is TOML of the table, such as the lease. Models: "noop", of steps of 50 ms.
  explicit RemoteWorkers(const std::string& workers);

  Daemon& daemon() { return *daemon_; }
  Wire& wire(size_t box) { return *boxes_[box].wire; }
  Process& worker(size_t box) { return *boxes_[box].worker; }
  static std::string Id(size_t box) { return box == 0 ? "box-1" : "box-2"; }
  // Which box the name of a worker belongs to.
  static size_t BoxOf(const std::string& worker);

  // Starts `hanga-noop-worker` on a box. It is then not waited for.
  void Start(size_t box, const Papers& papers, const std::string& id);
  // Starts both with good papers and waits until they are ready.
  void StartBoth();

  Papers GoodPapers() const;
  std::string StrangersToken() const { return folder_ / "stranger.token"; }
  std::string StrangersCa() const { return folder_ / "stranger.pem"; }

 private:
  struct Box {
    std::optional<Host> host;
    std::unique_ptr<Wire> wire;
    std::string scheduler_ip;
    std::unique_ptr<Process> worker;
  };

  void WritePapers();

  TemporaryFolder folder_;
  std::vector<Box> boxes_;
  std::unique_ptr<Daemon> daemon_;
  int started_ = 0;
};

}  // namespace hanga::system
