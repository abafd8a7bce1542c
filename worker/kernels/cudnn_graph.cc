// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/cudnn_graph.h"

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

namespace hanga::kernels {
namespace {

constexpr int64_t kSuggestions = 8;

CudnnShape RowMajor(const CudnnShape& s) { return {s[1] * s[2] * s[3], s[2] * s[3], s[3], 1}; }

}  // namespace

void CheckCudnn(cudnnStatus_t status) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw std::runtime_error(std::string("cuDNN: ") + cudnnGetErrorString(status));
}

CudnnGraph::~CudnnGraph() { cudaFree(workspace_); }

CudnnGraph::Tensor CudnnGraph::MakeTensor(cudnnDataType_t type, const CudnnShape& shape,
                                          const CudnnShape& strides, bool is_inner, bool by_value) {
  auto t = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  t->Set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, ++tensors_);
  t->Set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
  t->Set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, int64_t{16});
  t->Set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64,
         std::vector<int64_t>(shape.begin(), shape.end()));
  t->Set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64,
         std::vector<int64_t>(strides.begin(), strides.end()));
  t->Set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, is_inner);
  t->Set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, by_value);
  t->Finalize();
  parts_.push_back(t);
  return t;
}

CudnnGraph::Tensor CudnnGraph::Outer(cudnnDataType_t type, const CudnnShape& shape,
                                     const CudnnShape& strides) {
  return MakeTensor(type, shape, strides, false, false);
}

CudnnGraph::Tensor CudnnGraph::Scalar() {
  return MakeTensor(CUDNN_DATA_FLOAT, {1, 1, 1, 1}, {1, 1, 1, 1}, false, true);
}

CudnnGraph::Tensor CudnnGraph::Inner(cudnnDataType_t type, const CudnnShape& shape) {
  return MakeTensor(type, shape, RowMajor(shape), true, false);
}

void CudnnGraph::Add(std::shared_ptr<CudnnDescriptor> operation) {
  operation->Finalize();
  operations_.push_back(std::move(operation));
}

void CudnnGraph::Matmul(const Tensor& a, const Tensor& b, const Tensor& out) {
  auto how = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
  how->Set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  how->Finalize();
  parts_.push_back(how);
  auto operation = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
  operation->Set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, *a);
  operation->Set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, *b);
  operation->Set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, *out);
  operation->Set(CUDNN_ATTR_OPERATION_MATMUL_DESC, *how);
  Add(std::move(operation));
}

void CudnnGraph::Pointwise(cudnnPointwiseMode_t mode, const Tensor& a, const Tensor& b,
                           const Tensor& out) {
  auto how = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  how->Set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
  how->Set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  how->Finalize();
  parts_.push_back(how);
  auto operation = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  operation->Set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, *how);
  operation->Set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, *a);
  if (b != nullptr) operation->Set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
  operation->Set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, *out);
  Add(std::move(operation));
}

void CudnnGraph::Reduce(cudnnReduceTensorOp_t over, const Tensor& x, const Tensor& out) {
  auto how = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
  how->Set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, over);
  how->Set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  how->Finalize();
  parts_.push_back(how);
  auto operation = std::make_shared<CudnnDescriptor>(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
  operation->Set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, *x);
  operation->Set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, *out);
  operation->Set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, *how);
  Add(std::move(operation));
}

bool CudnnGraph::Build() {
  std::vector<cudnnBackendDescriptor_t> operations;
  for (const auto& operation : operations_) operations.push_back(operation->raw());
  graph_ = std::make_unique<CudnnDescriptor>(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph_->Set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations);
  graph_->Set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle_);
  graph_->Finalize();

  CudnnDescriptor advice(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  advice.Set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, *graph_);
  advice.Set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A);
  advice.Finalize();
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < kSuggestions; ++i) {
    engines_.push_back(std::make_unique<CudnnDescriptor>(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    raw.push_back(engines_.back()->raw());
  }
  int64_t count = 0;
  CheckCudnn(cudnnBackendGetAttribute(advice.raw(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                      CUDNN_TYPE_BACKEND_DESCRIPTOR, kSuggestions, &count,
                                      raw.data()));
  for (int64_t i = 0; i < count && plan_ == nullptr; ++i) {
    auto plan = std::make_unique<CudnnDescriptor>(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    plan->Set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle_);
    plan->Set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, *engines_[i]);
    if (cudnnBackendFinalize(plan->raw()) == CUDNN_STATUS_SUCCESS) plan_ = std::move(plan);
  }
  if (plan_ == nullptr) return false;
  int64_t bytes = 0, read = 0;
  CheckCudnn(cudnnBackendGetAttribute(plan_->raw(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                      CUDNN_TYPE_INT64, 1, &read, &bytes));
  return bytes == 0 || cudaMalloc(&workspace_, bytes) == cudaSuccess;
}

void CudnnGraph::Run(std::vector<void*> data, const std::vector<int64_t>& names) const {
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.Set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, data);
  pack.Set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, names);
  pack.Set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace_);
  pack.Finalize();
  CheckCudnn(cudnnBackendExecute(handle_, plan_->raw(), pack.raw()));
}

}  // namespace hanga::kernels
