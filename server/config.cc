// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/config.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "scheduler/job_name.h"
#include "server/toml_reader.h"

namespace hanga {
namespace {

constexpr int64_t kMillion = 1'000'000;
constexpr uint64_t kMostBytes = std::numeric_limits<int64_t>::max();
constexpr absl::Duration kYear = absl::Hours(24 * 365);

// Reads one document whose relative paths start at `folder`.
class ConfigParser {
 public:
  ConfigParser(std::filesystem::path folder, TomlErrors* errors)
      : folder_(std::move(folder)), errors_(errors) {}

  Config Parse(const toml::table& document) {
    TomlReader root(document, "", errors_);
    Config config;
    ParseServer(root.Table("server"), &config.server);
    ParseLog(root.Table("log"), &config.log);
    ParseMetrics(root.Table("metrics"), &config.metrics);
    ParseCanary(root.Table("canary"), &config.canary);
    ParseWorkers(root.Table("workers"), &config.workers);
    ParseQueue(root.Table("queue"), &config.queue);
    ParseArtifacts(root.Table("artifacts"), &config.artifacts);
    ParseInputs(root.Table("inputs"), &config.inputs);
    for (TomlReader& tenant : root.Tables("tenant")) config.tenants.push_back(ParseTenant(tenant));
    for (TomlReader& model : root.Tables("model")) config.models.push_back(ParseModel(model));
    root.RejectUnknownKeys();
    return config;
  }

 private:
  void ReadPath(TomlReader& reader, absl::string_view key, std::string* path) {
    reader.ReadString(key, path);
    if (reader.Has(key) && !path->empty()) *path = Resolve(*path);
  }

  std::string Resolve(const std::string& path) const {
    return (folder_ / path).lexically_normal().string();
  }

  void ParseServer(TomlReader reader, ServerConfig* server) {
    reader.ReadString("listen", &server->listen);
    if (auto parsed = ParseHostPort(server->listen); !parsed.ok()) {
      reader.Reject("listen", parsed.status().message());
    }
    ReadPath(reader, "port_file", &server->port_file);
    ReadPath(reader, "data", &server->data);
    reader.ReadBool("insecure", &server->insecure);
    reader.ReadBool("reflection", &server->reflection);
    reader.ReadDuration("keep_alive", absl::Milliseconds(100), absl::Minutes(10),
                        &server->keep_alive);
    reader.ReadDuration("grace", absl::ZeroDuration(), absl::Hours(1), &server->grace);
    ReadPath(reader, "token_file", &server->token_file);
    TomlReader tls = reader.Table("tls");
    ReadPath(tls, "certificate", &server->tls.certificate);
    ReadPath(tls, "key", &server->tls.key);
    ReadPath(tls, "client_ca", &server->tls.client_ca);
    tls.RejectUnknownKeys();
    reader.RejectUnknownKeys();
  }

  void ParseLog(TomlReader reader, LogConfig* log) {
    reader.ReadChoice("level", {"trace", "debug", "info", "warn", "error"}, &log->level);
    reader.ReadChoice("format", {"text", "json"}, &log->format);
    reader.RejectUnknownKeys();
  }

  void ParseMetrics(TomlReader reader, MetricsConfig* metrics) {
    reader.ReadString("listen", &metrics->listen);
    if (auto parsed = ParseHostPort(metrics->listen); !metrics->listen.empty() && !parsed.ok()) {
      reader.Reject("listen", parsed.status().message());
    }
    ReadPath(reader, "port_file", &metrics->port_file);
    reader.ReadString("scaler_listen", &metrics->scaler_listen);
    const std::string& scaler = metrics->scaler_listen;
    if (auto parsed = ParseHostPort(scaler); !scaler.empty() && !parsed.ok()) {
      reader.Reject("scaler_listen", parsed.status().message());
    }
    reader.RejectUnknownKeys();
  }

  void ParseCanary(TomlReader reader, CanaryConfig* canary) {
    reader.ReadString("model", &canary->model);
    reader.ReadDuration("interval", absl::Milliseconds(10), absl::Hours(24), &canary->interval);
    reader.ReadDuration("patience", absl::Milliseconds(10), absl::Hours(24), &canary->patience);
    reader.RejectUnknownKeys();
  }

  void ParseWorkers(TomlReader reader, WorkersConfig* workers) {
    const absl::Duration least = absl::Milliseconds(10);
    reader.ReadStrings("devices", &workers->devices);
    reader.ReadInteger("threads", 0, 1024, &workers->threads);
    ReadPath(reader, "program", &workers->program);
    reader.ReadDuration("heartbeat", least, absl::Minutes(1), &workers->heartbeat);
    reader.ReadDuration("lease", least, absl::Hours(1), &workers->lease);
    reader.ReadDuration("away", absl::Seconds(1), absl::Hours(24), &workers->away);
    reader.ReadDuration("restart_least", least, absl::Hours(1), &workers->restart_least);
    reader.ReadDuration("restart_most", least, absl::Hours(1), &workers->restart_most);
    reader.ReadInteger("crash_limit", 1, 1000, &workers->crash_limit);
    reader.ReadDuration("crash_window", absl::Seconds(1), absl::Hours(24), &workers->crash_window);
    reader.ReadDuration("quarantine", absl::Seconds(1), kYear, &workers->quarantine);
    reader.RejectUnknownKeys();
  }

  void ParseQueue(TomlReader reader, QueueConfig* queue) {
    reader.ReadInteger("max_tasks", 1, 100 * kMillion, &queue->max_tasks);
    reader.ReadInteger("max_attempts", 1, 100, &queue->max_attempts);
    reader.ReadDuration("request_ids", absl::Hours(24), kYear, &queue->request_ids);
    reader.ReadDuration("finished_jobs", absl::Minutes(1), 100 * kYear, &queue->finished_jobs);
    reader.RejectUnknownKeys();
  }

  void ParseArtifacts(TomlReader reader, ArtifactsConfig* artifacts) {
    reader.ReadDuration("max_age", absl::Minutes(1), 100 * kYear, &artifacts->max_age);
    reader.ReadBytes("max_bytes", 1 << 20, kMostBytes, &artifacts->max_bytes);
    reader.RejectUnknownKeys();
  }

  void ParseInputs(TomlReader reader, InputsConfig* inputs) {
    reader.ReadDuration("max_age", absl::Minutes(1), 100 * kYear, &inputs->max_age);
    reader.ReadBytes("max_bytes", 1 << 20, kMostBytes, &inputs->max_bytes);
    reader.ReadBytes("max_tenant_bytes", 1 << 20, kMostBytes, &inputs->max_tenant_bytes);
    reader.RejectUnknownKeys();
  }

  TenantConfig ParseTenant(TomlReader& reader) {
    TenantConfig tenant;
    ReadResourceId(reader, &tenant.name);
    reader.ReadReal("weight", 0.001, 1000, &tenant.weight);
    reader.ReadInteger("max_queued", 0, 100 * kMillion, &tenant.max_queued);
    reader.ReadInteger("max_running", 0, kMillion, &tenant.max_running);
    reader.RejectUnknownKeys();
    return tenant;
  }

  static void ReadMemory(TomlReader& reader, absl::string_view key,
                         std::optional<uint64_t>* bytes) {
    constexpr uint64_t kUnset = UINT64_MAX;
    uint64_t value = kUnset;
    reader.ReadBytes(key, 0, kMostBytes, &value);
    if (value != kUnset) *bytes = value;
  }

  // "NAME" or "NAME:WEIGHT".
  static void ReadFixedLoras(TomlReader& reader, ModelConfig* model) {
    std::vector<std::string> texts;
    reader.ReadStrings("loras", &texts);
    for (const std::string& text : texts) {
      FixedLoraConfig lora;
      const size_t colon = text.rfind(':');
      lora.name = text.substr(0, colon);
      const bool weighs =
          colon == std::string::npos || absl::SimpleAtod(text.substr(colon + 1), &lora.weight);
      if (!weighs || !(lora.weight >= -10 && lora.weight <= 10) || lora.name.empty() ||
          lora.name.find('/') != std::string::npos) {
        reader.Reject("loras", absl::StrCat("has '", text,
                                            "': must be NAME or NAME:WEIGHT, of a file in "
                                            "lora_dir and -10 to 10"));
      }
      model->loras.push_back(std::move(lora));
    }
    if (!texts.empty() && model->lora_dir.empty())
      reader.Reject("loras", "needs lora_dir, the folder of their files");
  }

  ModelConfig ParseModel(TomlReader& reader) {
    ModelConfig model;
    ReadResourceId(reader, &model.name);
    ReadPath(reader, "path", &model.path);
    if (model.path.empty()) reader.Reject("path", "is required: a folder or a checkpoint file");
    reader.ReadChoice("dtype", {"auto", "float32", "bfloat16", "float16"}, &model.dtype);
    reader.ReadChoice("weights", {"auto", "fp8"}, &model.weights);
    reader.ReadBool("preload", &model.preload);
    reader.ReadChoice("mode", {"auto", "replicate", "split", "parallel"}, &model.mode);
    reader.ReadString("placement", &model.placement);
    reader.ReadInteger("group_size", 1, 64, &model.group_size);
    if (model.group_size > 1 && model.mode != "split") {
      reader.Reject("group_size",
                    absl::StrCat("is ", model.group_size,
                                 ": workers that share a model need mode = \"split\""));
    }
    if (model.preload && model.group_size > 1) {
      reader.Reject("preload", "is for models that a worker runs alone: group_size must be 1");
    }
    ReadMemory(reader, "reserve_vram", &model.reserve_vram);
    ReadMemory(reader, "vram_limit", &model.vram_limit);
    ReadMemory(reader, "pinned_host_limit", &model.pinned_host_limit);
    ReadMemory(reader, "host_limit", &model.host_limit);
    reader.ReadBool("keep_resident", &model.keep_resident);
    reader.ReadStringTable("components", &model.components);
    for (auto& [component, path] : model.components) path = Resolve(path);
    ReadPath(reader, "lora_dir", &model.lora_dir);
    ReadFixedLoras(reader, &model);
    ReadPath(reader, "embedding_dir", &model.embedding_dir);
    reader.ReadBytes("max_pixels", 0, uint64_t{1} << 32, &model.max_pixels);
    reader.ReadInteger("max_running", 0, kMillion, &model.max_running);
    ParseDefaults(reader.Table("defaults"), &model.defaults);
    reader.RejectUnknownKeys();
    return model;
  }

  void ParseDefaults(TomlReader reader, v1::GenerationSpec* defaults) {
    const auto integer = [&](absl::string_view key, int64_t most, auto set) {
      int64_t value = 0;
      reader.ReadInteger(key, 1, most, &value);
      if (value != 0) (defaults->*set)(static_cast<uint32_t>(value));
    };
    integer("steps", 1000, &v1::GenerationSpec::set_steps);
    integer("width", 65536, &v1::GenerationSpec::set_width);
    integer("height", 65536, &v1::GenerationSpec::set_height);
    integer("max_sequence_length", 512, &v1::GenerationSpec::set_max_sequence_length);
    const auto real = [&](absl::string_view key, double least, auto set) {
      double value = -1;
      reader.ReadReal(key, least, 100, &value);
      if (value >= 0) (defaults->*set)(value);
    };
    real("guidance_scale", 0, &v1::GenerationSpec::set_guidance_scale);
    real("true_cfg_scale", 1, &v1::GenerationSpec::set_true_cfg_scale);
    real("shift", 0.01, &v1::GenerationSpec::set_shift);
    reader.ReadString("sampler", defaults->mutable_sampler());
    reader.ReadString("scheduler", defaults->mutable_scheduler());
    reader.RejectUnknownKeys();
  }

  void ReadResourceId(TomlReader& reader, std::string* name) {
    reader.ReadString("name", name);
    if (!IsResourceId(*name)) {
      reader.Reject("name", absl::StrCat("is '", *name, "'; expected 1 to 64 of a-z 0-9 . _ -"));
    }
  }

  std::filesystem::path folder_;
  TomlErrors* errors_;
};

}  // namespace

std::string DefaultDataFolder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return absl::StrCat(state, "/hanga");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : "", "/.local/state/hanga");
}

absl::StatusOr<Config> ReadConfig(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the configuration ", path, " is a folder; name the file in it"));
  }
  errno = 0;
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError(absl::StrCat("cannot read the configuration ", path, ": ",
                                            std::strerror(errno != 0 ? errno : EIO),
                                            "; name an existing, readable file with --config"));
  }
  return ParseConfig(text.str(), path);
}

absl::StatusOr<Config> ParseConfig(absl::string_view text, const std::string& path) {
  TomlErrors errors(path);
  try {
    const toml::table document = toml::parse(std::string(text), path);
    Config config =
        ConfigParser(std::filesystem::absolute(path).parent_path(), &errors).Parse(document);
    if (auto status = errors.ToStatus(); !status.ok()) return status;
    return config;
  } catch (const toml::parse_error& error) {
    errors.Add(error.source(), std::string(error.description()));
    return errors.ToStatus();
  }
}

}  // namespace hanga
