// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Each kernel of a FLUX.1-dev step and of its autoencoder alone, beside its own floor: the bytes it
// must move at the measured copy rate, or its operations at the measured rate of products.
#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "bench/engine/commands.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/floor.h"
#include "worker/kernels/attention.h"
#include "worker/kernels/channel_bias.h"
#include "worker/kernels/copy_rows.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/group_norm_silu.h"
#include "worker/kernels/layer_norm_modulate.h"
#include "worker/kernels/linear.h"
#include "worker/kernels/qk_norm_rope.h"
#include "worker/kernels/quantize_rows.h"

namespace hanga::bench {
namespace {

using at::Tensor;
using kernels::Activation;

constexpr int kCalls = 20;  // in one graph, so that no launch is timed

// Milliseconds of one call.
double Time(const std::function<void()>& work) {
  work();
  c10::cuda::getCurrentCUDAStream().synchronize();
  at::cuda::CUDAGraph graph;
  {
    const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
    graph.capture_begin();
    for (int i = 0; i < kCalls; ++i) work();
    graph.capture_end();
  }
  return Median(DeviceMilliseconds(2, 7, [&] { graph.replay(); })) / kCalls;
}

Tensor Random(std::vector<int64_t> shape) {
  return at::randn(shape, at::device(at::kCUDA).dtype(at::kBFloat16));
}

struct Bench {
  Ceilings ceilings;
  nlohmann::ordered_json figures;

  void Add(const std::string& name, double floor_ms, const std::function<void()>& work) {
    figures[name + "_us"] = 1e3 * Time(work);
    figures[name + "_floor_us"] = 1e3 * floor_ms;
  }
  void AddBytes(const std::string& name, double bytes, const std::function<void()>& work) {
    Add(name, bytes / ceilings.copy_tbps / 1e9, work);
  }
  void AddProduct(const std::string& name, int64_t m, int64_t n, int64_t k,
                  Activation activation = Activation::kNone) {
    const auto x = Random({m, k}), weight = Random({n, k}) * 0.02, bias = Random({n});
    const auto out = at::empty({m, n}, x.options());
    Add(name, 2.0 * m * n * k / ceilings.matmul_tflops / 1e9,
        [&] { kernels::LinearInto(x, weight, bias, activation, out); });
  }
  // The floor is that of bfloat16 by half: what the units can do.
  void AddFp8Product(const std::string& name, int64_t m, int64_t n, int64_t k,
                     Activation activation = Activation::kNone) {
    const auto x = kernels::QuantizeRows(Random({m, k}));
    const auto weight = kernels::QuantizeRows(Random({n, k}));
    const auto bias = Random({n});
    const auto out = at::empty({m, n}, bias.options());
    Add(name, 1.0 * m * n * k / ceilings.matmul_tflops / 1e9,
        [&] { kernels::LinearInto(x, weight, bias, activation, out); });
  }
};

void AddStepKernels(const FluxParams& p, int64_t image_tokens, int64_t text_tokens, Bench* bench) {
  const int64_t c = p.hidden, wide = p.mlp_ratio * c, all = image_tokens + text_tokens;
  const auto products = [&](const std::string& name, int64_t m) {
    bench->AddProduct(name + "_qkv", m, 3 * c, c);
    bench->AddProduct(name + "_proj", m, c, c);
    bench->AddProduct(name + "_mlp_up_gelu", m, wide, c, Activation::kGeluTanh);
    bench->AddProduct(name + "_mlp_down", m, c, wide);
  };
  products("double_img", image_tokens);
  products("double_txt", text_tokens);
  bench->AddProduct("single_qkv", all, 3 * c, c);
  bench->AddProduct("single_mlp_up_gelu", all, wide, c, Activation::kGeluTanh);
  bench->AddProduct("single_mlp_up_without_gelu", all, wide, c);
  bench->AddProduct("single_out", all, c, c + wide);

  const auto qkv = Random({1, all, 3 * c}),
             rope = at::rand({all, c / p.heads / 2, 2}, qkv.options()).to(at::kFloat);
  const auto scale = Random({c / p.heads});
  const double row_bytes = 2.0 * all * c;
  kernels::Qkv heads;
  bench->AddBytes("qk_norm_rope", 4 * row_bytes, [&] {
    heads = kernels::QkNormRope(qkv, {{all, scale, scale}}, rope, p.heads);
  });
  bench->Add("attention", 4.0 * all * all * c / bench->ceilings.attention_tflops / 1e9,
             [&] { kernels::Attention(heads.q, heads.k, heads.v); });

  const auto x = Random({1, all, c}), y = Random({1, all, c}), m = Random({1, 1, c});
  bench->AddBytes("layer_norm_modulate", 2 * row_bytes,
                  [&] { kernels::LayerNormModulate(x, m, m); });
  bench->AddBytes("gated_residual", 3 * row_bytes, [&] { kernels::GatedResidual(x, m, y); });
  bench->AddBytes("gated_residual_modulate", 4 * row_bytes,
                  [&] { kernels::GatedResidualModulate(x, m, y, m, m); });
  const auto joint = at::empty({1, all, c + wide}, x.options());
  bench->Add("attention_into_joint", 4.0 * all * all * c / bench->ceilings.attention_tflops / 1e9,
             [&] { kernels::AttentionInto(heads.q, heads.k, heads.v, joint.narrow(-1, 0, c)); });
  bench->AddBytes("copy_into_joint", 2 * row_bytes,
                  [&] { kernels::CopyRows(x, joint.narrow(-1, 0, c)); });

  // The same work with weights in 8 bits.
  bench->AddFp8Product("fp8_single_qkv", all, 3 * c, c);
  bench->AddFp8Product("fp8_single_mlp_up_gelu", all, wide, c, Activation::kGeluTanh);
  bench->AddFp8Product("fp8_single_out", all, c, c + wide);
  bench->AddFp8Product("fp8_double_img_proj", image_tokens, c, c);
  bench->AddBytes("fp8_layer_norm_modulate", 1.5 * row_bytes,
                  [&] { kernels::LayerNormModulate(x, m, m, kernels::RowForm::kFp8); });
  const auto inner = Random({1, all, wide});
  bench->AddBytes("fp8_quantize_beside", 1.5 * row_bytes * (1 + p.mlp_ratio),
                  [&] { kernels::QuantizeBeside(x, inner); });
  bench->AddBytes("fp8_quantize_inner", 1.5 * row_bytes * p.mlp_ratio,
                  [&] { kernels::QuantizeRows(inner); });
}

// At the sizes of a 1024x1024 decode. A group norm reads twice and writes once.
void AddPictureKernels(Bench* bench) {
  for (const auto& [side, channels] : {std::pair<int64_t, int64_t>{128, 512},
                                       {256, 512},
                                       {512, 512},
                                       {512, 256},
                                       {1024, 256},
                                       {1024, 128}}) {
    const auto x = Random({1, channels, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
    const auto y = at::zeros_like(x), vector = Random({channels});
    const double bytes = 2.0 * x.numel();
    const std::string size = absl::StrCat("_", side, "x", channels);
    bench->AddBytes("group_norm_silu" + size, 3 * bytes,
                    [&] { kernels::GroupNormSilu(x, 32, vector, vector, 1e-6, vector); });
    bench->AddBytes("channel_bias" + size, 2 * bytes, [&] { kernels::AddChannelBias(y, vector); });
    bench->AddBytes("channel_bias_residual" + size, 3 * bytes,
                    [&] { kernels::AddChannelBias(y, vector, x); });
  }
}

}  // namespace

nlohmann::ordered_json Kernels(const Options& o) {
  const c10::InferenceMode inference;
  const FluxParams params;
  const int64_t image_tokens = o.height / 16 * (o.width / 16);
  Bench bench{MeasureCeilings(params, image_tokens + o.text_tokens), {}};
  bench.figures = {{"matmul_tflops", bench.ceilings.matmul_tflops},
                   {"attention_tflops", bench.ceilings.attention_tflops},
                   {"copy_tbps", bench.ceilings.copy_tbps}};
  AddStepKernels(params, image_tokens, o.text_tokens, &bench);
  AddPictureKernels(&bench);
  return bench.figures;
}

}  // namespace hanga::bench
