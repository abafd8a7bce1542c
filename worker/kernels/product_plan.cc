// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/product_plan.h"

#include <algorithm>
#include <stdexcept>

namespace hanga::kernels {
namespace {

constexpr size_t kWorkspaceBytes = size_t{64} << 20;

// The largest power of two that divides an address, up to what the library cares for.
int64_t Alignment(const void* p) {
  if (p == nullptr) return 256;
  const auto address = reinterpret_cast<uintptr_t>(p);
  return static_cast<int64_t>(std::min<uintptr_t>(256, address & (~address + 1)));
}

cudaDataType_t DataType(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return CUDA_R_32F;
    case ElementType::kFloat16:
      return CUDA_R_16F;
    case ElementType::kBFloat16:
      return CUDA_R_16BF;
  }
  return CUDA_R_32F;
}

cublasLtEpilogue_t EpilogueOf(const MatmulArguments& a) {
  if (a.gelu) return a.bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
  return a.bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

}  // namespace

void CheckProduct(cudaError_t error) {
  if (error != cudaSuccess) {
    throw std::runtime_error(std::string("Matmul: CUDA error: ") + cudaGetErrorString(error));
  }
}
void CheckProduct(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw std::runtime_error(std::string("Matmul: cublasLt: ") + cublasLtGetStatusString(status));
  }
}

size_t ElementBytes(ElementType type) { return type == ElementType::kFloat32 ? 4 : 2; }

ProductKey KeyOf(const MatmulArguments& a) {
  return {static_cast<int64_t>(a.type),
          a.m,
          a.n,
          a.k,
          a.x_stride,
          a.out_stride,
          a.bias != nullptr,
          a.gelu,
          a.x_scales != nullptr,
          a.residual != nullptr ? a.residual_stride : 0,
          std::min({Alignment(a.x), Alignment(a.weight), Alignment(a.residual), Alignment(a.out)})};
}

ProductPlan::ProductPlan(const MatmulArguments& a) {
  CheckProduct(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  // Row-major out is column-major out transposed: [n, m] = weight^T (k fastest) * x (k fastest).
  Set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  Set(CUBLASLT_MATMUL_DESC_EPILOGUE, EpilogueOf(a));
  const auto type = DataType(a.type);
  if (a.bias != nullptr) Set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type);
  auto operands = type;
  if (a.x_scales != nullptr) {
    operands = CUDA_R_8F_E4M3;
    Set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F);
    Set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F);
    // Hopper keeps about 14 bits of a sum this way, more than the operands' 4: 8 to 18 % faster.
    Set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, int8_t{1});
  }
  SetPointers(a);
  CheckProduct(cublasLtMatrixLayoutCreate(&weight, operands, a.k, a.n, a.k));
  CheckProduct(cublasLtMatrixLayoutCreate(&x, operands, a.k, a.m, a.x_stride));
  CheckProduct(cublasLtMatrixLayoutCreate(&out, type, a.n, a.m, a.out_stride));
  CheckProduct(cublasLtMatrixLayoutCreate(
      &residual, type, a.n, a.m, a.residual != nullptr ? a.residual_stride : a.out_stride));
}

ProductPlan::~ProductPlan() {
  for (const cublasLtMatrixLayout_t layout : {residual, out, x, weight}) {
    cublasLtMatrixLayoutDestroy(layout);
  }
  cublasLtMatmulDescDestroy(product);
}

void ProductPlan::SetPointers(const MatmulArguments& a) {
  if (a.bias != nullptr) Set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, a.bias);
  if (a.x_scales == nullptr) return;
  Set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, a.weight_scales);
  Set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, a.x_scales);
}

ProductLibrary::ProductLibrary() {
  CheckProduct(cublasLtCreate(&handle_));
  CheckProduct(cudaMalloc(&workspace_, kWorkspaceBytes));
  int device = 0;
  cudaDeviceProp properties;
  CheckProduct(cudaGetDevice(&device));
  CheckProduct(cudaGetDeviceProperties(&properties, device));
  device_ = std::string(properties.name) + "/cublasLt-" + std::to_string(cublasLtGetVersion());
  std::replace(device_.begin(), device_.end(), ' ', '_');
}

ProductLibrary::~ProductLibrary() {
  cudaFree(workspace_);
  cublasLtDestroy(handle_);
}

std::vector<cublasLtMatmulAlgo_t> ProductLibrary::Propose(const ProductPlan& plan, int most) const {
  cublasLtMatmulPreference_t preference = nullptr;
  CheckProduct(cublasLtMatmulPreferenceCreate(&preference));
  cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                       &kWorkspaceBytes, sizeof kWorkspaceBytes);
  std::vector<cublasLtMatmulHeuristicResult_t> results(most);
  int count = 0;
  const auto status =
      cublasLtMatmulAlgoGetHeuristic(handle_, plan.product, plan.weight, plan.x, plan.residual,
                                     plan.out, preference, most, results.data(), &count);
  cublasLtMatmulPreferenceDestroy(preference);
  std::vector<cublasLtMatmulAlgo_t> proposals;
  if (status != CUBLAS_STATUS_SUCCESS) return proposals;
  for (int i = 0; i < count; ++i) {
    if (results[i].state == CUBLAS_STATUS_SUCCESS) proposals.push_back(results[i].algo);
  }
  return proposals;
}

bool ProductLibrary::CanRun(const ProductPlan& plan, const cublasLtMatmulAlgo_t& algorithm) const {
  cublasLtMatmulHeuristicResult_t result{};
  const auto status = cublasLtMatmulAlgoCheck(handle_, plan.product, plan.weight, plan.x,
                                              plan.residual, plan.out, &algorithm, &result);
  return status == CUBLAS_STATUS_SUCCESS && result.workspaceSize <= kWorkspaceBytes;
}

cublasStatus_t ProductLibrary::Launch(const ProductPlan& plan,
                                      const cublasLtMatmulAlgo_t& algorithm,
                                      const MatmulArguments& a, CudaStream stream) const {
  const float one = 1, beta = a.residual != nullptr ? 1 : 0;
  const void* added = a.residual != nullptr ? a.residual : a.out;
  return cublasLtMatmul(handle_, plan.product, &one, a.weight, plan.weight, a.x, plan.x, &beta,
                        added, plan.residual, a.out, plan.out, &algorithm, workspace_,
                        kWorkspaceBytes, stream);
}

}  // namespace hanga::kernels
