// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include "placement/json_reader.h"
#include "placement/profile.h"

namespace hanga::placement {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr Phase kPhases[] = {Phase::kTextEncoder, Phase::kDenoiser, Phase::kVae};
constexpr std::pair<Precision, const char*> kPrecisions[] = {
    {Precision::kFp32, "fp32"}, {Precision::kFp16, "fp16"}, {Precision::kFp8, "fp8"}};

absl::Status ReadBlock(const json& object, const std::string& where, BlockProfile* block) {
  JsonReader reader(object, where);
  block->name = reader.Text("name");
  block->component = reader.Text("component");
  reader.Name("phase", [&](const std::string& name) {
    for (const Phase phase : kPhases) {
      if (name == PhaseName(phase)) return block->phase = phase, true;
    }
    return false;
  });
  reader.Name("precision", [&](const std::string& name) {
    for (const auto& [precision, known] : kPrecisions) {
      if (name == known) return block->precision = precision, true;
    }
    return false;
  });
  block->stored_bytes = reader.Count("stored_bytes");
  block->run_bytes = reader.Count("run_bytes");
  block->linear_flops = reader.Number("linear_flops");
  block->attention_flops = reader.Number("attention_flops");
  block->activation_bytes = reader.Count("activation_bytes");
  block->boundary_bytes = reader.Count("boundary_bytes");
  block->exchange_bytes = reader.Count("exchange_bytes");
  if (const json* measured = reader.Find("measured_seconds")) {
    if (!measured->is_object()) reader.Fail("measured_seconds", "must be an object");
    for (const auto& [device, seconds] : measured->items()) {
      if (seconds.is_number()) block->measured_seconds[device] = seconds.get<double>();
      if (!seconds.is_number()) reader.Fail("measured_seconds", "must hold numbers");
    }
  }
  return reader.Finish();
}

ordered_json ToJson(const BlockProfile& block) {
  ordered_json object = {{"name", block.name},
                         {"component", block.component},
                         {"phase", std::string(PhaseName(block.phase))}};
  for (const auto& [precision, name] : kPrecisions) {
    if (precision == block.precision) object["precision"] = name;
  }
  object["stored_bytes"] = block.stored_bytes;
  object["run_bytes"] = block.run_bytes;
  object["linear_flops"] = block.linear_flops;
  object["attention_flops"] = block.attention_flops;
  object["activation_bytes"] = block.activation_bytes;
  object["boundary_bytes"] = block.boundary_bytes;
  object["exchange_bytes"] = block.exchange_bytes;
  if (!block.measured_seconds.empty()) object["measured_seconds"] = block.measured_seconds;
  return object;
}

}  // namespace

absl::StatusOr<ModelProfile> ParseProfile(std::string_view text) {
  json root;
  if (auto status = ParseJson(text, "profile", &root); !status.ok()) return status;
  JsonReader reader(root, "profile");
  ModelProfile profile;
  profile.model = reader.Text("model");
  profile.width = reader.Int("width");
  profile.height = reader.Int("height");
  profile.frames = reader.Int("frames");
  profile.batch = reader.Int("batch");
  profile.steps = reader.Int("steps");
  profile.forwards_per_step = reader.Int("forwards_per_step");
  profile.workspace_bytes = reader.Count("workspace_bytes");
  reader.Each("blocks", [&](const json& object, const std::string& where) {
    reader.Absorb(ReadBlock(object, where, &profile.blocks.emplace_back()));
  });
  if (auto status = reader.Finish(); !status.ok()) return status;
  if (auto status = Validate(profile); !status.ok()) return status;
  return profile;
}

std::string PrintProfile(const ModelProfile& profile) {
  ordered_json root = {{"model", profile.model},   {"width", profile.width},
                       {"height", profile.height}, {"frames", profile.frames},
                       {"batch", profile.batch},   {"steps", profile.steps}};
  root["forwards_per_step"] = profile.forwards_per_step;
  root["workspace_bytes"] = profile.workspace_bytes;
  root["blocks"] = ordered_json::array();
  for (const BlockProfile& block : profile.blocks) root["blocks"].push_back(ToJson(block));
  // A profile may name files' keys in any encoding: what is not UTF-8 is replaced, never thrown at.
  return root.dump(1, ' ', false, json::error_handler_t::replace);
}

}  // namespace hanga::placement
