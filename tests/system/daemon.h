// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A real hangad with its workers, in a folder of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "tests/system/process.h"

namespace hanga::system {

std::string Program(const std::string& name);  // path of a program of this build
std::string DemoModel();                       // folder of models/demo

// A model folder without weights whose steps take `step_ms`; `more` holds further members of its
// JSON (", \"fail\": \"step\"").
std::string NoopModel(const TemporaryFolder& folder, const std::string& name, int step_ms,
                      const std::string& more = "");

// Waits for what has no event of its own. False if it has not come true in time.
bool Eventually(const std::function<bool()>& condition, absl::Duration patience = kPatience);

struct DaemonSettings {
  std::vector<std::string> devices = {"cpu:0"};
  std::vector<std::pair<std::string, std::string>> models;  // name, path
  std::string more;                                         // TOML that goes before [[model]]
  std::string listen = "127.0.0.1:0";
  std::string server = {};            // further TOML of [server]
  client::ClientOptions client = {};  // what its client presents; the address is filled in
};

// Not thread-safe, but its client is.
class Daemon {
 public:
  // Starts and waits until it serves and every model was examined; failures fail the test.
  explicit Daemon(DaemonSettings settings, bool wait = true);
  ~Daemon();

  client::Client& client() { return *client_; }
  Process& process() { return *process_; }
  const TemporaryFolder& folder() const { return folder_; }
  const std::string& address() const { return address_; }
  std::string config() const { return folder_ / "hangad.toml"; }
  std::string log() const { return process_->err() + process_->out(); }

  // After kill -9: another process on the same folder and port, with the settings as they are now.
  void Restart();
  DaemonSettings& settings() { return settings_; }

  // The answer of ListWorkers for one worker; empty if there is none.
  v1::Worker Worker(const std::string& id);
  // Waits until the worker is in this state.
  void AwaitWorker(const std::string& id, v1::WorkerState state);

 private:
  void Start();
  void AwaitModels();

  DaemonSettings settings_;
  TemporaryFolder folder_;
  std::string address_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<client::Client> client_;
};

// A request for one noop or demo picture.
v1::SubmitJobRequest PictureRequest(const std::string& model, uint64_t seed = 7, uint32_t steps = 4,
                                    uint32_t images = 1);

// Submits and generates; failures fail the test. Bytes by image.
struct Pictures {
  v1::Job job;
  std::vector<std::string> bytes;
};
Pictures Draw(client::Client& client, const v1::SubmitJobRequest& request);
Pictures Fetch(client::Client& client, const std::string& job);  // waits for its end

// How the first image is doing. A job that waits in the queue tells nothing of its images yet.
const v1::TaskProgress& TaskOf(const v1::Job& job);

// Follows a job until the condition holds or it ends; returns the last state seen.
v1::Job FollowUntil(client::Client& client, const std::string& job,
                    const std::function<bool(const v1::Job&)>& condition);

}  // namespace hanga::system
