// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/describe/describe_main.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <iostream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "placement/quantities.h"
#include "worker/pipelines/flux_placement.h"
#include "worker/pipelines/pipeline.h"
#include "worker/pipelines/torch_options.h"
#include "worker/profile/flux_profile.h"
#include "worker/profile/topology_probe.h"

namespace hanga {
namespace {

struct DescribeOptions {
  std::string model, size, dtype = "bfloat16", weights = "auto";
  int steps = 0;
  bool json = false;
};

// Models whose architecture is known without their files.
struct KnownModel {
  FluxArchitecture architecture;
  int steps, text_tokens;
};
const std::map<std::string, KnownModel>& KnownModels() {
  static const auto* models = [] {
    auto* known = new std::map<std::string, KnownModel>;
    (*known)["FLUX.1-dev"] = {{}, 28, 512};
    (*known)["FLUX.1-schnell"] = {{}, 4, 256};
    (*known)["FLUX.1-schnell"].architecture.flux.guidance = false;
    return known;
  }();
  return *models;
}

absl::Status ParseSize(const std::string& size, ProfileRequest* request) {
  int end = 0;
  if (std::sscanf(size.c_str(), "%dx%d%n", &request->width, &request->height, &end) == 2 &&
      end == static_cast<int>(size.size()) && request->width >= 16 && request->height >= 16 &&
      request->width <= 8192 && request->height <= 8192) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--size: \"", size, "\" is not WIDTHxHEIGHT in pixels, 16 to 8192 each"));
}

absl::StatusOr<placement::ModelProfile> Describe(const DescribeOptions& options) {
  ProfileRequest request;
  request.steps = options.steps;
  request.dtype = options.dtype;
  request.weights = options.weights;
  if (!options.size.empty()) {
    if (absl::Status s = ParseSize(options.size, &request); !s.ok()) return s;
  }
  const auto known = KnownModels().find(options.model);
  if (known == KnownModels().end()) return ProfileModel({options.model, {}}, request);
  const absl::StatusOr<at::ScalarType> type =
      ParseDtype(options.dtype == "auto" ? "bfloat16" : options.dtype, at::kCPU);
  if (!type.ok()) return type.status();
  const absl::StatusOr<WeightStorage> storage = ParseWeights(options.weights, *type);
  if (!storage.ok()) return storage.status();
  GenerationRequest drawn;
  drawn.width = request.width > 0 ? request.width : 1024;
  drawn.height = request.height > 0 ? request.height : 1024;
  drawn.steps = request.steps > 0 ? request.steps : known->second.steps;
  drawn.max_sequence_length = known->second.text_tokens;
  return ProfileOf(options.model, known->second.architecture, drawn, *storage);
}

void PrintTable(const placement::ModelProfile& profile) {
  std::cout << absl::StrFormat("%s at %dx%d, %d steps\n\n%-16s %-28s %12s %9s %12s %12s\n",
                               profile.model, profile.width, profile.height, profile.steps,
                               "COMPONENT", "BLOCK", "WEIGHTS", "TFLOP", "ACTIVATIONS", "BOUNDARY");
  uint64_t bytes = 0;
  for (const placement::BlockProfile& block : profile.blocks) {
    bytes += block.run_bytes;
    std::cout << absl::StrFormat("%-16s %-28s %12s %9.3f %12s %12s\n", block.component, block.name,
                                 placement::FormatBytes(block.run_bytes),
                                 (block.linear_flops + block.attention_flops) / 1e12,
                                 placement::FormatBytes(block.activation_bytes),
                                 placement::FormatBytes(block.boundary_bytes));
  }
  std::cout << "\nweights in all: " << placement::FormatBytes(bytes) << "\n";
}

int Parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return -1;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
}

int Fail(const std::string& command, const absl::Status& status) {
  std::cerr << "hanga-worker " << command << ": " << status.message() << "\n";
  return 1;
}

}  // namespace

int DescribeMain(int argc, char** argv) {
  DescribeOptions options;
  CLI::App app{"What a model costs, block by block, without reading its weights",
               "hanga-worker describe"};
  app.add_option("model", options.model, "A folder, a checkpoint, FLUX.1-dev or FLUX.1-schnell")
      ->required();
  app.add_option("--size", options.size, "WIDTHxHEIGHT in pixels; default: the model's");
  app.add_option("--steps", options.steps, "Denoising steps; default: the model's")
      ->check(CLI::Range(0, 1000));
  app.add_option("--dtype", options.dtype, "bfloat16, float16 or float32")->capture_default_str();
  app.add_option("--weights", options.weights, "auto, or fp8: the denoiser's in 8 bits")
      ->capture_default_str();
  app.add_flag("--json", options.json, "The profile that hanga plan reads");
  if (const int code = Parse(app, argc, argv); code >= 0) return code;
  const absl::StatusOr<placement::ModelProfile> profile = Describe(options);
  if (!profile.ok()) return Fail("describe", profile.status());
  if (options.json) {
    std::cout << placement::PrintProfile(*profile) << "\n";
  } else {
    PrintTable(*profile);
  }
  return 0;
}

int TopologyMain(int argc, char** argv) {
  bool again = false;
  CLI::App app{"This machine as the planner sees it: devices, links, measured rates (TOML)",
               "hanga-worker topology"};
  app.add_flag("--measure", again, "Measure again what was kept from an earlier run");
  if (const int code = Parse(app, argc, argv); code >= 0) return code;
  const absl::StatusOr<placement::Topology> topology =
      ProbeMachine(again ? "" : DefaultCacheFolder());
  if (!topology.ok()) return Fail("topology", topology.status());
  std::cout << placement::PrintTopology(*topology);
  return 0;
}

}  // namespace hanga
