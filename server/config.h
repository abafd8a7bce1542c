// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What an operator configures. docs/configuration.md describes every key; the defaults here are the
// ones documented there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hanga/v1/job.pb.h"

namespace hanga {

struct TlsConfig {
  std::string certificate;  // PEM files; empty: no TLS
  std::string key;
  std::string client_ca;  // clients must present a certificate signed by it; empty: none asked

  bool enabled() const { return !certificate.empty(); }
};

struct ServerConfig {
  std::string listen = "127.0.0.1:9876";  // port 0: any free one
  std::string port_file;                  // the port listened on is written here once serving
  std::string data;                       // folder; empty: DefaultDataFolder()
  bool insecure = false;                  // allows a listener beyond loopback without TLS
  bool reflection = false;
  absl::Duration keep_alive = absl::Seconds(15);  // between messages of a followed job
  absl::Duration grace = absl::Seconds(30);       // for running tasks after SIGTERM
  TlsConfig tls;
  std::string token_file;  // bearer tokens; empty: no authentication
};

struct LogConfig {
  std::string level = "info";   // trace, debug, info, warn, error
  std::string format = "text";  // text, json
};

struct MetricsConfig {
  std::string listen;         // of /metrics, /livez and /readyz; empty: none. Port 0: any free one
  std::string port_file;      // the port listened on is written here once serving
  std::string scaler_listen;  // of KEDA's external scaler interface; empty: none
};

// A small job now and then through the real queue.
struct CanaryConfig {
  std::string model;  // its name; empty: none
  absl::Duration interval = absl::Minutes(1), patience = absl::Minutes(5);
};

struct WorkersConfig {
  std::vector<std::string> devices = {"auto"};  // "cpu:0", "cuda:1", or "auto" alone
  int64_t threads = 0;                          // per CPU worker; 0: the cores divided among them
  std::string program;                          // empty: hanga-worker beside hangad
  absl::Duration heartbeat = absl::Seconds(2);
  absl::Duration lease = absl::Seconds(10);  // without a heartbeat for this long, tasks move
  absl::Duration away = absl::Seconds(60);   // a local worker without a daemon ends itself
  absl::Duration restart_least = absl::Milliseconds(500);  // back-off between restarts
  absl::Duration restart_most = absl::Seconds(30);
  int64_t crash_limit = 5;  // crashes within the window before a worker is quarantined
  absl::Duration crash_window = absl::Minutes(1);
  absl::Duration quarantine = absl::Minutes(10);
};

struct QueueConfig {
  int64_t max_tasks = 100'000;  // images waiting in all; beyond: RESOURCE_EXHAUSTED
  int64_t max_attempts = 3;     // per image
  absl::Duration request_ids = absl::Hours(24);         // how long a request_id is remembered
  absl::Duration finished_jobs = absl::Hours(24 * 30);  // how long they are listed
};

struct ArtifactsConfig {
  absl::Duration max_age = absl::Hours(24 * 7);
  uint64_t max_bytes = uint64_t{20} << 30;  // oldest go first
};

struct InputsConfig {
  absl::Duration max_age = absl::Hours(24);       // since a job has used it last
  uint64_t max_bytes = uint64_t{4} << 30;         // longest unused go first
  uint64_t max_tenant_bytes = uint64_t{1} << 30;  // more are refused
};

struct TenantConfig {
  std::string name;
  double weight = 1;        // share of the workers where tenants compete
  int64_t max_queued = 0;   // images waiting; 0: no limit of its own
  int64_t max_running = 0;  // tasks on workers; 0: no limit
};

// An adapter that is part of a model's weights.
struct FixedLoraConfig {
  std::string name;  // in lora_dir, without .safetensors
  double weight = 1;
};

struct ModelConfig {
  std::string name;  // [a-z0-9._-]{1,64}
  std::string path;  // a diffusers folder or a checkpoint file, absolute
  std::string dtype = "auto";
  std::string weights = "auto";
  bool preload = false;
  std::string mode = "auto";
  std::string placement = "auto";
  int64_t group_size = 1;  // workers that run it together, with mode = "split"
  // Memory that the model may take on a worker; unset: the worker's defaults (docs/residency.md).
  std::optional<uint64_t> reserve_vram, vram_limit, pinned_host_limit, host_limit;
  bool keep_resident = false;
  std::map<std::string, std::string> components;  // absolute paths of files by component
  std::string lora_dir;                           // adapters that requests may name; empty: none
  std::vector<FixedLoraConfig> loras;             // of lora_dir
  std::string embedding_dir;                      // textual inversions; empty: none
  uint64_t max_pixels = 0;                        // 0: the model's own limit
  int64_t max_running = 0;                        // tasks on workers; 0: no limit
  v1::GenerationSpec defaults;                    // override the model's own
};

struct Config {
  ServerConfig server;
  LogConfig log;
  MetricsConfig metrics;
  CanaryConfig canary;
  WorkersConfig workers;
  QueueConfig queue;
  ArtifactsConfig artifacts;
  InputsConfig inputs;
  std::vector<TenantConfig> tenants;
  std::vector<ModelConfig> models;
};

// $XDG_STATE_HOME/hanga, or ~/.local/state/hanga.
std::string DefaultDataFolder();

// Reads a TOML file. Relative paths in it are relative to its folder. NOT_FOUND or
// PERMISSION_DENIED if it cannot be read; INVALID_ARGUMENT with one "file:line: what is wrong" per
// line.
absl::StatusOr<Config> ReadConfig(const std::string& path);

// The same for text that came from `path`.
absl::StatusOr<Config> ParseConfig(absl::string_view text, const std::string& path);

// What no single key can tell: TLS pairs, listeners beyond loopback, duplicate names, a lease
// shorter than its heartbeats. INVALID_ARGUMENT, or FAILED_PRECONDITION for what needs `insecure`.
absl::Status CheckConfig(const Config& config);

// Splits "host:port", "[v6]:port". INVALID_ARGUMENT.
struct HostPort {
  std::string host;
  int port = 0;
};
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address);
bool IsLoopback(absl::string_view host);

}  // namespace hanga
