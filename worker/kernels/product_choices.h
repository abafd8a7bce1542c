// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The measured choices of matrix products, kept from process to process: one file a device model
// and library version. Measuring a model's shapes takes a part of a second, or with tuning under
// sustained load some seconds, once a machine.
#pragma once

#include <cstddef>
#include <string>

namespace hanga::kernels {

// Not thread-safe: owned by the thread that owns the device's compute. Processes may share a
// folder.
class ProductChoices {
 public:
  // An empty folder keeps nothing. `tune`: products are measured under sustained load.
  explicit ProductChoices(std::string folder, bool tune = false)
      : folder_(std::move(folder)), tune_(tune) {}

  // Takes what the folder has for this device. A missing or damaged file is as good as none.
  void Read();
  // Writes choices that were made since. Failing to is no error: they are measured again.
  void Write();

 private:
  std::string Path() const;

  const std::string folder_;
  const bool tune_;
  size_t written_ = 0;
};

}  // namespace hanga::kernels
