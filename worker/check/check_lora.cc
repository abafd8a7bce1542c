// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Adapters of several layouts on networks of FLUX and SDXL, beside the weights and merged into
// them.
#include <ATen/ATen.h>

#include <functional>
#include <list>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/lora/adapter_binding.h"
#include "worker/models/clip.h"
#include "worker/models/flux.h"
#include "worker/models/unet.h"
#include "worker/pipelines/json_file.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/weights/checkpoint.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/loader.h"
#include "worker/weights/safetensors.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

using Inputs = std::function<at::Tensor(const std::string& name)>;

// A network with its weights, and what it makes of the case's inputs, by the outputs' names.
struct Network {
  std::string component;
  absl::Span<const KeyMap> maps;
  TensorSource source;
  std::vector<BlockWeights*> blocks;
  std::function<std::map<std::string, at::Tensor>(const Inputs&)> run;

  AdapterTarget target() const { return {component, blocks, &source, maps}; }
};

Network FluxNetwork(const nlohmann::json& config) {
  const auto params = *ParseFluxConfig(config);
  auto conditioning =
      std::make_shared<BlockList<FluxConditioningState>>(MakeFluxConditioning(params));
  auto blocks = std::make_shared<BlockList<FluxState>>(MakeFlux(params));
  Network network = {
      "transformer", FluxTransformerKeyMaps(), {}, WeightsOf(*conditioning, *blocks), {}};
  network.run = [conditioning, blocks](const Inputs& input) -> std::map<std::string, at::Tensor> {
    FluxConditioningState c;
    c.pooled = input("pooled_projections");
    c.timestep = input("timestep");
    c.guidance = input("guidance");
    conditioning->Run(c);
    FluxState s;
    s.img = input("hidden_states");
    s.txt = input("encoder_hidden_states");
    s.modulation = c.modulation;
    s.img_ids = input("img_ids");
    s.txt_ids = input("txt_ids");
    blocks->Run(s);
    return {{"output", s.img}};
  };
  return network;
}

Network UnetNetwork(const nlohmann::json& config) {
  auto blocks = std::make_shared<BlockList<UnetState>>(MakeUnet(*ParseUnetConfig(config)));
  Network network = {"unet", UnetKeyMaps(), {}, blocks->Weights(), {}};
  network.run = [blocks](const Inputs& input) -> std::map<std::string, at::Tensor> {
    UnetState s;
    s.x = input("sample");
    s.timestep = input("timestep").to(at::kFloat);
    s.text = input("encoder_hidden_states");
    s.pooled = input("text_embeds");
    s.sizes = input("time_ids");
    blocks->Run(s);
    return {{"unet", s.x}};
  };
  return network;
}

Network ClipNetwork(const std::string& component, const nlohmann::json& config, bool flux) {
  const auto params = *ParseClipConfig(config);
  auto blocks = std::make_shared<BlockList<ClipState>>(MakeClip(params));
  const bool second = component == "text_encoder_2";
  Network network = {
      component, second ? SecondClipKeyMaps() : ClipTextKeyMaps(), {}, blocks->Weights(), {}};
  network.run = [=](const Inputs& input) -> std::map<std::string, at::Tensor> {
    ClipState s;
    s.ids = input("clip_input_ids");
    s.tap = at::scalar_tensor(params.layers - 1, at::kLong);
    blocks->Run(s);
    if (flux) return {{"last_hidden_state", s.x}, {"pooler_output", s.pooled}};
    std::map<std::string, at::Tensor> outputs = {{component, s.tapped}};
    if (second) outputs["text_embeds"] = s.pooled;
    return outputs;
  };
  return network;
}

absl::StatusOr<Network> OpenNetwork(const GoldenCase& golden, const std::string& model,
                                    const std::string& component) {
  const std::string folder = absl::StrCat(model, "/", component);
  const std::string name = absl::StrCat(folder, "/config.json");
  const absl::StatusOr<nlohmann::json> config = ReadJsonFile(golden.Resolve(name), name);
  if (!config.ok()) return config.status();
  const bool flux = absl::StrContains(model, "flux");
  Network network = component == "transformer" ? FluxNetwork(*config)
                    : component == "unet"      ? UnetNetwork(*config)
                                               : ClipNetwork(component, *config, flux);
  const absl::StatusOr<TensorSource> stored = OpenCheckpoint(golden.Resolve(folder));
  if (!stored.ok()) return stored.status();
  absl::StatusOr<TensorSource> mapped = ApplyMatchingKeyMap(network.maps, *stored);
  if (!mapped.ok()) return mapped.status();
  network.source = *std::move(mapped);
  return network;
}

void CompareAll(const GoldenCase& golden, const std::string& label, const std::string& how,
                const Network& network, const Inputs& input, RunResult* result) {
  const double tolerance = golden.info.value("tolerance_rel_l2", 2e-5);
  for (const auto& [name, ours] : network.run(input)) {
    const at::Tensor reference = golden.Output(absl::StrCat(label, ".", name));
    Compare(absl::StrCat(name, how), ours, reference, tolerance, result);
  }
}

absl::Status CheckRun(const GoldenCase& golden, const std::string& label,
                      const nlohmann::json& info, std::list<Network>& networks,
                      const std::string& family, at::Device device, RunResult* result) {
  std::vector<AdapterTarget> targets;
  for (const Network& network : networks) targets.push_back(network.target());
  AdapterSet beside, whole;
  for (const nlohmann::json& lora : info.at("loras")) {
    const std::string file = lora.at("file");
    const auto source = OpenSafetensors(absl::StrCat(golden.folder, "/", file));
    if (!source.ok()) return source.status();
    for (AdapterSet* set : {&beside, &whole}) {
      const at::Device where = set == &beside ? device : at::Device(at::kCPU);
      const auto adapter = Adapter::Load(file, *source, targets, family, where, at::kFloat);
      if (!adapter.ok()) return adapter.status();
      const double scale = lora.at("scale");
      set->push_back({*adapter, scale, scale});
    }
  }
  const Inputs input = [&](const std::string& name) {
    return golden.Input(absl::StrCat("common.", name)).to(device);
  };
  for (Network& network : networks) {
    absl::Status loaded = LoadBlocks(network.blocks, network.source, device, at::kFloat);
    if (!loaded.ok()) return loaded;
    AdapterBinding binding(network.target(), device, at::kFloat);
    {
      const AdapterSet* rows[] = {&beside, &beside};
      const auto bound = binding.Bind(rows);
      CompareAll(golden, label, "", network, input, result);
    }
    const TensorSource merged = MergedSource(network.target(), whole, at::kFloat);
    loaded = LoadBlocks(network.blocks, merged, device, at::kFloat);
    if (!loaded.ok()) return loaded;
    CompareAll(golden, label, ", merged", network, input, result);
  }
  return absl::OkStatus();
}

}  // namespace

void CheckLora(const GoldenCase& golden, at::Device device, Report* report) {
  const std::string model = golden.info.at("models").at(0);
  const bool flux = absl::StrContains(model, "flux");
  std::list<Network> networks;
  absl::Status opened;
  for (const char* component : {"unet", "transformer", "text_encoder", "text_encoder_2"}) {
    if (component == std::string(flux ? "unet" : "transformer")) continue;
    if (flux && component == std::string("text_encoder_2")) continue;  // no run changes it
    absl::StatusOr<Network> network = absl::UnknownError("not opened");
    const absl::Status guarded =
        RunGuarded(component, [&] { network = OpenNetwork(golden, model, component); });
    if (!network.ok()) opened = guarded.ok() ? network.status() : guarded;
    if (network.ok()) networks.push_back(*std::move(network));
  }
  for (const auto& [label, info] : golden.info.at("runs").items()) {
    RunResult& result = report->Add(golden.name, label, model);
    result.failure = opened;
    if (!opened.ok()) continue;
    absl::Status checked;
    const absl::Status ran = RunGuarded(label, [&] {
      checked = CheckRun(golden, label, info, networks, flux ? "flux" : "sdxl", device, &result);
    });
    result.failure = ran.ok() ? checked : ran;
  }
}

}  // namespace hanga
