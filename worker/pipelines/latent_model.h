// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What LatentPipeline needs of a family of models that denoise a grid of latents: its networks, how
// it reads a prompt, and one evaluation. Stable Diffusion 1, 2, XL and 3 are such.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/kernels/product_choices.h"
#include "worker/models/autoencoder.h"
#include "worker/pipelines/group_networks.h"
#include "worker/pipelines/model_adapters.h"
#include "worker/pipelines/model_layout.h"
#include "worker/pipelines/model_part.h"
#include "worker/pipelines/placed_weights.h"
#include "worker/pipelines/prompt_cache.h"
#include "worker/pipelines/textual_inversion.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/profile/latent_profile.h"
#include "worker/residency/step_graphs.h"
#include "worker/samplers/registry.h"

namespace hanga {

// What a prompt comes to; one row each, rows of equal requests can be joined.
struct Conditioning {
  at::Tensor text;    // [1, L, D]
  at::Tensor pooled;  // [1, P]; undefined where the model takes none
  at::Tensor sizes;   // [1, 6 or 5] of picture, crop and target in pixels; undefined likewise
};

// Declared when made, without weights until Load. Not thread-safe: owned by a pipeline.
class LatentModel {
 public:
  virtual ~LatentModel() = default;

  virtual SamplerKind sampler_kind() const = 0;
  // The denoiser takes the mask and the masked picture beside the latents (9 channels).
  virtual bool takes_mask() const { return false; }
  // Limits and defaults of the family; hanga.json comes after.
  virtual void Describe(ModelFacts* facts) const = 0;
  // Words that stand for learned vectors, in the prompts that are encoded from now on.
  virtual absl::Status UseInversions(const Inversions& inversions) = 0;
  // What the request's prompt comes to, or its negative prompt.
  virtual absl::StatusOr<Conditioning> Encode(const GenerationRequest& request, bool negative) = 0;
  // x [B, C, h, w], timesteps [B] float32, rows joined to B -> [B, C, h, w] float32.
  virtual absl::StatusOr<at::Tensor> Predict(const at::Tensor& x, const at::Tensor& timesteps,
                                             const Conditioning& rows) = 0;

  // The same in parts, for evaluations that are on their way over the ranks of a group: the
  // denoiser's State before and after. May throw.
  virtual Row DenoiserInput(const at::Tensor& x, const at::Tensor& timesteps,
                            const Conditioning& rows) const = 0;
  virtual at::Tensor DenoiserOutput(Row row, const at::Tensor& x) const = 0;
  virtual std::string denoiser() const = 0;  // the network's name

  // Of encoded prompts, since the model was opened.
  virtual std::vector<const PromptCache*> prompt_caches() const = 0;
  // What its networks are, for the planner.
  virtual LatentArchitecture Architecture() const = 0;

  // Makes adapters that the deployment fixes part of the weights, before they are loaded.
  absl::Status Merge(const ModelLayout& layout, at::ScalarType type) {
    return MergeAdapters(layout, type, &parts_);
  }
  absl::Span<const ModelPart> parts() const { return parts_; }
  // Where and in which type the networks compute; before weights are loaded, in whichever way.
  void ComputeIn(at::Device device, at::ScalarType type);
  // On a GPU: which algorithms its products take, as measured before; `tune`: as LoadOptions has
  // it.
  absl::Status ReadProducts(bool tune);
  // RESOURCE_EXHAUSTED: the device has no room.
  absl::Status Load();
  // Instead of Load, of the leader of a group: the plan by which its ranks run the networks.
  absl::StatusOr<placement::Plan> Lead(std::shared_ptr<DeviceGroup> group,
                                       const std::string& deployment,
                                       const placement::ModelProfile& profile,
                                       const PlacementLevers& levers);
  // Its networks as a group runs them, and how they are kept; the model outlives them.
  std::unique_ptr<GroupNetworks> Shared() const;
  PartStorage Storage() const;
  const GroupNetworks* shared() const { return shared_.get(); }  // of a leader
  // For a plan of one device, which is carried out by placed().
  std::vector<PlannedNetwork> PlannedNetworks() const;
  PlacedWeights& placed() { return placed_; }

  // Runs a network, wherever its weights are; a failure names the block.
  template <typename State>
  absl::Status Run(const std::string& network, const BlockList<State>& blocks, State& state) const {
    if (shared_ != nullptr && shared_->HandsOver(network)) return shared_->Run(network, state);
    if (placed_.loaded()) return placed_.Run(network, blocks, state);
    return RunBlocks(network, blocks, state);
  }

  // The same for an evaluation of the denoiser: on a GPU a graph that is kept for the next one of
  // these shapes, but for one with adapters, which differ from batch to batch. What it leaves in
  // the state holds until the next.
  template <typename State>
  absl::Status RunStep(const std::string& network, const BlockList<State>& blocks, State& state) {
    const absl::StatusOr<bool> captures = Captures(network, blocks.size());
    if (!captures.ok()) return captures.status();
    if (!*captures || !blocks[0].adapted.empty()) return Run(network, blocks, state);
    const State before = state;
    std::vector<at::Tensor*> tensors;
    state.ForEachTensor([&](at::Tensor& t) { tensors.push_back(&t); });
    const absl::Status replayed =
        RunGuarded(network, [&] { graphs_.Run(network, tensors, [&] { blocks.Run(state); }); });
    if (products_) products_->Write();
    if (!absl::IsResourceExhausted(replayed)) return replayed;
    graphs_.Clear();  // they keep memory of their own
    state = before;
    return Run(network, blocks, state);
  }

  // Frees what RunStep keeps, for memory or because weights move.
  void ClearGraphs() { graphs_.Clear(); }

  // Image of -1 to 1 -> moments, latents of the autoencoder -> image; float32 both ways.
  absl::StatusOr<at::Tensor> EncodeImage(const at::Tensor& image) const;
  absl::StatusOr<at::Tensor> DecodeLatents(const at::Tensor& latents) const;

  uint64_t parameters() const;      // declared
  uint64_t stored_bytes() const;    // in the files
  uint64_t resident_bytes() const;  // on the device now; 0 before Load
  double FileRate() const;          // MeasureFileRate of the denoiser's
  std::string Fingerprint() const;  // FingerprintOf its parts

  const AutoencoderParams& vae() const { return vae_params_; }
  at::ScalarType type() const { return type_; }  // that is computed in
  at::ScalarType vae_type() const { return vae_type_; }
  nlohmann::json scheduler;  // scheduler_config.json

 protected:
  // All but the autoencoder's.
  virtual std::vector<Network> Networks() const = 0;
  // Checks the weights of `blocks` against `source`, and takes both on.
  absl::Status AddPart(const std::string& name, std::vector<BlockWeights*> blocks,
                       TensorSource source);
  // The autoencoder, whose scale and shift are `fallback`'s where no configuration says them.
  absl::Status AddAutoencoder(const ModelLayout& layout, const AutoencoderParams& fallback);

  at::Device device_ = at::kCPU;
  at::ScalarType type_ = at::kFloat, vae_type_ = at::kFloat;

  // Gives the weights up. A family's destructor calls it, while the networks that they are bound to
  // are still there.
  void DropWeights() {
    graphs_.Clear();
    shared_.reset();
    placed_.Unload();
  }

 private:
  // Whether a network may run as a graph: all of it is here, and stays.
  absl::StatusOr<bool> Captures(const std::string& network, size_t blocks);

  AutoencoderParams vae_params_;
  BlockList<AutoencoderState> encoder_, decoder_;
  std::vector<ModelPart> parts_;
  uint64_t resident_bytes_ = 0;
  std::unique_ptr<GroupNetworks> shared_;  // of the leader of a group
  PlacedWeights placed_;                   // of a model that was loaded by a plan
  StepGraphs graphs_;
  uint64_t graphs_moves_ = 0;                        // the weights' moves when they were captured
  std::optional<kernels::ProductChoices> products_;  // on a GPU
};

// A family's networks, checked against their files: "sd", "sdxl" or "sd3" by the layout.
absl::StatusOr<std::unique_ptr<LatentModel>> OpenLatentModel(const ModelLayout& layout);

}  // namespace hanga
