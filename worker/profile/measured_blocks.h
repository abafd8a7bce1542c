// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a model's blocks took on a device, kept on disk: the next plan is made with it instead of
// the device's rates.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "placement/profile.h"

namespace hanga {

// One pass of one image, of the size that names it.
struct MeasuredBlocks {
  std::string device;                     // its model: "NVIDIA H100 80GB HBM3"
  std::string component;                  // "transformer"
  std::map<std::string, double> seconds;  // by block
};

// Measurements belong to a model's files, a type of weights, a size, and a device (one card with
// its driver, or a kind of CPU).
struct MeasuredKey {
  std::string model;  // what tells its files apart, of letters and digits
  std::string weights;
  std::string device;
  int width = 0, height = 0;
};

// Replaces what was kept under the key. A folder that cannot be written is no error of a run: the
// status is for the log.
absl::Status KeepMeasured(const std::string& folder, const MeasuredKey& key,
                          const MeasuredBlocks& measured);

// Enters every measurement of this model, type and size into the profile, whatever the device:
// times are found by the device's model. Files that do not read well are ignored.
void ApplyMeasured(const std::string& folder, const MeasuredKey& key,
                   placement::ModelProfile* profile);

}  // namespace hanga
