// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the adapters of a batch add to one layer's product. Low-rank changes, which nearly all are,
// run as two batched products over all rows, whatever adapters each row has; the others one by one.
//
//   y[b] += up[b] · (down[b] · x[b])        up, down: a row's pairs side by side, padded with zeros
#pragma once

#include <vector>

#include "worker/layers/side_product.h"
#include "worker/lora/module_change.h"

namespace hanga {

// One change with its strength.
struct WeightedChange {
  const ModuleChange* change;  // of the layer's device and type
  double strength;
};

class BatchProduct final : public SideProduct {
 public:
  // `weight_shape`: [out, in] or [out, in, k, k]. `rows`: of the batch, what each adds; one alone
  // is for every row, however many there are. The changes outlive the product.
  BatchProduct(const std::vector<int64_t>& weight_shape,
               const std::vector<std::vector<WeightedChange>>& rows);

  at::Tensor AddToRows(const at::Tensor& x, at::Tensor y, const at::Tensor& bias,
                       int64_t first) const override;
  at::Tensor AddToPicture(const at::Tensor& x, at::Tensor y, const at::Tensor& bias, int64_t stride,
                          int64_t padding) const override;

  uint64_t bytes() const;  // of its own tensors

 private:
  // A change that is no plain low-rank pair.
  struct Other {
    int64_t row;  // -1: all
    WeightedChange weighted;
  };

  void Stack(const std::vector<std::vector<WeightedChange>>& rows);
  void AddOthers(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, int64_t first,
                 int64_t stride, int64_t padding) const;
  bool shared() const { return row_count_ == 1; }

  const std::vector<int64_t> shape_;
  const int64_t row_count_;
  at::Tensor down_, up_;  // [rows, R, columns], [rows, out, R]; undefined where none is low-rank
  at::Tensor bias_;       // [rows, out]; undefined where none adds to it
  std::vector<Other> others_;
};

}  // namespace hanga
