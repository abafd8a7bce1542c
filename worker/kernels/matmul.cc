// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <map>
#include <sstream>

#include "worker/kernels/matmul_cuda.h"
#include "worker/kernels/product_choice.h"
#include "worker/kernels/product_plan.h"

namespace hanga::kernels {
namespace {

int ProposalsFor(ProductTuning tuning) { return tuning == ProductTuning::kQuick ? 8 : 32; }

std::string Hex(const void* bytes, size_t size) {
  std::string text;
  char digits[3];
  for (size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<const unsigned char*>(bytes)[i]);
    text += digits;
  }
  return text;
}

bool FromHex(const std::string& text, void* bytes, size_t size) {
  if (text.size() != 2 * size) return false;
  for (size_t i = 0; i < size; ++i) {
    unsigned value = 0;
    if (std::sscanf(text.c_str() + 2 * i, "%2x", &value) != 1) return false;
    static_cast<unsigned char*>(bytes)[i] = static_cast<unsigned char>(value);
  }
  return true;
}

}  // namespace

struct Matmul::State {
  ProductLibrary library;
  ProductTuning tuning = ProductTuning::kQuick;
  std::map<ProductKey, std::unique_ptr<ProductPlan>> plans;
  std::map<ProductKey, cublasLtMatmulAlgo_t> choices;
  size_t revision = 0;

  void Keep(const ProductKey& key, const cublasLtMatmulAlgo_t& algorithm) {
    choices[key] = algorithm;
    ++revision;
  }

  ProductPlan& PlanOf(const MatmulArguments& a, CudaStream stream) {
    const ProductKey key = KeyOf(a);
    std::unique_ptr<ProductPlan>& plan = plans[key];
    if (plan) return *plan;
    plan = std::make_unique<ProductPlan>(a);
    const auto known = choices.find(key);
    if (tuning == ProductTuning::kQuick && known != choices.end() &&
        library.CanRun(*plan, known->second)) {
      plan->usable = true;
      plan->algorithm = known->second;
      return *plan;
    }
    const auto proposals = library.Propose(*plan, ProposalsFor(tuning));
    plan->usable = !proposals.empty();
    if (!plan->usable) return *plan;
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    CheckProduct(cudaStreamIsCapturing(stream, &capture));
    if (capture != cudaStreamCaptureStatusNone) {
      plan->algorithm = proposals.front();
      return *plan;
    }
    plan->algorithm = ChooseAlgorithm(library, *plan, proposals, a, tuning, stream);
    Keep(key, plan->algorithm);
    return *plan;
  }
};

Matmul::Matmul() : state_(std::make_unique<State>()) {}
Matmul::~Matmul() = default;

bool Matmul::Run(const MatmulArguments& a, CudaStream stream) {
  if (a.m == 0 || a.n == 0) return true;
  ProductPlan& plan = state_->PlanOf(a, stream);
  if (!plan.usable) return false;
  plan.SetPointers(a);
  CheckProduct(state_->library.Launch(plan, plan.algorithm, a, stream));
  return true;
}

void Matmul::set_tuning(ProductTuning tuning) {
  state_->tuning = tuning;
  if (tuning == ProductTuning::kSustained) state_->plans.clear();
}

size_t Matmul::revision() const { return state_->revision; }

const std::string& Matmul::device() const { return state_->library.device(); }

std::string Matmul::Choices() const {
  std::ostringstream lines;
  for (const auto& [key, algorithm] : state_->choices) {
    lines << device();
    for (const int64_t part : key) lines << ' ' << part;
    lines << ' ' << Hex(&algorithm, sizeof algorithm) << '\n';
  }
  return lines.str();
}

void Matmul::SetChoices(const std::string& lines) {
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name, hex;
    ProductKey key;
    cublasLtMatmulAlgo_t algorithm;
    if (!(words >> name) || name != device()) continue;
    for (int64_t& part : key) words >> part;
    if (words >> hex && FromHex(hex, &algorithm, sizeof algorithm)) state_->Keep(key, algorithm);
  }
}

}  // namespace hanga::kernels
