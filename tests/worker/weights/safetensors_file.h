// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Makes safetensors files for tests, right ones and wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/weights/tensor_source.h"

namespace hanga {

// A file from its parts: the header as it is, and `data` after it.
std::string SafetensorsBytes(const std::string& header, const std::string& data);

// One tensor of a well-formed file. `data` has as many bytes as type and shape need.
struct TestTensor {
  std::string key;
  std::string dtype;
  std::vector<int64_t> shape;
  std::string data;
};
std::string SafetensorsBytes(const std::vector<TestTensor>& tensors);

std::string FloatBytes(const std::vector<float>& values);

// Parses a file in memory; the source keeps a copy of it.
TensorSource MakeSource(const std::vector<TestTensor>& tensors);

// The bytes of a tensor's pieces, one after the other.
std::string ReadBytes(const StoredTensor& tensor);

std::string GoldenModel(const std::string& path);  // under tests/golden/models

// A folder for the time of a test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();

  const std::string& path() const { return path_; }
  std::string Write(const std::string& name, const std::string& bytes) const;  // returns its path

 private:
  std::string path_;
};

}  // namespace hanga
