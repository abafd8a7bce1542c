// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model for tests of the agent: every step is instantaneous, recorded, and can be made to fail.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "worker/agent/engine.h"

namespace hanga {

// What the fakes of one test share.
struct FakeDevice {
  std::vector<std::vector<uint64_t>> batches;  // seeds of each step that succeeded
  std::vector<std::string> loads;              // paths
  size_t fits = 1000;                          // generations that fit into one step
  absl::Status step_status, prepare_status;
  std::map<std::string, uint64_t> model_bytes;  // by path, as stored
  uint64_t free_bytes = uint64_t{1} << 40, held_bytes = 0;
  std::function<void()> during_step = [] {};
  bool evicts = false;  // whether models give blocks to host memory
  std::vector<std::string> notes;
  std::vector<uint64_t> adapted;  // the free bytes that models were told
  uint64_t counted_on = 0;        // free bytes that every plan needs beside the weights
  std::function<void()> during_load = [] {};
  bool launches = false;             // whether steps of several generations overlap
  std::vector<std::string> flights;  // "up 7", "down 7": launches and landings by seed
};

class FakeGeneration : public Generation {
 public:
  explicit FakeGeneration(const GenerationRequest& request)
      : request(request), key(std::to_string(request.width)), state(request.seed) {}
  int step() const override { return taken; }
  int steps() const override { return request.steps; }
  const std::string& batch_key() const override { return key; }

  const GenerationRequest request;
  const std::string key;
  uint64_t state;
  int taken = 0;
};

class FakePipeline : public Pipeline {
 public:
  FakePipeline(FakeDevice* device, uint64_t bytes) : device_(*device), bytes_(bytes) {
    device_.free_bytes -= bytes_;
  }
  ~FakePipeline() override { device_.free_bytes += bytes_ - away_; }

  absl::StatusOr<std::unique_ptr<Generation>> Prepare(const GenerationRequest& request) override {
    if (!device_.prepare_status.ok()) return device_.prepare_status;
    device_.free_bytes -= std::exchange(away_, 0);
    ++counters_.caches["prompt"].misses;
    return std::make_unique<FakeGeneration>(request);
  }
  absl::Status Step(absl::Span<Generation* const> batch) override {
    device_.during_step();
    counters_.links["host_to_device"].bytes += 100;
    counters_.links["host_to_device"].busy_seconds += 0.5;
    if (!device_.step_status.ok()) return device_.step_status;
    if (batch.size() > device_.fits) return absl::ResourceExhaustedError("out of memory");
    auto& seeds = device_.batches.emplace_back();
    for (Generation* generation : batch) {
      auto& fake = static_cast<FakeGeneration&>(*generation);
      seeds.push_back(fake.request.seed);
      fake.state = fake.state * 6364136223846793005u + 1442695040888963407u;
      ++fake.taken;
    }
    return absl::OkStatus();
  }
  bool launches() const override { return device_.launches; }
  absl::Status Launch(Generation& generation) override {
    const auto& fake = static_cast<FakeGeneration&>(generation);
    device_.flights.push_back("up " + std::to_string(fake.request.seed));
    return absl::OkStatus();
  }
  absl::Status Land(Generation& generation) override {
    const auto& fake = static_cast<FakeGeneration&>(generation);
    device_.flights.push_back("down " + std::to_string(fake.request.seed));
    Generation* const alone[] = {&generation};
    return Step(alone);
  }
  absl::StatusOr<Image> Finish(Generation& generation) override { return Draw(generation); }
  absl::StatusOr<Image> Preview(const Generation& generation) override { return Draw(generation); }
  absl::StatusOr<std::string> Save(const Generation& generation) override {
    const auto& fake = static_cast<const FakeGeneration&>(generation);
    return std::to_string(fake.state) + " " + std::to_string(fake.taken);
  }
  absl::StatusOr<std::unique_ptr<Generation>> Restore(const GenerationRequest& request,
                                                      std::string_view checkpoint) override {
    const std::string text(checkpoint);
    const size_t space = text.find(' ');
    if (space == std::string::npos) return absl::InvalidArgumentError("not a checkpoint");
    auto fake = std::make_unique<FakeGeneration>(request);
    fake->state = std::stoull(text.substr(0, space));
    fake->taken = std::stoi(text.substr(space + 1));
    return fake;
  }
  uint64_t resident_bytes() const override { return bytes_ - away_; }
  uint64_t missing_bytes() const override { return away_; }
  uint64_t Evict(uint64_t bytes) override {
    const uint64_t given = device_.evicts ? std::min(bytes, bytes_ - away_) : 0;
    away_ += given;
    device_.free_bytes += given;
    return given;
  }
  uint64_t lacking_bytes(uint64_t free_bytes) const override {
    return device_.counted_on - std::min(device_.counted_on, free_bytes);
  }
  void Adapt(uint64_t free_bytes) override { device_.adapted.push_back(free_bytes); }
  std::vector<std::string> TakeNotes() override { return std::exchange(device_.notes, {}); }
  PipelineCounters Counters() const override { return counters_; }
  std::optional<PlacementView> Placement() const override {
    PlacementView view;
    view.table = "all of it on the fake";
    view.width = view.height = 8;
    view.step_seconds = 0.25;
    return view;
  }

 private:
  // 8 x 1 pixels of the state.
  static Image Draw(const Generation& generation) {
    const auto& fake = static_cast<const FakeGeneration&>(generation);
    Image image{8, 1, std::vector<uint8_t>(24)};
    std::memcpy(image.rgb.data(), &fake.state, sizeof(fake.state));
    return image;
  }

  FakeDevice& device_;
  const uint64_t bytes_;
  uint64_t away_ = 0;  // in host memory
  PipelineCounters counters_;
};

// An engine over the device. Paths that begin with "bad" are not usable.
inline Engine FakeEngine(FakeDevice* device) {
  Engine engine;
  engine.examine = [device](const ModelFiles& files) -> absl::StatusOr<ModelFacts> {
    if (files.path.rfind("bad", 0) == 0) return absl::InvalidArgumentError("keys are missing");
    ModelFacts facts;
    facts.family = "fake";
    facts.sha256 = std::string(64, 'a');
    facts.weight_bytes = device->model_bytes[files.path];
    return facts;
  };
  engine.free_bytes = [device] { return device->free_bytes; };
  engine.held_bytes = [device] { return device->held_bytes; };
  engine.load = [device](const ModelFiles& files,
                         const LoadOptions&) -> absl::StatusOr<std::unique_ptr<Pipeline>> {
    device->during_load();
    device->loads.push_back(files.path);
    return std::make_unique<FakePipeline>(device, device->model_bytes[files.path]);
  };
  return engine;
}

}  // namespace hanga
