// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "absl/strings/str_cat.h"
#include "worker/pipelines/flux_model.h"

namespace hanga {
namespace {

int64_t CountBlocks(const TensorSource& source, const std::string& prefix,
                    const std::string& suffix) {
  int64_t count = 0;
  while (source.Has(absl::StrCat(prefix, count, suffix))) ++count;
  return count;
}

}  // namespace

absl::StatusOr<FluxParams> DeduceFluxParams(const TensorSource& source) {
  absl::Status missing;
  const auto size = [&](const std::string& key, size_t dimension) -> int64_t {
    const StoredTensor* tensor = source.Find(key);
    if (tensor != nullptr && dimension < tensor->shape.size()) return tensor->shape[dimension];
    missing.Update(absl::FailedPreconditionError(
        absl::StrCat("transformer: ", key, " is missing, so the model's size is unknown")));
    return 0;
  };
  FluxParams params;
  params.in_channels = size("img_in.weight", 1);
  params.hidden = size("img_in.weight", 0);
  params.text_dim = size("txt_in.weight", 1);
  params.pooled_dim = size("vector_in.in_layer.weight", 1);
  params.out_channels = size("final_layer.linear.weight", 0);
  params.double_blocks = CountBlocks(source, "double_blocks.", ".img_mod.lin.weight");
  params.single_blocks = CountBlocks(source, "single_blocks.", ".modulation.lin.weight");
  params.guidance = source.Has("guidance_in.in_layer.weight");
  const int64_t head_dim = size("double_blocks.0.img_attn.norm.query_norm.scale", 0);
  const int64_t mlp = size("double_blocks.0.img_mlp.0.weight", 0);
  if (!missing.ok()) return missing;
  if (head_dim <= 0 || params.hidden <= 0 || params.hidden % head_dim != 0 ||
      mlp % params.hidden != 0) {
    return absl::FailedPreconditionError("transformer: its shapes are not those of a FLUX model");
  }
  params.heads = params.hidden / head_dim;
  params.mlp_ratio = mlp / params.hidden;
  // How a head's dimensions are shared among the axes leaves no trace in the weights.
  if (head_dim != 128) {
    return absl::FailedPreconditionError(
        absl::StrCat("transformer: a model with heads of ", head_dim,
                     " dimensions needs its transformer/config.json beside the checkpoint"));
  }
  return params;
}

nlohmann::json StandardFluxScheduler(bool guidance) {
  return {{"num_train_timesteps", 1000},
          {"shift", guidance ? 3.0 : 1.0},
          {"use_dynamic_shifting", guidance},
          {"base_shift", 0.5},
          {"max_shift", 1.15},
          {"base_image_seq_len", 256},
          {"max_image_seq_len", 4096}};
}

}  // namespace hanga
