// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Copies within host memory, made at once: what is queued is done.
#include <ATen/ATen.h>

#include <chrono>
#include <cstring>

#include "worker/residency/copy_engine.h"

namespace hanga {
namespace {

class HostCopyEngine final : public CopyEngine {
 public:
  void Bring(size_t, const at::Tensor& to, const KeptSlab& from) override {
    const auto begin = std::chrono::steady_clock::now();
    auto* slab = static_cast<std::byte*>(to.mutable_data_ptr());
    for (const KeptSlab::Piece& piece : from.pieces) {
      std::memcpy(slab + piece.offset, piece.from, piece.bytes);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    counters_[from.source > 0] += {from.bytes(), took.count()};
  }
  void AwaitOnDevice(size_t) override {}
  void Used(size_t) override {}
  void Finish() override {}
  CopyCounters counters(bool from_donors) const override { return counters_[from_donors]; }

 private:
  CopyCounters counters_[2];  // from the host, from donors
};

}  // namespace

uint64_t KeptSlab::bytes() const {
  uint64_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.bytes;
  return sum;
}

std::unique_ptr<CopyEngine> MakeHostCopyEngine() { return std::make_unique<HostCopyEngine>(); }

}  // namespace hanga
