// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whole pictures by a pipeline of a model's files, as a worker draws them, without the worker.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"
#include "bench/engine/commands.h"
#include "worker/pipelines/pipeline.h"

namespace hanga::bench {

// Seconds on the host's clock since some moment.
double Now();

// Throws with the status's message.
template <typename T>
T OrThrow(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(std::string(result.status().message()));
  return *std::move(result);
}
void OrThrow(const absl::Status& status);

std::unique_ptr<Pipeline> LoadModel(const Options& options);

// A prompt that no cache knows, and a seed of its own, for every `number`.
GenerationRequest PictureRequest(const Options& options, int number);

// Waits until the device has done what was queued.
void AwaitDevice();

struct PictureTimes {
  double encode_ms = 0, steps_ms = 0, decode_ms = 0, picture_ms = 0;
};

// Draws one picture; with `apart` the device is awaited after each part, so that parts are timed.
PictureTimes DrawPicture(Pipeline* pipeline, const GenerationRequest& request, bool apart,
                         Image* image = nullptr);

// The medians of three pictures drawn in parts: what a picture's parts take without overlap.
PictureTimes MeasureParts(Pipeline* pipeline, const Options& options, int first_number);

}  // namespace hanga::bench
