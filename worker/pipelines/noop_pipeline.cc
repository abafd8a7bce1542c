// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/noop_pipeline.h"

#include <openssl/sha.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace hanga {
namespace {

constexpr char kClassName[] = "HangaNoopPipeline";
constexpr size_t kMaxConfigBytes = 64 << 10;
constexpr int kMaxMilliseconds = 600'000;
constexpr int kMaxCheckpointBytes = 64 << 20;
constexpr int kMinSide = 8, kMaxSide = 4096;

struct NoopConfig {
  int step_ms = 0, encode_ms = 0, load_ms = 0;
  int default_steps = 20;
  int checkpoint_bytes = 64;
  std::string fail;
  std::string sha256;  // of the file
};

absl::StatusOr<std::string> ReadConfigFile(const ModelFiles& files) {
  std::ifstream file(std::filesystem::path(files.path) / "model_index.json", std::ios::binary);
  if (!file) return absl::NotFoundError("model_index.json was not found");
  std::string text(kMaxConfigBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxConfigBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("model_index.json: larger than ", kMaxConfigBytes, " bytes"));
  }
  return text;
}

std::string Sha256(const std::string& text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return absl::BytesToHexString(digest);
}

absl::Status ReadInt(const nlohmann::json& json, const char* key, int most, int* value) {
  const auto found = json.find(key);
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_number_integer() || found->get<int64_t>() < 0 || found->get<int64_t>() > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("model_index.json: ", key, " must be an integer within 0 to ", most));
  }
  *value = found->get<int>();
  return absl::OkStatus();
}

absl::StatusOr<NoopConfig> ReadConfig(const ModelFiles& files) {
  const auto text = ReadConfigFile(files);
  if (!text.ok()) return text.status();
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("model_index.json: not a JSON object");
  NoopConfig config;
  config.sha256 = Sha256(*text);
  for (const auto& [key, most, value] :
       {std::tuple{"step_ms", kMaxMilliseconds, &config.step_ms},
        std::tuple{"encode_ms", kMaxMilliseconds, &config.encode_ms},
        std::tuple{"load_ms", kMaxMilliseconds, &config.load_ms},
        std::tuple{"default_steps", 1000, &config.default_steps},
        std::tuple{"checkpoint_bytes", kMaxCheckpointBytes, &config.checkpoint_bytes}}) {
    if (absl::Status status = ReadInt(json, key, most, value); !status.ok()) return status;
  }
  if (const auto fail = json.find("fail"); fail != json.end() && fail->is_string()) {
    config.fail = fail->get<std::string>();
  }
  return config;
}

void Take(int milliseconds) {
  if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

uint64_t Mix(uint64_t x) {  // SplitMix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class NoopGeneration : public Generation {
 public:
  explicit NoopGeneration(const GenerationRequest& request)
      : request(request), key_(absl::StrCat(request.width, "x", request.height)) {
    state = Mix(request.seed);
    for (const char c : request.prompt) state = Mix(state ^ static_cast<unsigned char>(c));
  }
  int step() const override { return taken; }
  int steps() const override { return request.steps; }
  const std::string& batch_key() const override { return key_; }

  const GenerationRequest request;
  uint64_t state = 0;  // every step changes it; the picture is drawn from it
  int taken = 0;

 private:
  std::string key_;
};

// Rings around a point, in colours of the state.
Image Draw(uint64_t state, int width, int height) {
  Image image{width, height, std::vector<uint8_t>(size_t{3} * width * height)};
  const int center_x = static_cast<int>(Mix(state + 1) % width);
  const int center_y = static_cast<int>(Mix(state + 2) % height);
  uint8_t* pixel = image.rgb.data();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int64_t dx = x - center_x, dy = y - center_y;
      const auto ring = static_cast<uint64_t>(dx * dx + dy * dy) / 256;
      const uint64_t color = Mix(state ^ ring);
      for (int channel = 0; channel < 3; ++channel) {
        *pixel++ = static_cast<uint8_t>(color >> (8 * channel));
      }
    }
  }
  return image;
}

class NoopPipeline : public Pipeline {
 public:
  explicit NoopPipeline(NoopConfig config) : config_(std::move(config)) {}

  absl::StatusOr<std::unique_ptr<Generation>> Prepare(const GenerationRequest& request) override {
    if (absl::Status status = Check(request); !status.ok()) return status;
    Take(config_.encode_ms);
    return std::make_unique<NoopGeneration>(request);
  }

  absl::Status Step(absl::Span<Generation* const> batch) override {
    if (config_.fail == "step") return absl::InternalError("the model's file asks for a failure");
    if (config_.fail == "fault") return absl::UnavailableError("the model's file asks for a fault");
    Take(config_.step_ms);
    for (Generation* generation : batch) {
      auto& noop = static_cast<NoopGeneration&>(*generation);
      noop.state = Mix(noop.state);
      ++noop.taken;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Image> Finish(Generation& generation) override {
    const auto& noop = static_cast<NoopGeneration&>(generation);
    return Draw(noop.state, noop.request.width, noop.request.height);
  }

  absl::StatusOr<Image> Preview(const Generation& generation) override {
    const auto& noop = static_cast<const NoopGeneration&>(generation);
    return Draw(noop.state, noop.request.width / 8, noop.request.height / 8);
  }

  // State and step, then padding to the size that was asked for.
  absl::StatusOr<std::string> Save(const Generation& generation) override {
    const auto& noop = static_cast<const NoopGeneration&>(generation);
    std::string bytes(std::max<size_t>(kSavedBytes, config_.checkpoint_bytes), '\0');
    std::memcpy(bytes.data(), &noop.state, sizeof(noop.state));
    std::memcpy(bytes.data() + sizeof(noop.state), &noop.taken, sizeof(noop.taken));
    return bytes;
  }

  absl::StatusOr<std::unique_ptr<Generation>> Restore(const GenerationRequest& request,
                                                      std::string_view checkpoint) override {
    if (absl::Status status = Check(request); !status.ok()) return status;
    auto noop = std::make_unique<NoopGeneration>(request);
    if (checkpoint.size() < kSavedBytes) {
      return absl::InvalidArgumentError("checkpoint: too short for this model");
    }
    std::memcpy(&noop->state, checkpoint.data(), sizeof(noop->state));
    std::memcpy(&noop->taken, checkpoint.data() + sizeof(noop->state), sizeof(noop->taken));
    if (noop->taken < 0 || noop->taken > request.steps) {
      return absl::InvalidArgumentError("checkpoint: its step is not one of this request");
    }
    return noop;
  }

  uint64_t resident_bytes() const override { return 0; }

 private:
  static constexpr size_t kSavedBytes = sizeof(uint64_t) + sizeof(int);

  static absl::Status Check(const GenerationRequest& request) {
    const auto side_ok = [](int side) {
      return side >= kMinSide && side <= kMaxSide && side % 8 == 0;
    };
    if (!side_ok(request.width) || !side_ok(request.height)) {
      return absl::InvalidArgumentError(
          absl::StrCat("width, height: ", request.width, "x", request.height,
                       " is not a multiple of 8 within ", kMinSide, " to ", kMaxSide));
    }
    if (request.steps < 1 || request.steps > 1000) {
      return absl::InvalidArgumentError(
          absl::StrCat("steps: ", request.steps, " is not within 1 to 1000"));
    }
    return absl::OkStatus();
  }

  const NoopConfig config_;
};

}  // namespace

bool IsNoop(const ModelFiles& files) {
  const auto text = ReadConfigFile(files);
  if (!text.ok()) return false;
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.value("_class_name", nlohmann::json()) == kClassName;
}

absl::StatusOr<ModelFacts> ExamineNoop(const ModelFiles& files) {
  const auto config = ReadConfig(files);
  if (!config.ok()) return config.status();
  ModelFacts facts;
  facts.family = "noop";
  facts.sha256 = config->sha256;
  facts.limits = {.min_side = kMinSide,
                  .max_side = kMaxSide,
                  .max_pixels = int64_t{kMaxSide} * kMaxSide,
                  .size_multiple = 8,
                  .max_steps = 1000,
                  .max_sequence_length = 0,
                  .samplers = {"none"}};
  facts.defaults.steps = config->default_steps;
  facts.defaults.width = facts.defaults.height = 64;
  facts.defaults.sampler = "none";
  return facts;
}

absl::StatusOr<std::unique_ptr<Pipeline>> LoadNoop(const ModelFiles& files, const LoadOptions&) {
  auto config = ReadConfig(files);
  if (!config.ok()) return config.status();
  if (config->fail == "load") {
    return absl::FailedPreconditionError("the model's file asks for a failure");
  }
  Take(config->load_ms);
  return std::make_unique<NoopPipeline>(*std::move(config));
}

}  // namespace hanga
