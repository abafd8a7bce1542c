// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga plan: where each block of a model would live and run, before anything is loaded.
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/session.h"
#include "client/cli/worker_program.h"
#include "placement/quantities.h"
#include "placement/run_plan.h"

namespace hanga::cli {
namespace {

constexpr char kExamples[] = R"(  hanga plan /models/FLUX.1-dev
  hanga plan FLUX.1-dev --topology docs/examples/topologies/rtx3090x1.toml --reserve-vram 1gb
  hanga plan profile.json --topology rig.toml --placement "cuda:0,8gb;cpu,*" --json)";

constexpr int kNoTerminalColumns = 100;

struct PlanFlags {
  std::string model, topology, size = "1024x1024";
  int steps = 0;
  std::string reserve_vram, vram_limit, pinned_host_limit, host_limit;
  bool svg = false;
  placement::PlanOptions plan;
};

absl::StatusOr<std::string> ReadFile(const std::string& flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::InvalidArgumentError(absl::StrCat(flag, ": cannot read '", path, "'"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A profile that was saved, or what the worker tells of a model.
absl::StatusOr<std::string> ProfileOf(const PlanFlags& flags) {
  if (absl::EndsWith(flags.model, ".json")) return ReadFile("MODEL", flags.model);
  std::vector<std::string> arguments = {"describe", flags.model, "--json", "--size", flags.size};
  if (flags.steps > 0) {
    arguments.insert(arguments.end(), {"--steps", absl::StrCat(flags.steps)});
  }
  return OutputOfWorker(arguments);
}

absl::StatusOr<std::string> TopologyOf(const PlanFlags& flags) {
  if (!flags.topology.empty()) return ReadFile("--topology", flags.topology);
  return OutputOfWorker({"topology"});
}

absl::Status ReadSize(const std::string& flag, const std::string& text,
                      std::optional<uint64_t>* bytes) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<uint64_t> size = placement::ParseByteSize(text);
  if (!size.ok())
    return absl::InvalidArgumentError(absl::StrCat(flag, ": ", size.status().message()));
  *bytes = *size;
  return absl::OkStatus();
}

int TerminalColumns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kNoTerminalColumns;
  return size.ws_col;
}

absl::StatusOr<ExitCode> Plan(const PlanFlags& flags, const Session& session) {
  placement::RunPlanOptions options;
  options.plan = flags.plan;
  std::optional<uint64_t> reserve;
  for (const absl::Status& read :
       {ReadSize("--reserve-vram", flags.reserve_vram, &reserve),
        ReadSize("--vram-limit", flags.vram_limit, &options.plan.vram_limit_bytes),
        ReadSize("--pinned-host-limit", flags.pinned_host_limit,
                 &options.plan.pinned_host_limit_bytes),
        ReadSize("--host-limit", flags.host_limit, &options.plan.host_limit_bytes)}) {
    if (!read.ok()) return read;
  }
  if (reserve) options.plan.reserve_vram_bytes = *reserve;
  const auto topology = TopologyOf(flags);
  if (!topology.ok()) return topology.status();
  const auto profile = ProfileOf(flags);
  if (!profile.ok()) return profile.status();
  options.profile_json = *profile;
  options.topology_toml = *topology;
  options.columns = TerminalColumns();
  if (session.json) options.format = placement::PlanFormat::kJson;
  if (flags.svg) options.format = placement::PlanFormat::kSvg;
  const absl::StatusOr<std::string> text = placement::RunPlan(options);
  if (!text.ok()) return text.status();
  std::cout << *text << (absl::EndsWith(*text, "\n") ? "" : "\n");
  return kOk;
}

}  // namespace

void AddPlanCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App* plan =
      AddCommand(app, "plan", "show where a model's blocks would live and run", kExamples);
  plan->add_option("model", flags->model,
                   "a model's folder or file, FLUX.1-dev or FLUX.1-schnell, or a profile (.json)")
      ->required();
  plan->add_option("--topology", flags->topology,
                   "the machine (rig.toml); default: this one, measured");
  plan->add_option("--size", flags->size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  plan->add_option("--steps", flags->steps, "denoising steps; default: the model's");
  plan->add_option("--mode", flags->plan.mode,
                   "auto, replicate, split, stream, hand-over or parallel")
      ->capture_default_str();
  plan->add_option("--placement", flags->plan.placement, "auto, or an allocation expression")
      ->capture_default_str();
  plan->add_option("--device", flags->plan.devices, "use these alone; repeat for more");
  plan->add_option("--reserve-vram", flags->reserve_vram,
                   "left alone on every device; default 512mb");
  plan->add_option("--vram-limit", flags->vram_limit, "all that may be used of a device");
  plan->add_flag("--keep-resident", flags->plan.keep_resident,
                 "all weights stay on the devices, or the plan is refused");
  plan->add_option("--pinned-host-limit", flags->pinned_host_limit,
                   "page-locked host memory; 0: none");
  plan->add_option("--host-limit", flags->host_limit, "host memory in all");
  plan->add_option("--images-per-prompt", flags->plan.images_per_prompt,
                   "how often a prompt's encoding is used")
      ->capture_default_str();
  plan->add_option("--max-latency", flags->plan.max_latency_seconds,
                   "of one image, in seconds; 0: any")
      ->capture_default_str();
  plan->add_flag("--svg", flags->svg, "a picture instead of a table");
  plan->callback([flags, &session] {
    session.run = [flags](Session& session) { return Plan(*flags, session); };
  });
}

}  // namespace hanga::cli
