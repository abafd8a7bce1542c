// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/model_residency.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga {

ModelResidency::ModelResidency(const std::string& device_name, const ResidencyLimits& limits)
    : device_budget_(device_name, limits.device_bytes),
      host_budget_(limits.pinned_host_bytes, limits.host_bytes) {
  for (const DonorLimit& donor : limits.donors) {
    DeviceBudget& budget =
        donor_budgets_.try_emplace(donor.name, donor.name, donor.bytes).first->second;
    donors_.push_back({donor.name, donor.device, &budget});
  }
}

absl::StatusOr<ResidentBlocks::Memory> ModelResidency::MemoryOf(const NetworkPlacement& placed,
                                                                at::Device device) {
  if (placed.donor.empty()) {
    return ResidentBlocks::Memory{device, &device_budget_, &host_budget_, donors_};
  }
  for (const Donor& donor : donors_) {
    if (donor.name == placed.donor) {
      return ResidentBlocks::Memory{donor.device, donor.budget, &host_budget_};
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(placed.name, " is to run on ", placed.donor,
                                                    ", which is not among the model's devices"));
}

absl::StatusOr<std::unique_ptr<ModelResidency>> ModelResidency::Load(
    std::vector<NetworkPlacement> networks, const std::string& device_name, at::Device device,
    const ResidencyLimits& limits) {
  std::unique_ptr<ModelResidency> model(new ModelResidency(device_name, limits));
  for (NetworkPlacement& placed : networks) {
    const absl::StatusOr<ResidentBlocks::Memory> memory = model->MemoryOf(placed, device);
    if (!memory.ok()) return memory.status();
    absl::StatusOr<std::unique_ptr<ResidentBlocks>> weights =
        ResidentBlocks::Load(placed.name, std::move(placed.blocks), std::move(placed.where),
                             std::move(placed.source), placed.storage, *memory);
    if (!weights.ok()) return weights.status();
    if (placed.is_denoiser) model->denoiser_ = weights->get();
    model->networks_[placed.name] = {placed.makes_room_bytes, !placed.donor.empty(),
                                     *std::move(weights)};
  }
  model->host_budget_.ReleaseKept();  // what loading alone needed
  return model;
}

absl::StatusOr<ResidentBlocks*> ModelResidency::Enter(const std::string& name) {
  const auto found = networks_.find(name);
  if (found == networks_.end()) return absl::InternalError(absl::StrCat(name, ": is not placed"));
  Network& network = found->second;
  if (current_ != name) {
    if (!current_.empty()) networks_.at(current_).weights->Close();
    current_ = name;
    if (denoiser_ != nullptr && denoiser_->away_bytes() < network.makes_room_bytes) {
      const absl::Status evicted =
          denoiser_->Evict(network.makes_room_bytes - denoiser_->away_bytes());
      if (!evicted.ok()) return evicted;
    }
  }
  if (absl::Status opened = network.weights->Open(); !opened.ok()) return opened;
  return network.weights.get();
}

absl::StatusOr<uint64_t> ModelResidency::Evict(uint64_t bytes) {
  const uint64_t before = device_budget_.used_bytes();
  if (!current_.empty()) networks_.at(current_).weights->Close();
  current_.clear();
  for (const bool denoiser : {false, true}) {
    for (auto& [name, network] : networks_) {
      const uint64_t given = before - device_budget_.used_bytes();
      if (given >= bytes) return given;
      if ((network.weights.get() == denoiser_) != denoiser || network.on_donor) continue;
      if (absl::Status moved = network.weights->Evict(bytes - given); !moved.ok()) return moved;
    }
  }
  return before - device_budget_.used_bytes();
}

std::map<std::string, uint64_t> ModelResidency::donor_bytes() const {
  std::map<std::string, uint64_t> bytes;
  for (const auto& [name, budget] : donor_budgets_) bytes[name] = budget.used_bytes();
  return bytes;
}

ResidencyCounters ModelResidency::counters() const {
  ResidencyCounters sum;
  for (const auto& [name, network] : networks_) sum += network.weights->counters();
  return sum;
}

}  // namespace hanga
