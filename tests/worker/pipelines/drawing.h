// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Drawing by a pipeline in a test; what fails is a failure of the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "worker/pipelines/pipeline.h"

namespace hanga::testing {

inline std::unique_ptr<Pipeline> Load(const ModelFiles& files) {
  auto pipeline = LoadPipeline(files, {});
  if (!pipeline.ok()) ADD_FAILURE() << pipeline.status();
  return *std::move(pipeline);
}

inline std::unique_ptr<Generation> Prepare(Pipeline* pipeline, const GenerationRequest& request) {
  auto generation = pipeline->Prepare(request);
  if (!generation.ok()) ADD_FAILURE() << generation.status();
  return *std::move(generation);
}

inline absl::Status StepOne(Pipeline* pipeline, Generation* generation) {
  Generation* const batch[] = {generation};
  return pipeline->Step(batch);
}

inline std::vector<uint8_t> Finish(Pipeline* pipeline, Generation* generation) {
  while (!generation->done()) {
    const absl::Status stepped = StepOne(pipeline, generation);
    if (!stepped.ok()) {
      ADD_FAILURE() << stepped;
      return {};
    }
  }
  return pipeline->Finish(*generation)->rgb;
}

inline std::vector<uint8_t> Draw(Pipeline* pipeline, const GenerationRequest& request) {
  return Finish(pipeline, Prepare(pipeline, request).get());
}

inline int LargestDifference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  int largest = a.size() == b.size() ? 0 : 255;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
  }
  return largest;
}

}  // namespace hanga::testing
