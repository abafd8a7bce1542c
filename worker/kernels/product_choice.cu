// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "worker/kernels/product_choice.h"

namespace hanga::kernels {
namespace {

constexpr int kTimedRuns = 5;

// Of sustained tuning: who is held under load, and how long.
constexpr size_t kFinalists = 6;
constexpr float kFinalistSlack = 1.08f;      // times the quickest
constexpr float kLeastMilliseconds = 0.05f;  // shorter products do not bring a card to its limit
constexpr float kWarmUpMilliseconds = 200, kRoundMilliseconds = 100;
constexpr float kSettlingShare = 0.3f;  // of a round, until the clock has followed the power
constexpr int kRounds = 2;

// An algorithm is changed only for a difference that is more than noise.
constexpr float kWorthwhile = 0.99f, kWorthwhileSustained = 0.997f;

__global__ void CountDifferences(const uint16_t* a, const uint16_t* b, int64_t rows, int64_t width,
                                 int64_t a_stride, unsigned* differences) {
  const int64_t row = blockIdx.y;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < width;
       i += int64_t{gridDim.x} * blockDim.x) {
    if (a[row * a_stride + i] != b[row * width + i]) atomicAdd(differences, 1u);
  }
}

// One product's algorithms on the device.
class Trial {
 public:
  Trial(const ProductLibrary& library, const ProductPlan& plan, const MatmulArguments& a,
        CudaStream stream)
      : library_(library), plan_(plan), a_(a), stream_(stream) {
    CheckProduct(cudaEventCreate(&begin_));
    CheckProduct(cudaEventCreate(&end_));
  }
  ~Trial() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
    if (reference_ != nullptr) cudaFreeAsync(reference_, stream_);
  }

  // Runs it and keeps the result to compare with. False: no memory for that.
  bool KeepReference(const cublasLtMatmulAlgo_t& algorithm) {
    const size_t row_bytes = a_.n * ElementBytes(a_.type);
    if (cudaMallocAsync(&reference_, a_.m * row_bytes + 16, stream_) != cudaSuccess) {
      cudaGetLastError();
      return false;
    }
    counter_ = reinterpret_cast<unsigned*>(reference_ + (a_.m * row_bytes + 3) / 4 * 4);
    CheckProduct(library_.Launch(plan_, algorithm, a_, stream_));
    CheckProduct(cudaMemcpy2DAsync(reference_, row_bytes, a_.out,
                                   a_.out_stride * ElementBytes(a_.type), row_bytes, a_.m,
                                   cudaMemcpyDeviceToDevice, stream_));
    return true;
  }

  // Whether it runs, and its result holds the reference's bits.
  bool GivesReference(const cublasLtMatmulAlgo_t& algorithm) {
    if (library_.Launch(plan_, algorithm, a_, stream_) != CUBLAS_STATUS_SUCCESS) return false;
    const int64_t halves = ElementBytes(a_.type) / 2;
    CheckProduct(cudaMemsetAsync(counter_, 0, sizeof *counter_, stream_));
    for (int64_t row = 0; row < a_.m; row += 65535) {
      const int64_t rows = std::min<int64_t>(65535, a_.m - row);
      CountDifferences<<<dim3(8, static_cast<unsigned>(rows)), 256, 0, stream_>>>(
          static_cast<const uint16_t*>(a_.out) + row * a_.out_stride * halves,
          reinterpret_cast<const uint16_t*>(reference_) + row * a_.n * halves, rows, a_.n * halves,
          a_.out_stride * halves, counter_);
    }
    unsigned differences = 0;
    CheckProduct(cudaMemcpyAsync(&differences, counter_, sizeof differences, cudaMemcpyDeviceToHost,
                                 stream_));
    CheckProduct(cudaStreamSynchronize(stream_));
    return differences == 0;
  }

  // Milliseconds of the best of a few runs.
  float Sprint(const cublasLtMatmulAlgo_t& algorithm) {
    float best = 1e30f;
    for (int run = 0; run < kTimedRuns; ++run) best = std::min(best, TimeOf(algorithm, 1));
    return best;
  }

  // Milliseconds of one run among many, once the clock has settled.
  float Sustained(const cublasLtMatmulAlgo_t& algorithm, float sprint) {
    const auto runs = [&](float milliseconds) {
      return std::max(1, static_cast<int>(std::lround(milliseconds / sprint)));
    };
    Repeat(algorithm, runs(kSettlingShare * kRoundMilliseconds));
    const int timed = runs((1 - kSettlingShare) * kRoundMilliseconds);
    return TimeOf(algorithm, timed) / timed;
  }
  void WarmUp(const cublasLtMatmulAlgo_t& algorithm, float sprint) {
    Repeat(algorithm, static_cast<int>(kWarmUpMilliseconds / sprint));
  }

 private:
  void Repeat(const cublasLtMatmulAlgo_t& algorithm, int runs) {
    for (int run = 0; run < runs; ++run) {
      CheckProduct(library_.Launch(plan_, algorithm, a_, stream_));
    }
  }
  float TimeOf(const cublasLtMatmulAlgo_t& algorithm, int runs) {
    CheckProduct(cudaEventRecord(begin_, stream_));
    Repeat(algorithm, runs);
    CheckProduct(cudaEventRecord(end_, stream_));
    CheckProduct(cudaEventSynchronize(end_));
    float milliseconds = 0;
    CheckProduct(cudaEventElapsedTime(&milliseconds, begin_, end_));
    return milliseconds;
  }

  const ProductLibrary& library_;
  const ProductPlan& plan_;
  const MatmulArguments& a_;
  const CudaStream stream_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
  char* reference_ = nullptr;
  unsigned* counter_ = nullptr;
};

struct Runner {
  cublasLtMatmulAlgo_t algorithm;
  float sprint, sustained;
};

// The runners that are worth a longer look, the quickest first; `runners` has that order.
void KeepFinalists(std::vector<Runner>* runners) {
  const float limit = kFinalistSlack * runners->front().sprint;
  const auto slow = std::find_if(runners->begin(), runners->end(),
                                 [&](const Runner& r) { return r.sprint > limit; });
  runners->erase(slow, runners->end());
  if (runners->size() > kFinalists) runners->resize(kFinalists);
}

// Each one's turns lie evenly around the middle, so that a card that grows warmer favours none.
void HoldUnderLoad(Trial* trial, std::vector<Runner>* runners) {
  trial->WarmUp(runners->front().algorithm, runners->front().sprint);
  for (int round = 0; round < kRounds; ++round) {
    for (Runner& r : *runners) r.sustained += trial->Sustained(r.algorithm, r.sprint);
    std::reverse(runners->begin(), runners->end());
  }
}

}  // namespace

cublasLtMatmulAlgo_t ChooseAlgorithm(const ProductLibrary& library, const ProductPlan& plan,
                                     const std::vector<cublasLtMatmulAlgo_t>& proposals,
                                     const MatmulArguments& a, ProductTuning tuning,
                                     CudaStream stream) {
  Trial trial(library, plan, a, stream);
  const cublasLtMatmulAlgo_t& first = proposals.front();
  if (!trial.KeepReference(first)) return first;
  std::vector<Runner> runners = {{first, kWorthwhile * trial.Sprint(first), 0}};
  for (size_t i = 1; i < proposals.size(); ++i) {
    if (!trial.GivesReference(proposals[i])) continue;
    runners.push_back({proposals[i], trial.Sprint(proposals[i]), 0});
  }
  std::stable_sort(runners.begin(), runners.end(),
                   [](const Runner& a, const Runner& b) { return a.sprint < b.sprint; });
  if (tuning == ProductTuning::kQuick || runners.front().sprint < kLeastMilliseconds) {
    return runners.front().algorithm;
  }
  KeepFinalists(&runners);
  HoldUnderLoad(&trial, &runners);
  runners.front().sustained *= kWorthwhileSustained;
  return std::min_element(
             runners.begin(), runners.end(),
             [](const Runner& a, const Runner& b) { return a.sustained < b.sustained; })
      ->algorithm;
}

}  // namespace hanga::kernels
