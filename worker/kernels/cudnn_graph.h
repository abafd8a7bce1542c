// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What is used of cuDNN's graph interface: tensors, operations on them, and a plan that runs the
// whole of it as one kernel.
#pragma once

#include <cudnn_graph.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace hanga::kernels {

// Throws std::runtime_error with the library's own words.
void CheckCudnn(cudnnStatus_t status);

class CudnnDescriptor {
 public:
  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type) {
    CheckCudnn(cudnnBackendCreateDescriptor(type, &raw_));
  }
  ~CudnnDescriptor() { cudnnBackendDestroyDescriptor(raw_); }
  CudnnDescriptor(const CudnnDescriptor&) = delete;
  CudnnDescriptor& operator=(const CudnnDescriptor&) = delete;

  template <typename T>
  void Set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const T& value) {
    CheckCudnn(cudnnBackendSetAttribute(raw_, name, type, 1, &value));
  }
  template <typename T>
  void Set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
           const std::vector<T>& values) {
    CheckCudnn(cudnnBackendSetAttribute(raw_, name, type, static_cast<int64_t>(values.size()),
                                        values.data()));
  }
  void Set(cudnnBackendAttributeName_t name, const CudnnDescriptor& other) {
    Set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, other.raw_);
  }
  void Finalize() { CheckCudnn(cudnnBackendFinalize(raw_)); }
  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  cudnnBackendDescriptor_t raw_ = nullptr;
};

using CudnnShape = std::array<int64_t, 4>;

// Tensors by the order in which they are made, 1, 2, 3 …, which are their names in Run. Not
// thread-safe.
class CudnnGraph {
 public:
  using Tensor = std::shared_ptr<CudnnDescriptor>;

  explicit CudnnGraph(cudnnHandle_t handle) : handle_(handle) {}
  ~CudnnGraph();

  // In device memory, aligned to 16 bytes.
  Tensor Outer(cudnnDataType_t type, const CudnnShape& shape, const CudnnShape& strides);
  // One float32 that is given by its host address.
  Tensor Scalar();
  // Within the kernel: [b, h, rows, columns].
  Tensor Inner(cudnnDataType_t type, const CudnnShape& shape);

  // Sums and functions are computed in float32.
  void Matmul(const Tensor& a, const Tensor& b, const Tensor& out);
  void Pointwise(cudnnPointwiseMode_t mode, const Tensor& a, const Tensor& b, const Tensor& out);
  void Reduce(cudnnReduceTensorOp_t over, const Tensor& x, const Tensor& out);

  // Plans it by the library's first usable suggestion. False: it has none.
  bool Build();
  // `data` has the address of every outer tensor and scalar, in order; `names` theirs.
  void Run(std::vector<void*> data, const std::vector<int64_t>& names) const;

 private:
  void Add(std::shared_ptr<CudnnDescriptor> operation);
  Tensor MakeTensor(cudnnDataType_t type, const CudnnShape& shape, const CudnnShape& strides,
                    bool is_inner, bool by_value);

  const cudnnHandle_t handle_;
  int64_t tensors_ = 0;
  std::vector<std::shared_ptr<CudnnDescriptor>> parts_;  // kept for the operations
  std::vector<std::shared_ptr<CudnnDescriptor>> operations_;
  std::unique_ptr<CudnnDescriptor> graph_, plan_;
  std::vector<std::unique_ptr<CudnnDescriptor>> engines_;
  void* workspace_ = nullptr;
};

}  // namespace hanga::kernels
