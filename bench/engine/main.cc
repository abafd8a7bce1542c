// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-bench: the engine's speed, without gRPC. The last line of its output is one JSON object.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "bench/engine/commands.h"

int main(int argc, char** argv) {
  using hanga::bench::Options;
  CLI::App app{"hanga-bench: times the engine with random weights on this machine's GPU"};
  app.require_subcommand(1);
  Options options;
  nlohmann::ordered_json figures;

  struct Command {
    const char* name;
    const char* help;
    nlohmann::ordered_json (*run)(const Options&);
  };
  const Command commands[] = {
      {"flux-step", "one FLUX.1-dev denoising step, and the floor of the same run",
       hanga::bench::FluxStep},
      {"sdxl-step", "one guided step of Stable Diffusion XL, and the floor of the same run",
       hanga::bench::SdxlStep},
      {"sd15-step", "the same of Stable Diffusion 1.5", hanga::bench::Sd15Step},
      {"vae-decode", "FLUX.1's autoencoder decoding one picture", hanga::bench::VaeDecode},
      {"text-encode", "T5-XXL and CLIP-L on one prompt", hanga::bench::TextEncode},
      {"kernels", "each kernel of a step and of a decode beside its own floor",
       hanga::bench::Kernels},
      {"fp8-error", "FLUX.1-dev's blocks in 8 bits against bfloat16", hanga::bench::Fp8Error},
      {"e2e", "a whole picture of --model, and its parts", hanga::bench::E2e},
      {"queue", "twenty pictures of --model, one after the other", hanga::bench::Queue},
      {"cold-start", "from nothing to the first picture of --model", hanga::bench::ColdStart},
      {"stream", "FLUX.1-dev steps under budgets for its weights", hanga::bench::Stream},
      {"swap", "two FLUX.1-dev transformers take turns on the device", hanga::bench::Swap},
  };
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    sub->add_option("--width", options.width, "pixels")->check(CLI::Range(16, 8192));
    sub->add_option("--height", options.height, "pixels")->check(CLI::Range(16, 8192));
    sub->add_option("--text-tokens", options.text_tokens)->check(CLI::Range(1, 512));
    sub->add_option("--batch", options.batch, "images")->check(CLI::Range(1, 64));
    sub->add_option("--loras", options.loras, "of UNet steps: pictures' own adapters")
        ->check(CLI::Range(0, 64));
    sub->add_option("--runs", options.runs, "timed runs")->check(CLI::Range(1, 10000));
    sub->add_flag("!--no-graphs", options.graphs, "launch every kernel, without CUDA graphs");
    sub->add_flag("--profile", options.profile, "also time the blocks one by one");
    sub->add_flag("--tune", options.tune, "choose products' algorithms under sustained load");
    sub->add_option("--choices", options.choices, "a folder that keeps those algorithms");
    sub->add_option("--weights", options.weights, "auto (bfloat16) or fp8")
        ->check(CLI::IsMember({"auto", "fp8"}));
    sub->add_option("--model", options.model, "of whole pictures: a diffusers folder");
    sub->add_option("--steps", options.steps, "of whole pictures")->check(CLI::Range(1, 1000));
    sub->add_option("--budget-gb", options.budgets_gb, "of stream: memory for weights, GiB")
        ->check(CLI::Range(0.1, 1e6));
    sub->add_option("--donor", options.donor, "of stream: the number of a GPU that lends memory")
        ->check(CLI::Range(1, 127));
    sub->callback([&figures, &options, run = command.run] { figures = run(options); });
  }
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hanga-bench: %s\n", error.what());
    return 1;
  }
  std::printf("%s\n", figures.dump().c_str());
  return 0;
}
