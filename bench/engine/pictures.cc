// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whole pictures of a model's files: one, a queue of them, and the first after a start.
#include <algorithm>
#include <fstream>
#include <thread>

#include "bench/engine/floor.h"
#include "bench/engine/picture_runs.h"
#include "worker/media/png.h"

namespace hanga::bench {
namespace {

// What the process has read from disks so far.
double DiskBytesRead() {
  std::ifstream file("/proc/self/io");
  for (std::string key; file >> key;) {
    double value = 0;
    file >> value;
    if (key == "read_bytes:") return value;
  }
  return 0;
}

}  // namespace

nlohmann::ordered_json E2e(const Options& o) {
  const auto pipeline = LoadModel(o);
  const double first = DrawPicture(pipeline.get(), PictureRequest(o, 0), true).picture_ms;
  const double second = DrawPicture(pipeline.get(), PictureRequest(o, 1), true).picture_ms;
  const PictureTimes parts = MeasureParts(pipeline.get(), o, 2);
  std::vector<double> pictures;
  for (int i = 0; i < 3; ++i) {
    pictures.push_back(DrawPicture(pipeline.get(), PictureRequest(o, 10 + i), false).picture_ms);
  }
  std::sort(pictures.begin(), pictures.end());
  return {
      {"picture_ms", pictures[1]},
      {"parts_ms", parts.encode_ms + parts.steps_ms + parts.decode_ms},
      {"encode_ms", parts.encode_ms},
      {"steps_ms", parts.steps_ms},
      {"step_ms", parts.steps_ms / o.steps},
      {"decode_ms", parts.decode_ms},
      {"first_picture_ms", first},
      {"second_picture_ms", second},
      {"first_picture_longer_ms", first - pictures[1]},
  };
}

// The order of a worker's work: a finished picture is decoded, the next begins, and while its steps
// run another thread encodes the file of the last one.
nlohmann::ordered_json Queue(const Options& o) {
  const auto pipeline = LoadModel(o);
  for (int i = 0; i < 2; ++i) DrawPicture(pipeline.get(), PictureRequest(o, i), true);
  const PictureTimes parts = MeasureParts(pipeline.get(), o, 2);
  constexpr int kPictures = 20;
  std::thread encoder;
  size_t bytes = 0;
  const double begin = Now();
  for (int i = 0; i < kPictures; ++i) {
    Image image;
    DrawPicture(pipeline.get(), PictureRequest(o, 100 + i), false, &image);
    if (encoder.joinable()) encoder.join();
    encoder =
        std::thread([&bytes, image = std::move(image)] { bytes += EncodePng(image)->size(); });
  }
  const double drawn = Now() - begin;
  encoder.join();
  const double parts_ms = parts.encode_ms + parts.steps_ms + parts.decode_ms;
  return {
      {"queue_s", drawn},
      {"last_file_after_s", Now() - begin - drawn},
      {"picture_ms", 1e3 * drawn / kPictures},
      {"parts_ms", parts_ms},
      {"busy_share", kPictures * parts_ms / (1e3 * drawn)},
      {"mean_file_bytes", bytes / kPictures},
  };
}

nlohmann::ordered_json ColdStart(const Options& o) {
  const double begin = Now();
  const ModelFacts facts = OrThrow(ExamineModel({o.model, {}}));
  const double examined = Now(), read_before = DiskBytesRead();
  AwaitDevice();  // the driver's own start
  const double started = Now();
  const auto pipeline = LoadModel(o);
  AwaitDevice();
  const double loaded = Now(), read = DiskBytesRead() - read_before;
  DrawPicture(pipeline.get(), PictureRequest(o, 0), true);
  const double drawn = Now();
  const double link = MeasureHostToDevice();
  const double rate = facts.weight_bytes / (loaded - started) / 1e9;
  return {
      {"examine_s", examined - begin},
      {"device_start_s", started - examined},
      {"load_s", loaded - started},
      {"first_picture_s", drawn - loaded},
      {"time_to_first_picture_s", drawn - begin},
      {"weight_gb", facts.weight_bytes / 1e9},
      {"from_disk_gb", read / 1e9},
      {"load_gbps", rate},
      {"host_to_device_gbps", link},
      {"ratio_to_link", rate / link},
  };
}

}  // namespace hanga::bench
