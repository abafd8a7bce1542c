// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/fused_attention.h"

#include <cuda_runtime.h>

#include <array>
#include <map>
#include <stdexcept>
#include <vector>

#include "worker/kernels/cudnn_graph.h"

namespace hanga::kernels {
namespace {

// What a plan depends on; scale and addresses are given anew each time.
using Key = std::array<int64_t, 18>;

Key KeyOf(const FusedAttentionArguments& a) {
  Key key = {static_cast<int64_t>(a.type), a.batch, a.heads, a.queries, a.keys, a.dim};
  size_t next = 6;
  for (const HeadsAt* t : {&a.q, &a.k, &a.v, &a.out}) {
    key[next++] = t->batch_stride, key[next++] = t->head_stride, key[next++] = t->row_stride;
  }
  return key;
}

bool Takes(const FusedAttentionArguments& a) {
  if (a.type == ElementType::kFloat32 || a.dim % 8 != 0 || a.dim > 128) return false;
  for (const HeadsAt* t : {&a.q, &a.k, &a.v, &a.out}) {
    if (reinterpret_cast<uintptr_t>(t->data) % 16 != 0) return false;
    if (t->batch_stride % 8 != 0 || t->head_stride % 8 != 0 || t->row_stride % 8 != 0) return false;
  }
  return true;
}

// q, k, v and out are tensors 1 to 4, the scale is tensor 5. Softmax is spelt out: the library
// knows the pattern.
std::unique_ptr<CudnnGraph> MakeGraph(cudnnHandle_t handle, const FusedAttentionArguments& a) {
  auto graph = std::make_unique<CudnnGraph>(handle);
  const auto type = a.type == ElementType::kFloat16 ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
  const auto heads = [&](const HeadsAt& t, int64_t rows) {
    return graph->Outer(type, {a.batch, a.heads, rows, a.dim},
                        {t.batch_stride, t.head_stride, t.row_stride, 1});
  };
  const auto q = heads(a.q, a.queries);
  const auto k = graph->Outer(type, {a.batch, a.heads, a.dim, a.keys},  // transposed
                              {a.k.batch_stride, a.k.head_stride, 1, a.k.row_stride});
  const auto v = heads(a.v, a.keys), out = heads(a.out, a.queries), scale = graph->Scalar();

  const CudnnShape scores = {a.batch, a.heads, a.queries, a.keys};
  const CudnnShape column = {a.batch, a.heads, a.queries, 1};
  const auto inner = [&](const CudnnShape& shape) { return graph->Inner(CUDNN_DATA_FLOAT, shape); };
  const auto products = inner(scores), scaled = inner(scores), largest = inner(column),
             lowered = inner(scores), powers = inner(scores), sums = inner(column);
  const auto weights = graph->Inner(type, scores);
  graph->Matmul(q, k, products);
  graph->Pointwise(CUDNN_POINTWISE_MUL, products, scale, scaled);
  graph->Reduce(CUDNN_REDUCE_TENSOR_MAX, scaled, largest);
  graph->Pointwise(CUDNN_POINTWISE_SUB, scaled, largest, lowered);
  graph->Pointwise(CUDNN_POINTWISE_EXP, lowered, nullptr, powers);
  graph->Reduce(CUDNN_REDUCE_TENSOR_ADD, powers, sums);
  graph->Pointwise(CUDNN_POINTWISE_DIV, powers, sums, weights);
  graph->Matmul(weights, v, out);
  return graph;
}

}  // namespace

struct FusedAttention::State {
  cudnnHandle_t handle = nullptr;
  std::map<Key, std::unique_ptr<CudnnGraph>> graphs;  // null: the library does not take it

  CudnnGraph* GraphOf(const FusedAttentionArguments& a, CudaStream stream) {
    const Key key = KeyOf(a);
    if (const auto found = graphs.find(key); found != graphs.end()) return found->second.get();
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    if (cudaStreamIsCapturing(stream, &capture) != cudaSuccess ||
        capture != cudaStreamCaptureStatusNone) {
      return nullptr;
    }
    std::unique_ptr<CudnnGraph>& graph = graphs[key];
    try {
      graph = MakeGraph(handle, a);
      if (!graph->Build()) graph.reset();
    } catch (const std::runtime_error&) {
      graph.reset();  // an older library, another GPU: ATen finds a way
    }
    return graph.get();
  }
};

FusedAttention::FusedAttention() : state_(std::make_unique<State>()) {
  CheckCudnn(cudnnCreate(&state_->handle));
}

FusedAttention::~FusedAttention() {
  state_->graphs.clear();
  cudnnDestroy(state_->handle);
}

bool FusedAttention::Run(const FusedAttentionArguments& a, CudaStream stream) {
  if (!Takes(a)) return false;
  CudnnGraph* graph = state_->GraphOf(a, stream);
  if (graph == nullptr) return false;
  CheckCudnn(cudnnSetStream(state_->handle, stream));
  float scale = a.scale;
  graph->Run({a.q.data, a.k.data, a.v.data, a.out.data, &scale}, {1, 2, 3, 4, 5});
  return true;
}

}  // namespace hanga::kernels
