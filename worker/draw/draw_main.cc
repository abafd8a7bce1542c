// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/draw/draw_main.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "worker/media/decode_picture.h"
#include "worker/media/metadata.h"
#include "worker/media/png.h"
#include "worker/media/webp.h"
#include "worker/pipelines/device.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

struct DrawOptions {
  ModelFiles files;
  LoadOptions load;
  GenerationRequest request;
  std::string size, output = "picture.png", preview, init_image, mask;
  std::string sha256;  // of the model
  int threads = 0, repeat = 1;
};

int Fail(const absl::Status& status) {
  std::cerr << "hanga-worker draw: " << status.message() << "\n";
  return 1;
}

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

absl::StatusOr<std::shared_ptr<const Image>> ReadPicture(const std::string& flag,
                                                         const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(flag, ": ", path, " cannot be read"));
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  absl::StatusOr<Image> image = DecodePicture(bytes);
  if (!image.ok()) {
    return absl::Status(image.status().code(), absl::StrCat(flag, ": ", image.status().message()));
  }
  return std::make_shared<const Image>(*std::move(image));
}

// The picture's size is that of the picture to draw.
absl::Status ReadPictures(DrawOptions* options) {
  GenerationRequest& r = options->request;
  if (options->init_image.empty()) {
    if (options->mask.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--mask: there is no --init-image that it is of");
  }
  const auto image = ReadPicture("--init-image", options->init_image);
  if (!image.ok()) return image.status();
  r.init_image = *image;
  r.width = r.init_image->width;
  r.height = r.init_image->height;
  if (options->mask.empty()) return absl::OkStatus();
  const auto mask = ReadPicture("--mask", options->mask);
  if (!mask.ok()) return mask.status();
  r.mask = *mask;
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, const absl::StatusOr<std::string>& bytes) {
  if (!bytes.ok()) return bytes.status();
  std::ofstream file(path, std::ios::binary);
  file.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
  file.close();
  return file ? absl::OkStatus() : absl::UnavailableError(path + " cannot be written");
}

absl::Status WritePicture(const DrawOptions& options, const Image& image) {
  const GenerationRequest& r = options.request;
  PictureMetadata metadata;
  metadata.prompt = r.prompt;
  metadata.negative_prompt = r.negative_prompt;
  metadata.seed = r.seed;
  metadata.steps = r.steps;
  metadata.guidance_scale = r.guidance_scale;
  metadata.true_cfg_scale = r.true_cfg_scale;
  metadata.sampler = r.sampler;
  metadata.scheduler = r.scheduler;
  metadata.shift = r.shift;
  metadata.width = r.width;
  metadata.height = r.height;
  metadata.model = std::filesystem::path(options.files.path).filename();
  metadata.model_sha256 = options.sha256;
  metadata.version = HANGA_VERSION;
  const std::string& path = options.output;
  if (path.size() > 5 && path.compare(path.size() - 5, 5, ".webp") == 0) {
    return WriteFile(path, EncodeWebp(image, 90, ParametersText(metadata)));
  }
  return WriteFile(path, EncodePng(image, TextEntries(metadata)));
}

absl::StatusOr<Image> Draw(Pipeline* pipeline, const DrawOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<std::unique_ptr<Generation>> generation = pipeline->Prepare(options.request);
  if (!generation.ok()) return generation.status();
  const double prepared = Seconds(start);
  Generation* const batch[] = {generation->get()};
  while (!batch[0]->done()) {
    if (absl::Status s = pipeline->Step(batch); !s.ok()) return s;
    if (!options.preview.empty() && 2 * batch[0]->step() == batch[0]->steps()) {
      const absl::StatusOr<Image> preview = pipeline->Preview(*batch[0]);
      if (!preview.ok()) return preview.status();
      if (absl::Status s = WriteFile(options.preview, EncodePng(*preview)); !s.ok()) return s;
    }
  }
  const double stepped = Seconds(start);
  absl::StatusOr<Image> image = pipeline->Finish(*batch[0]);
  if (image.ok()) {
    std::cout << "encode " << prepared << " s, " << batch[0]->steps() << " steps "
              << stepped - prepared << " s, decode " << Seconds(start) - stepped << " s, in all "
              << Seconds(start) << " s\n";
  }
  return image;
}

absl::Status ReadSize(const std::string& size, GenerationRequest* request) {
  char end = 0;
  if (std::sscanf(size.c_str(), "%dx%d%c", &request->width, &request->height, &end) == 2) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("--size: " + size + " is not WIDTHxHEIGHT");
}

int Run(DrawOptions options, const CLI::App& app) {
  if (options.threads > 0) SetComputeThreads(options.threads);
  const absl::StatusOr<ModelFacts> facts = ExamineModel(options.files);
  if (!facts.ok()) return Fail(facts.status());
  options.sha256 = facts->sha256;
  GenerationRequest& r = options.request;
  const GenerationRequest& defaults = facts->defaults;
  r.width = defaults.width;
  r.height = defaults.height;
  if (absl::Status s = ReadPictures(&options); !s.ok()) return Fail(s);
  if (!options.size.empty()) {
    if (absl::Status s = ReadSize(options.size, &r); !s.ok()) return Fail(s);
  }
  if (app.count("--steps") == 0) r.steps = defaults.steps;
  if (app.count("--guidance") == 0) r.guidance_scale = defaults.guidance_scale;
  if (app.count("--true-cfg") == 0) r.true_cfg_scale = defaults.true_cfg_scale;
  if (r.sampler.empty()) r.sampler = defaults.sampler;
  if (r.scheduler.empty()) r.scheduler = defaults.scheduler;

  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<std::unique_ptr<Pipeline>> pipeline =
      LoadPipeline(options.files, options.load);
  if (!pipeline.ok()) return Fail(pipeline.status());
  std::cout << "load " << Seconds(start) << " s\n";
  for (int i = 0; i < options.repeat; ++i) {
    const absl::StatusOr<Image> image = Draw(pipeline->get(), options);
    if (!image.ok()) return Fail(image.status());
    if (absl::Status s = WritePicture(options, *image); !s.ok()) return Fail(s);
  }
  std::cout << options.output << "\n";
  return 0;
}

}  // namespace

int DrawMain(int argc, char** argv) {
  CLI::App app("Draws one picture with a model's files, without a daemon.", "draw");
  DrawOptions o;
  std::map<std::string, std::string> components;
  app.add_option("model,--model", o.files.path, "A diffusers folder or a checkpoint")->required();
  app.add_option("--component", components, "NAME PATH of a component beside a checkpoint");
  app.add_option("prompt,--prompt", o.request.prompt, "What the picture shows")->required();
  app.add_option("--negative-prompt", o.request.negative_prompt, "What it must not show");
  app.add_option("--steps", o.request.steps, "Denoising steps");
  app.add_option("--size", o.size, "WIDTHxHEIGHT in pixels");
  app.add_option("--seed", o.request.seed, "Noise seed")->capture_default_str();
  app.add_option("--guidance", o.request.guidance_scale,
                 "Distilled guidance, or with the negative prompt (Stable Diffusion)");
  app.add_option("--guidance-rescale", o.request.guidance_rescale,
                 "How far guidance's spread is brought back, 0 to 1");
  app.add_option("--guidance-start", o.request.guidance_start, "Share of the walk without it");
  app.add_option("--guidance-end", o.request.guidance_end, "Share of the walk after which it ends");
  app.add_option("--clip-skip", o.request.clip_skip, "Last layers of CLIP to leave out");
  app.add_option("--init-image", o.init_image, "A picture to begin with (PNG, JPEG, WebP)");
  app.add_option("--strength", o.request.strength, "How far to leave it, up to 1")
      ->capture_default_str();
  app.add_option("--mask", o.mask, "White is repainted, black is kept");
  app.add_option("--mask-blur", o.request.mask_blur, "Radius of the mask's edge in pixels");
  app.add_option("--eta", o.request.eta, "DDIM's noise, 0 to 1");
  app.add_option("--true-cfg", o.request.true_cfg_scale, "Guidance with the negative prompt");
  app.add_option("--max-sequence-length", o.request.max_sequence_length, "Prompt tokens");
  app.add_option("--sampler", o.request.sampler, "Sampler");
  app.add_option("--scheduler", o.request.scheduler, "Sigma schedule");
  app.add_option("--device", o.load.device, "cpu or cuda:N")->capture_default_str();
  app.add_option("--dtype", o.load.dtype, "auto, float32, bfloat16 or float16")
      ->capture_default_str();
  app.add_option("--weights", o.load.weights, "auto, or fp8: the denoiser's in 8 bits")
      ->capture_default_str();
  app.add_flag("--tune", o.load.tune,
               "On a GPU: choose the algorithms of products under sustained load, half a minute\n"
               "longer, and keep them for every later worker on this machine");
  app.add_option("--threads", o.threads, "Threads of a CPU device; 0: all");
  app.add_option("--repeat", o.repeat, "Draw it so often, for timing")->check(CLI::Range(1, 1000));
  app.add_option("--preview", o.preview, "Also write the preview halfway to this PNG");
  app.add_option("-o,--output", o.output, "A .png or .webp file")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  o.files.components = std::move(components);
  return Run(std::move(o), app);
}

}  // namespace hanga
