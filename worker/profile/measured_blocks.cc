// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/measured_blocks.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

constexpr double kLongest = 3600;  // seconds of a block that can be meant

// All devices' files of a model, type and size begin alike.
std::string Prefix(const MeasuredKey& key) {
  return absl::StrCat("blocks-", key.model, "-", key.weights, "-", key.width, "x", key.height, "-");
}

bool ReadFile(const fs::path& path, MeasuredBlocks* measured) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("blocks") || !json["blocks"].is_object()) return false;
  for (const auto& [name, member] :
       {std::pair{"device", &measured->device}, std::pair{"component", &measured->component}}) {
    if (!json.contains(name) || !json[name].is_string()) return false;
    *member = json[name].get<std::string>();
  }
  for (const auto& [block, seconds] : json["blocks"].items()) {
    if (!seconds.is_number()) return false;
    const double value = seconds.get<double>();
    if (!(value >= 0 && value < kLongest)) return false;
    measured->seconds[block] = value;
  }
  return true;
}

}  // namespace

absl::Status KeepMeasured(const std::string& folder, const MeasuredKey& key,
                          const MeasuredBlocks& measured) {
  const fs::path path = fs::path(folder) / absl::StrCat(Prefix(key), key.device, ".json");
  nlohmann::ordered_json json = {{"device", measured.device}, {"component", measured.component}};
  for (const auto& [block, seconds] : measured.seconds) json["blocks"][block] = seconds;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  // In one step, so that who reads meanwhile never sees half of it.
  const fs::path draft = absl::StrCat(path.string(), ".new");
  std::ofstream(draft, std::ios::binary) << json.dump(1) << "\n";
  fs::rename(draft, path, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("measured block times cannot be kept: ", error.message()));
}

void ApplyMeasured(const std::string& folder, const MeasuredKey& key,
                   placement::ModelProfile* profile) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    MeasuredBlocks measured;
    if (!absl::StartsWith(name, Prefix(key)) || !absl::EndsWith(name, ".json") ||
        !ReadFile(entry.path(), &measured)) {
      continue;
    }
    for (placement::BlockProfile& block : profile->blocks) {
      const auto found = measured.seconds.find(block.name);
      if (block.component != measured.component || found == measured.seconds.end()) continue;
      block.measured_seconds[measured.device] = found->second;
    }
  }
}

}  // namespace hanga
