// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Puts adapters beside a component's weights for as long as a batch runs.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "worker/lora/adapter.h"
#include "worker/lora/batch_product.h"

namespace hanga {

// Owned by a pipeline, which owns the component's blocks too. Not thread-safe.
class AdapterBinding {
 public:
  AdapterBinding(AdapterTarget target, at::Device device, at::ScalarType type);

  // While it lives the component computes with the adapters. One at a time.
  class Bound {
   public:
    Bound() = default;
    explicit Bound(AdapterBinding* binding) : binding_(binding) {}
    Bound(Bound&& other) noexcept : binding_(std::exchange(other.binding_, nullptr)) {}
    Bound& operator=(Bound&&) = delete;
    ~Bound() {
      if (binding_ != nullptr) binding_->Release();
    }

   private:
    AdapterBinding* binding_ = nullptr;
  };

  // `rows`: the set of each row of the batch; one alone is for every row. Rows that replace values
  // all have the same set (ValuesKeyOf). What was made for the last batches is kept, so that a
  // batch's next step costs nothing. Throws as ATen does.
  [[nodiscard]] Bound Bind(absl::Span<const AdapterSet* const> rows);

 private:
  struct Value {
    Slot* slot;
    at::Tensor changed, stored;
  };
  // The side products and values of one batch.
  struct Composition {
    std::string key;
    std::vector<AdapterSet> sets;  // keeps them loaded
    std::vector<std::pair<Slot*, std::unique_ptr<BatchProduct>>> products;
    std::vector<Value> values;
  };

  void Compose(absl::Span<const AdapterSet* const> rows, Composition* composition) const;
  Value ValueOf(Slot* slot, const AdapterSet& set) const;
  void Release();

  const AdapterTarget target_;
  const at::Device device_;
  const at::ScalarType type_;
  std::list<Composition> compositions_;  // the last used first
  const Composition* bound_ = nullptr;
  std::vector<at::Tensor> displaced_;  // what the slots of replaced values had
};

}  // namespace hanga
