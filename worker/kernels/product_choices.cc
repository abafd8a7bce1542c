// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/product_choices.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "worker/kernels/cuda_context.h"

namespace hanga::kernels {

std::string ProductChoices::Path() const {
  std::string device = DeviceMatmul().device();
  std::replace(device.begin(), device.end(), '/', '-');
  return folder_ + "/products-" + device + ".txt";
}

void ProductChoices::Read() {
  if (tune_) DeviceMatmul().set_tuning(ProductTuning::kSustained);
  if (folder_.empty()) return;
  std::ifstream file(Path());
  std::stringstream lines;
  lines << file.rdbuf();
  DeviceMatmul().SetChoices(lines.str());
  written_ = DeviceMatmul().revision();
}

void ProductChoices::Write() {
  const size_t made = DeviceMatmul().revision();
  if (folder_.empty() || made == written_) return;
  written_ = made;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  // Written aside and moved, as another process may read it now.
  const std::string path = Path(), aside = path + "." + std::to_string(getpid());
  bool whole = false;
  {
    std::ofstream file(aside, std::ios::trunc);
    file << DeviceMatmul().Choices();
    file.flush();
    whole = file.good();
  }
  if (whole) {
    std::filesystem::rename(aside, path, ignored);
  } else {
    std::filesystem::remove(aside, ignored);
  }
}

}  // namespace hanga::kernels
