// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/devices.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace hanga {
namespace {

bool IsDevice(absl::string_view device) {
  if (!absl::ConsumePrefix(&device, "cpu:") && !absl::ConsumePrefix(&device, "cuda:")) return false;
  uint32_t number = 0;
  return absl::SimpleAtoi(device, &number) && number < 1024 && absl::StrCat(number) == device;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseDevices(const std::vector<std::string>& devices) {
  if (devices.size() == 1 && devices[0] == "auto") {
    std::vector<std::string> found;
    for (int i = 0; i < CountGpus(); ++i) found.push_back(absl::StrCat("cuda:", i));
    if (found.empty()) found.push_back("cpu:0");
    return found;
  }
  std::set<absl::string_view> seen;
  for (const std::string& device : devices) {
    if (!IsDevice(device)) {
      return absl::InvalidArgumentError(
          absl::StrCat("workers.devices has '", device,
                       "'; expected cpu:N or cuda:N with N from 0 to 1023, or \"auto\" alone"));
    }
    if (!seen.insert(device).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("workers.devices has '", device, "' twice; a device has one worker"));
    }
  }
  return devices;
}

int CountGpus() {
  int files = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
    const std::string name = entry.path().filename();
    int index = 0;
    files += name.starts_with("nvidia") && absl::SimpleAtoi(name.substr(6), &index) ? 1 : 0;
  }
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible == nullptr) return files;
  const std::vector<std::string> listed = absl::StrSplit(visible, ',', absl::SkipWhitespace());
  return std::min(files, static_cast<int>(listed.size()));
}

bool IsCpu(absl::string_view device) { return absl::StartsWith(device, "cpu:"); }

std::string LocalWorkerId(absl::string_view device) {
  return absl::StrReplaceAll(device, {{":", "-"}});
}

}  // namespace hanga
