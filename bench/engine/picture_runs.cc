// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/engine/picture_runs.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAFunctions.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "bench/engine/device_timer.h"

namespace hanga::bench {

double Now() {
  using std::chrono::duration;
  return duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void OrThrow(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

std::unique_ptr<Pipeline> LoadModel(const Options& o) {
  if (o.model.empty()) throw std::runtime_error("--model: a folder is needed");
  LoadOptions options;
  options.device = "cuda:0";
  options.weights = o.weights;
  return OrThrow(LoadPipeline({o.model, {}}, options));
}

GenerationRequest PictureRequest(const Options& o, int number) {
  GenerationRequest request;
  request.prompt = absl::StrCat("a woodblock print of ", number, " boats on the sea at sunset");
  request.seed = number;
  request.steps = o.steps;
  request.guidance_scale = 3.5;
  request.width = static_cast<int>(o.width);
  request.height = static_cast<int>(o.height);
  request.max_sequence_length = static_cast<int>(o.text_tokens);
  return request;
}

void AwaitDevice() { c10::cuda::device_synchronize(); }

PictureTimes DrawPicture(Pipeline* pipeline, const GenerationRequest& request, bool apart,
                         Image* image) {
  double last = Now();
  const double begin = last;
  const auto part = [&] {
    if (apart) AwaitDevice();
    const double now = Now(), ms = 1e3 * (now - last);
    last = now;
    return ms;
  };
  PictureTimes times;
  const auto generation = OrThrow(pipeline->Prepare(request));
  times.encode_ms = part();
  Generation* const batch[] = {generation.get()};
  while (!generation->done()) OrThrow(pipeline->Step(batch));
  times.steps_ms = part();
  Image drawn = OrThrow(pipeline->Finish(*generation));
  times.decode_ms = part();
  times.picture_ms = 1e3 * (last - begin);
  if (image != nullptr) *image = std::move(drawn);
  return times;
}

PictureTimes MeasureParts(Pipeline* pipeline, const Options& o, int first_number) {
  std::vector<double> encode, steps, decode, picture;
  for (int i = 0; i < 3; ++i) {
    const auto t = DrawPicture(pipeline, PictureRequest(o, first_number + i), /*apart=*/true);
    encode.push_back(t.encode_ms);
    steps.push_back(t.steps_ms);
    decode.push_back(t.decode_ms);
    picture.push_back(t.picture_ms);
  }
  return {Median(encode), Median(steps), Median(decode), Median(picture)};
}

}  // namespace hanga::bench
