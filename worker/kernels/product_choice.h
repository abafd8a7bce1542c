// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which of the proposed algorithms a product is run by: measured on its own operands.
#pragma once

#include <vector>

#include "worker/kernels/product_plan.h"

namespace hanga::kernels {

// The fastest of `proposals` whose result equals the first one's bit for bit; the first where there
// is no memory to compare in. Not empty. Writes `out` of the arguments, synchronizes the stream.
//
// kQuick times a few runs, at the clock of an idle device. kSustained then holds the best of them
// under load for a tenth of a second each: where the card's power sets the pace, the algorithm that
// takes the least energy wins, and that need not be the one that wins a sprint.
cublasLtMatmulAlgo_t ChooseAlgorithm(const ProductLibrary& library, const ProductPlan& plan,
                                     const std::vector<cublasLtMatmulAlgo_t>& proposals,
                                     const MatmulArguments& arguments, ProductTuning tuning,
                                     CudaStream stream);

}  // namespace hanga::kernels
