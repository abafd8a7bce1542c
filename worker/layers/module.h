// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Weights are declared once, where they are used: a layer's constructor names them, and the
// declaration gives the checkpoint's keys, the shapes, the bytes, loading and eviction.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hanga {

class SideProduct;  // worker/layers/side_product.h

// One declared weight. The tensor stays undefined until its block is resident.
struct Slot {
  std::string key;             // in the checkpoint
  std::vector<int64_t> shape;  // as stored
  at::Tensor* tensor;          // in the layer that uses it
  // A matrix that may be kept in 8 bits has its rows' scales here, [rows] float32; undefined while
  // the tensor has the layer's type. Null: it may not.
  at::Tensor* scales = nullptr;
  // The weight of a product that adapters may add to: where its layer looks for what they add,
  // null while there is nothing. Null: the layer has no such place.
  const SideProduct** side = nullptr;
  // Stands in for the stored weight while it is defined, whoever fills the slot.
  at::Tensor replacement = {};

  int64_t Elements() const {
    int64_t elements = 1;
    for (const int64_t size : shape) elements *= size;
    return elements;
  }
};

// How weights are kept in memory: in the type that is computed in, or, of those that may be, in 8
// bits (float8_e4m3fn) with a scale for every row.
struct WeightStorage {
  WeightStorage(at::ScalarType type, bool fp8 = false) : type(type), fp8(fp8) {}  // NOLINT
  at::ScalarType TypeOf(const Slot& slot) const {
    return fp8 && slot.scales != nullptr ? at::kFloat8_e4m3fn : type;
  }

  at::ScalarType type;
  bool fp8;
};

// Where in a checkpoint a layer's weights live: `w / "attn" / "qkv"` is the layer `attn.qkv`.
class Scope {
 public:
  explicit Scope(std::vector<Slot>* slots, std::string prefix = "")
      : slots_(slots), prefix_(std::move(prefix)) {}

  Scope operator/(std::string_view child) const {
    if (prefix_.empty()) return Scope(slots_, std::string(child));
    return Scope(slots_, prefix_ + "." + std::string(child));
  }
  Scope operator/(int64_t index) const { return *this / std::to_string(index); }

  void Declare(std::string_view leaf, std::vector<int64_t> shape, at::Tensor* tensor,
               at::Tensor* scales = nullptr) const {
    slots_->push_back({(*this / leaf).prefix_, std::move(shape), tensor, scales});
  }
  // The weight of a product that adapters may add to.
  void DeclareProduct(std::vector<int64_t> shape, at::Tensor* tensor, const SideProduct** side,
                      at::Tensor* scales = nullptr) const {
    Declare("weight", std::move(shape), tensor, scales);
    slots_->back().side = side;
  }

 private:
  std::vector<Slot>* slots_;
  std::string prefix_;
};

// Base of every layer with parameters: `w` and `p` are ready before the members below are built, so
// a member is declared and bound to its weights on one line. Slots point into layers, so layers
// neither copy nor move.
template <typename Params>
struct Layer {
  Layer(Scope w, const Params& p) : w(std::move(w)), p(p) {}
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const Scope w;
  const Params p;
};

}  // namespace hanga
