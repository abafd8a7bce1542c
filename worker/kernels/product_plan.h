// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A matrix product as cublasLt sees it: its descriptors, the algorithms for them, a launch.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/kernels/matmul_cuda.h"

namespace hanga::kernels {

// Throw std::runtime_error with the library's own words.
void CheckProduct(cudaError_t error);
void CheckProduct(cublasStatus_t status);

size_t ElementBytes(ElementType type);

// What the choice of an algorithm depends on. Pointers count by their alignment.
using ProductKey = std::array<int64_t, 11>;
ProductKey KeyOf(const MatmulArguments& arguments);

struct ProductPlan {
  explicit ProductPlan(const MatmulArguments& arguments);
  ~ProductPlan();
  ProductPlan(const ProductPlan&) = delete;
  ProductPlan& operator=(const ProductPlan&) = delete;

  // What may change from product to product of one key.
  void SetPointers(const MatmulArguments& arguments);

  template <typename T>
  void Set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    CheckProduct(cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof value));
  }

  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t weight = nullptr, x = nullptr, residual = nullptr, out = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
  bool usable = false;
};

// The library on one device. Not thread-safe.
class ProductLibrary {
 public:
  ProductLibrary();
  ~ProductLibrary();
  ProductLibrary(const ProductLibrary&) = delete;
  ProductLibrary& operator=(const ProductLibrary&) = delete;

  // Of the device model and the library version, without blanks.
  const std::string& device() const { return device_; }

  // What the library thinks best, the best first; none where it cannot.
  std::vector<cublasLtMatmulAlgo_t> Propose(const ProductPlan& plan, int most) const;
  // An algorithm that was read from a file may be anything.
  bool CanRun(const ProductPlan& plan, const cublasLtMatmulAlgo_t& algorithm) const;
  cublasStatus_t Launch(const ProductPlan& plan, const cublasLtMatmulAlgo_t& algorithm,
                        const MatmulArguments& arguments, CudaStream stream) const;

 private:
  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  std::string device_;
};

}  // namespace hanga::kernels
