// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/worker/weights/safetensors_file.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "worker/weights/safetensors.h"

namespace hanga {

std::string SafetensorsBytes(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(uint64_t{header.size()} >> 8 * i);
  return bytes + header + data;
}

std::string SafetensorsBytes(const std::vector<TestTensor>& tensors) {
  auto header = nlohmann::ordered_json::object();
  std::string data;
  for (const TestTensor& tensor : tensors) {
    const size_t begin = data.size();
    data += tensor.data;
    header[tensor.key] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  return SafetensorsBytes(header.dump(), data);
}

std::string FloatBytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TensorSource MakeSource(const std::vector<TestTensor>& tensors) {
  const auto bytes = std::make_shared<const std::string>(SafetensorsBytes(tensors));
  const auto* data = reinterpret_cast<const std::byte*>(bytes->data());
  auto source = ParseSafetensors("test.safetensors", {data, bytes->size()}, bytes);
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

std::string ReadBytes(const StoredTensor& tensor) {
  std::string bytes;
  for (const TensorPiece& piece : tensor.pieces) {
    bytes.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  }
  return bytes;
}

std::string GoldenModel(const std::string& path) {
  return std::string(HANGA_SOURCE_DIR) + "/tests/golden/models/" + path;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = testing::TempDir() + "weightsXXXXXX";
  path_ = mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

std::string TemporaryFolder::Write(const std::string& name, const std::string& bytes) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace hanga
