// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stands in for the CUDA side where there is no nvcc. There are no CUDA tensors then, so that
// nothing of it is ever called.

#include <stdexcept>

#include "worker/kernels/channel_bias_cuda.h"
#include "worker/kernels/copy_rows_cuda.h"
#include "worker/kernels/cuda_context.h"
#include "worker/kernels/geglu_cuda.h"
#include "worker/kernels/group_norm_silu_cuda.h"
#include "worker/kernels/layer_norm_modulate_cuda.h"
#include "worker/kernels/qk_norm_rope_cuda.h"
#include "worker/kernels/quantize_rows_cuda.h"

namespace hanga::kernels {
namespace {

[[noreturn]] void Refuse() { throw std::logic_error("this build of Hanga has no CUDA kernels"); }

}  // namespace

struct Matmul::State {};
Matmul::Matmul() { Refuse(); }
Matmul::~Matmul() = default;
bool Matmul::Run(const MatmulArguments&, CudaStream) { Refuse(); }
void Matmul::set_tuning(ProductTuning) { Refuse(); }
std::string Matmul::Choices() const { Refuse(); }
size_t Matmul::revision() const { Refuse(); }
const std::string& Matmul::device() const { Refuse(); }
void Matmul::SetChoices(const std::string&) { Refuse(); }

CudaStream CurrentCudaStream() { Refuse(); }
Matmul& DeviceMatmul() { Refuse(); }
void AddChannelBiasCuda(const ChannelBiasArguments&, CudaStream) { Refuse(); }
void CopyRowsCuda(const CopyRowsArguments&, CudaStream) { Refuse(); }
bool QuantizeRowsTakes(const QuantizeRowsArguments&) { Refuse(); }
void QuantizeRowsCuda(const QuantizeRowsArguments&, CudaStream) { Refuse(); }
void LayerNormModulateCuda(const LayerNormModulateArguments&, CudaStream) { Refuse(); }
bool QkNormRopeTakes(int64_t, int64_t, int64_t) { Refuse(); }
void QkNormRopeInPlaceCuda(const QkNormRopeArguments&, CudaStream) { Refuse(); }
bool AddChannelBiasTakes(ElementType, int64_t) { Refuse(); }
bool GroupNormSiluTakes(ElementType, int64_t, int64_t) { Refuse(); }
void GegluCuda(const GegluArguments&, CudaStream) { Refuse(); }
size_t GroupNormSiluWorkspaceBytes(int64_t, int64_t, int64_t) { Refuse(); }
void GroupNormSiluCuda(const GroupNormSiluArguments&, CudaStream) { Refuse(); }

}  // namespace hanga::kernels
