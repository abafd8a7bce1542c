// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/engine/floor.h"

#include <ATen/ATen.h>

#include "bench/engine/device_timer.h"
#include "worker/kernels/attention.h"

namespace hanga::bench {
namespace {

double TeraPerSecond(double operations, double milliseconds) {
  return operations / milliseconds / 1e9;
}

at::Tensor Random(std::vector<int64_t> shape) {
  return at::randn(shape, at::device(at::kCUDA).dtype(at::kBFloat16));
}

// Long enough that the clock settles where sustained work holds it.
double Time(const std::function<void()>& work) {
  return Median(DeviceMilliseconds(100, 300, work));
}
double TimeCopy(const std::function<void()>& work) {
  return Median(DeviceMilliseconds(3, 20, work));
}

}  // namespace

FluxWork WorkOf(const FluxParams& p, int64_t image_tokens, int64_t text_tokens) {
  const double d = p.hidden, img = image_tokens, txt = text_tokens, all = img + txt;
  const double sublayers = 3 + 1 + 2 * p.mlp_ratio;  // qkv, projection, both halves of the MLP
  const double weights_per_token = 2 * sublayers * d * d;
  const double ends = 2 * d * (img * (p.in_channels + p.out_channels) + txt * p.text_dim);
  return {(weights_per_token * all * (p.double_blocks + p.single_blocks) + ends) / 1e12,
          4 * all * all * d * (p.double_blocks + p.single_blocks) / 1e12};
}

Ceilings MeasureCeilings(const FluxParams& p, int64_t tokens) {
  Ceilings ceilings{};
  {
    const auto x = Random({tokens, p.hidden}), w = Random({7 * p.hidden, p.hidden});
    auto out = at::empty({tokens, 7 * p.hidden}, x.options());
    ceilings.matmul_tflops = TeraPerSecond(2.0 * tokens * p.hidden * 7 * p.hidden,
                                           Time([&] { at::mm_out(out, x, w.t()); }));
  }
  {
    const auto qkv = Random({1, tokens, 3, p.heads, p.hidden / p.heads}).unbind(2);
    const auto q = qkv[0].transpose(1, 2), k = qkv[1].transpose(1, 2), v = qkv[2].transpose(1, 2);
    ceilings.attention_tflops =
        TeraPerSecond(4.0 * tokens * tokens * p.hidden, Time([&] { kernels::Attention(q, k, v); }));
  }
  {
    const auto from = at::zeros({int64_t{1} << 30}, at::device(at::kCUDA).dtype(at::kByte));
    auto to = at::empty_like(from);
    ceilings.copy_tbps = TeraPerSecond(2.0 * from.numel(), TimeCopy([&] { to.copy_(from); }));
  }
  ceilings.host_to_device_gbps = MeasureHostToDevice();
  return ceilings;
}

double MeasureHostToDevice() {
  const auto to = at::empty({int64_t{1} << 30}, at::device(at::kCUDA).dtype(at::kByte));
  const auto host =
      at::zeros({int64_t{1} << 30}, at::device(at::kCPU).dtype(at::kByte)).pin_memory();
  return 1e3 * TeraPerSecond(to.numel(), TimeCopy([&] { to.copy_(host, /*non_blocking=*/true); }));
}

double FloorMilliseconds(const FluxWork& work, const Ceilings& c) {
  return 1e3 * (work.linear_tflop / c.matmul_tflops + work.attention_tflop / c.attention_tflops);
}

}  // namespace hanga::bench
