// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A loaded model that draws pictures, as the agent sees it. Free of Torch and of protobuf, so that
// both the agent's link and the models' code may include it.
//
//   Examine ── facts, without reading weights
//   Load ── Pipeline ── Prepare ── Generation ── Step × n ── Finish ── Image
//
// One thread owns a Pipeline and its Generations: it owns the device's compute. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "placement/profile.h"
#include "placement/topology.h"

namespace hanga {

// 8-bit RGB, rows from the top, no padding.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

// How prompts are read: as they stand, or with the weights of AUTOMATIC1111 or ComfyUI.
enum class PromptSyntax { kPlain, kA1111, kComfy };

// A second, larger walk that begins at the picture of the first one.
struct SecondPass {
  enum class Method { kNearest, kBilinear, kBicubic };
  double scale = 1;       // of the sides, above 1, up to 4
  int steps = 0;          // of a whole walk
  double strength = 0.7;  // share of it that is walked
  bool pixels = false;    // enlarges the decoded picture rather than its latents
  Method method = Method::kBilinear;

  bool operator==(const SecondPass&) const = default;
};

// An adapter (LoRA) that a picture is drawn with: one of the deployment's, or an uploaded file.
struct LoraUse {
  std::string name;                         // empty: `file` has it
  std::shared_ptr<const std::string> file;  // .safetensors bytes
  std::string sha256;                       // of them
  double weight = 1;                        // in the denoiser
  double text_encoder_weight = 1;
};

// A word of the prompts that stands for learned vectors (textual inversion).
struct EmbeddingUse {
  std::string token;
  std::string name;                         // of the deployment's; empty: `file` has it
  std::shared_ptr<const std::string> file;  // .safetensors bytes
  std::string sha256;                       // of them
};

// One image to draw; every field is resolved. Mirrors hanga.v1.GenerationSpec.
struct GenerationRequest {
  std::string prompt;
  std::string prompt_2;  // empty: as prompt
  std::string negative_prompt;
  std::string negative_prompt_2;  // empty: as negative_prompt
  PromptSyntax prompt_syntax = PromptSyntax::kPlain;
  int max_sequence_length = 0;  // 0: the model's default
  uint64_t seed = 0;
  int steps = 0;
  double guidance_scale = 0;
  double true_cfg_scale = 1;
  std::string sampler;          // empty: the model's default
  std::string scheduler;        // empty: the sampler's default
  std::optional<double> shift;  // unset: the model's
  double eta = 0;               // DDIM's noise, 0 to 1
  int clip_skip = 0;            // last layers of CLIP text encoders to leave out
  // Classifier-free guidance: how far its spread is brought back, and the share of the walk in
  // which it is on, [start, end).
  double guidance_rescale = 0;
  double guidance_start = 0, guidance_end = 1;
  // Of refiners: how pleasing the picture is to be, and what the negative prompt stands for.
  double aesthetic_score = 6, negative_aesthetic_score = 2.5;
  int width = 0, height = 0;  // pixels
  // A picture to begin with, as large as the picture to draw, and how far to leave it; never
  // changed once it is here. Unset: noise alone.
  std::shared_ptr<const Image> init_image;
  double strength = 0.75;             // above 0, up to 1
  std::shared_ptr<const Image> mask;  // white is repainted, black is kept; unset: everywhere
  int mask_blur = 0;                  // standard deviation of its edge in pixels, 0 to 256
  std::optional<SecondPass> second_pass;
  std::vector<LoraUse> loras;
  std::vector<EmbeddingUse> embeddings;
};

// An adapter that is part of a model's weights.
struct FixedLora {
  std::string name;  // for errors
  std::string path;
  double weight = 1;
};

// Where a model's files are. Either a diffusers folder, or single files by component.
struct ModelFiles {
  std::string path;                               // a folder, or the main checkpoint
  std::map<std::string, std::string> components;  // "text_encoder", "text_encoder_2", "vae", ...
  std::vector<FixedLora> loras;                   // merged into the weights
  std::string lora_folder;                        // of adapters that requests may name; empty: none
  std::string embedding_folder;                   // the same of textual inversions
};

struct ModelLimits {
  int min_side = 0, max_side = 0;  // pixels
  int64_t max_pixels = 0;
  int size_multiple = 0;
  int max_steps = 0;
  int max_sequence_length = 0;
  std::vector<std::string> samplers;
  std::vector<std::string> capabilities;  // what hanga.v1.ModelLimits.capabilities names
};

// What can be told of a model from its configuration and file headers alone.
struct ModelFacts {
  std::string family;  // "flux"
  std::string sha256;  // over the weight files, see docs/formats/model-hash.md
  uint64_t parameters = 0;
  uint64_t weight_bytes = 0;  // as stored
  ModelLimits limits;
  GenerationRequest defaults;
  std::vector<std::string> loras, embeddings;  // that its folders offered when it was examined
};

// Where a model's blocks are to live and how much memory they may take (docs/residency.md).
struct PlacementLevers {
  std::string mode = "auto";                          // auto | replicate | split
  std::string expression = "auto";                    // auto, or an allocation expression
  uint64_t reserve_vram_bytes = uint64_t{512} << 20;  // left alone on the device
  std::optional<uint64_t> vram_limit_bytes;           // all that may be used of it
  bool keep_resident = false;                         // never stream, or refuse
  std::optional<uint64_t> pinned_host_limit_bytes;    // 0: no page is locked
  std::optional<uint64_t> host_limit_bytes;

  bool operator==(const PlacementLevers&) const = default;
};

// Devices and their host as they are at this moment; the first is the model's, the others lend it
// their memory.
using DeviceProbe =
    std::function<absl::StatusOr<placement::Topology>(const std::vector<std::string>& devices)>;

class Group;  // worker/pipelines/group.h

struct LoadOptions {
  std::string device = "cpu";    // "cpu", "cuda:0"
  std::string dtype = "auto";    // auto: float32 on CPUs, bfloat16 on GPUs
  std::string weights = "auto";  // auto: as dtype; fp8: the denoiser's matrices in 8 bits
  PlacementLevers placement;
  bool tune = false;  // measure a GPU's products under sustained load, and keep what is found
  // Of the leader of a group: the model is loaded by all its ranks, which know it by `deployment`.
  std::shared_ptr<Group> group;
  std::string deployment;
  DeviceProbe probe;  // unset: the machine is measured
  // Where block times are kept for the next plan. Unset: the user's cache on a GPU, nowhere on a
  // CPU.
  std::optional<std::string> measured_folder;
};

// What is drawn, for a profile. 0 and "auto": the model's own.
struct ProfileRequest {
  int width = 0, height = 0, steps = 0;
  std::string dtype = "bfloat16", weights = "auto";
};

// Where a loaded model's blocks are, and what a step of one picture is predicted to take.
struct PlacementView {
  std::string plan_json;      // docs/formats/plan.md
  std::string table;          // for people
  uint64_t peak_bytes = 0;    // of the device's memory, predicted
  int width = 0, height = 0;  // of the picture that is planned for
  double step_seconds = 0;    // predicted
};

// What a pipeline has counted since it was loaded; every counter only grows.
struct PipelineCounters {
  struct Link {
    uint64_t bytes = 0;       // of copies that are over
    double busy_seconds = 0;  // that they took
  };
  struct Cache {
    uint64_t hits = 0, misses = 0;
  };
  std::map<std::string, Link> links;    // "host_to_device", "device_to_host", "peer"
  std::map<std::string, Cache> caches;  // "prompt"
};

// One image on its way. Destroying it frees what it holds.
class Generation {
 public:
  virtual ~Generation() = default;
  virtual int step() const = 0;   // finished denoising steps
  virtual int steps() const = 0;  // in all
  // Generations of one pipeline with equal keys may step as one batch.
  virtual const std::string& batch_key() const = 0;
  bool done() const { return step() >= steps(); }
};

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // Encodes the prompt and draws the noise. INVALID_ARGUMENT names field, value and limit.
  virtual absl::StatusOr<std::unique_ptr<Generation>> Prepare(const GenerationRequest& request) = 0;

  // One denoising step of every generation of the batch; all have the same batch_key. On failure
  // none has advanced. RESOURCE_EXHAUSTED: out of memory, a smaller batch may succeed.
  virtual absl::Status Step(absl::Span<Generation* const> batch) = 0;

  // A model that several devices run in turn keeps all of them busy where the steps of several
  // generations are on their way: each begins its next one as soon as its last one is back.
  //   Launch(a), Launch(b), Land(a), Launch(a), Land(b), …
  // They may differ in their batch_key, and none changes another's bits.
  virtual bool launches() const { return false; }
  // Begins the generation's next step; nothing but Land, Save and its destruction comes next.
  virtual absl::Status Launch(Generation& generation) {
    Generation* const alone = &generation;
    return Step({&alone, 1});
  }
  // Ends the step that was launched. On failure it has not advanced.
  virtual absl::Status Land(Generation& generation) {
    (void)generation;
    return absl::OkStatus();
  }

  // Decodes a finished generation.
  virtual absl::StatusOr<Image> Finish(Generation& generation) = 0;

  // A small picture of an unfinished one: a linear projection of its latents, 1/8 of the size.
  virtual absl::StatusOr<Image> Preview(const Generation& generation) = 0;

  // Everything that a generation needs to go on elsewhere to the same bits
  // (docs/formats/checkpoint.md), and the way back. INVALID_ARGUMENT if the bytes are not a
  // checkpoint of this request and model.
  virtual absl::StatusOr<std::string> Save(const Generation& generation) = 0;
  virtual absl::StatusOr<std::unique_ptr<Generation>> Restore(const GenerationRequest& request,
                                                              std::string_view checkpoint) = 0;

  virtual uint64_t resident_bytes() const = 0;  // weights on the device

  // Unset where everything simply stays on the device, without a plan.
  virtual std::optional<PlacementView> Placement() const { return std::nullopt; }

  // Several models share a device: while one is idle its weights may make room for another's.

  // Moves weights to host memory, or leaves them to their files, until `bytes` of the device are
  // given back or none is left; they come back when the model is next used. Returns what it gave.
  virtual uint64_t Evict(uint64_t bytes) {
    (void)bytes;
    return 0;
  }
  // What it needs of the device's memory to run, beside what its weights take now.
  virtual uint64_t missing_bytes() const { return 0; }

  // With so much of the device free beside what the weights take: what is missing to what the plan
  // counts on, because others took it. 0: nothing.
  virtual uint64_t lacking_bytes(uint64_t free_bytes) const {
    (void)free_bytes;
    return 0;
  }
  // Between pictures, and between steps where memory is lacking: `free_bytes` as above. Plans again
  // and loads again where others took, or gave back, more than the plan allows for.
  virtual void Adapt(uint64_t free_bytes) { (void)free_bytes; }

  // What has gone otherwise than planned since the last call, and what was done: sentences.
  virtual std::vector<std::string> TakeNotes() { return {}; }

  virtual PipelineCounters Counters() const { return {}; }
};

// Finds the family by the files' configuration and keys, and checks every key and shape against
// its declaration. FAILED_PRECONDITION or INVALID_ARGUMENT says what is wrong with the files.
absl::StatusOr<ModelFacts> ExamineModel(const ModelFiles& files);

// What drawing costs, block by block, from configurations and file headers; with the block times
// that were measured on this machine. As ExamineModel fails; INVALID_ARGUMENT: the request.
absl::StatusOr<placement::ModelProfile> ProfileModel(const ModelFiles& files,
                                                     const ProfileRequest& request);

absl::StatusOr<std::unique_ptr<Pipeline>> LoadPipeline(const ModelFiles& files,
                                                       const LoadOptions& options);

}  // namespace hanga
