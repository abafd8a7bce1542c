// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/engine/unet_work.h"

#include <vector>

namespace hanga::bench {
namespace {

// Adds up layer by layer, in the order of MakeUnet.
class Counter {
 public:
  Counter(const UnetParams& p, int64_t height, int64_t width, int64_t text)
      : p_(p), height_(height), width_(width), text_(static_cast<double>(text)) {}

  UnetWork Count() {
    const auto levels = static_cast<int64_t>(p_.channels.size());
    std::vector<int64_t> skips = {p_.channels[0]};
    Convolution(p_.in_channels, p_.channels[0], 9);
    int64_t dim = p_.channels[0];
    for (int64_t i = 0; i < levels; ++i) {
      for (int64_t j = 0; j < p_.resnets_per_level; ++j) {
        Stage(dim, p_.channels[i], p_.depths[i]);
        dim = p_.channels[i];
        skips.push_back(dim);
      }
      if (i + 1 == levels) break;
      height_ = (height_ + 1) / 2, width_ = (width_ + 1) / 2;
      Convolution(dim, dim, 9);
      skips.push_back(dim);
    }
    Stage(dim, dim, p_.mid_depth);
    Stage(dim, dim, 0);
    for (int64_t i = levels - 1; i >= 0; --i) {
      for (int64_t j = 0; j <= p_.resnets_per_level; ++j) {
        Stage(dim + skips.back(), p_.channels[i], p_.depths[i]);
        skips.pop_back();
        dim = p_.channels[i];
      }
      if (i == 0) break;
      height_ *= 2, width_ *= 2;
      Convolution(dim, dim, 9);
    }
    Convolution(dim, p_.out_channels, 9);
    return {products_ / 1e12, attention_ / 1e12};
  }

 private:
  double pixels() const { return static_cast<double>(height_ * width_); }
  void Product(double rows, double in, double out) { products_ += 2 * rows * in * out; }
  void Convolution(int64_t in, int64_t out, int taps) {
    Product(pixels() * taps, static_cast<double>(in), static_cast<double>(out));
  }
  void Stage(int64_t in, int64_t out, int64_t depth) {
    Convolution(in, out, 9);
    Convolution(out, out, 9);
    if (in != out) Convolution(in, out, 1);
    Product(1, static_cast<double>(p_.TimeDim()), static_cast<double>(out));
    if (depth > 0) Transformer(static_cast<double>(out), static_cast<double>(depth));
  }
  void Transformer(double dim, double depth) {
    const double n = pixels();
    Product(2 * n, dim, dim);                                           // in and out
    Product(depth * 6 * n, dim, dim);                                   // q, k, v, out; q, out
    Product(depth * 2 * text_, static_cast<double>(p_.text_dim), dim);  // keys, values of the text
    Product(depth * n, dim, 12 * dim);  // both halves of GEGLU, and back
    attention_ += depth * 4 * n * (n + text_) * dim;
  }

  const UnetParams& p_;
  int64_t height_, width_;
  const double text_;
  double products_ = 0, attention_ = 0;
};

}  // namespace

UnetWork WorkOf(const UnetParams& p, int64_t height, int64_t width, int64_t text_tokens) {
  return Counter(p, height, width, text_tokens).Count();
}

}  // namespace hanga::bench
