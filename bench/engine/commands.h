// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One function a benchmark: runs it and returns flat figures, metric -> number with its unit.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hanga::bench {

struct Options {
  int64_t width = 1024, height = 1024;  // pixels
  int64_t text_tokens = 512;
  int64_t batch = 1;
  int64_t loras = 0;  // of UNet steps: adapters of their own, one a picture
  int runs = 20;
  bool graphs = true;
  bool profile = false;
  bool tune = false;             // choose the algorithms of products under sustained load
  std::string choices;           // a folder to read those algorithms from, and to keep them in
  std::string weights = "auto";  // or fp8
  std::string model;             // a folder, for whole pictures
  int steps = 28;
  std::vector<double> budgets_gb = {24, 20, 16, 12, 8, 4, 2};  // for weights, 1024-based
  int donor = -1;  // of streaming: a GPU whose memory lends; -1: the host's alone
};

nlohmann::ordered_json FluxStep(const Options& options);
nlohmann::ordered_json SdxlStep(const Options& options);
nlohmann::ordered_json Sd15Step(const Options& options);
nlohmann::ordered_json VaeDecode(const Options& options);
nlohmann::ordered_json TextEncode(const Options& options);
nlohmann::ordered_json Kernels(const Options& options);
nlohmann::ordered_json Fp8Error(const Options& options);
nlohmann::ordered_json E2e(const Options& options);
nlohmann::ordered_json Queue(const Options& options);
nlohmann::ordered_json ColdStart(const Options& options);
nlohmann::ordered_json Stream(const Options& options);
nlohmann::ordered_json Swap(const Options& options);

}  // namespace hanga::bench
