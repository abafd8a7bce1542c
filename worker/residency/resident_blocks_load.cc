// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How weights come into memory: reserved, then read.
#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/kernels/quantize_rows.h"
#include "worker/residency/resident_blocks.h"

namespace hanga {
namespace {

bool IsRowMajor(const SlabLayout::Part& part) {
  int64_t stride = 1;
  for (size_t i = part.shape.size(); i-- > 0;) {
    if (part.shape[i] != 1 && part.strides[i] != stride) return false;
    stride *= part.shape[i];
  }
  return true;
}

at::Tensor SlabOf(const HostMemory& memory) {
  return at::from_blob(memory.data(), {static_cast<int64_t>(memory.bytes())}, at::kByte);
}

absl::StatusOr<at::Tensor> NewSlab(at::Device device, const std::string& device_name,
                                   uint64_t bytes, const std::string& network) {
  try {
    return at::empty({static_cast<int64_t>(bytes)}, at::device(device).dtype(at::kByte));
  } catch (const c10::OutOfMemoryError&) {
  } catch (const std::bad_alloc&) {
  }
  return absl::ResourceExhaustedError(absl::StrCat("out of memory on ", device_name, " loading ",
                                                   network, ", which needs ", bytes >> 20,
                                                   " MiB more there"));
}

// What was written by the device's kernels can be read by another's copies.
void AwaitWrites(at::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.synchronizeStream(guard.getStream(device));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ResidentBlocks>> ResidentBlocks::Load(
    std::string name, std::vector<BlockWeights*> blocks, BlockTiers where,
    std::shared_ptr<const WeightSource> source, WeightStorage storage, Memory memory) {
  if (where.tiers.size() != blocks.size()) {
    return absl::InternalError(
        absl::StrCat(name, ": a placement of ", where.tiers.size(), " blocks for ", blocks.size()));
  }
  const c10::InferenceMode inference;
  std::unique_ptr<ResidentBlocks> made(
      new ResidentBlocks(std::move(name), std::move(where), std::move(source), storage, memory));
  ResidentBlocks& r = *made;
  if (absl::Status known = r.CheckDonors(); !known.ok()) return known;
  bool staged = false;
  for (size_t i = 0; i < blocks.size(); ++i) {
    Entry& entry = r.entries_.emplace_back();
    entry.block = blocks[i];
    entry.layout = LayOut(*blocks[i], storage);
    if (entry.layout.bytes == 0) r.where_.tiers[i] = Tier::kDevice;
    if (!r.IsStreamed(i)) continue;
    r.streamed_.push_back(i);
    r.slot_bytes_ = std::max(r.slot_bytes_, DeviceBytes(entry.layout.bytes));
    staged = staged || (r.where_.tiers[i] != Tier::kPinned && r.where_.tiers[i] != Tier::kDonor);
  }
  r.where_.ring_slots = r.streamed_.empty() ? 0 : std::max(1, r.where_.ring_slots);
  r.engine_ = MakeCopyEngine(
      memory.device, r.where_.ring_slots + blocks.size(), memory.donors.size(),
      staged && memory.device.is_cuda() ? memory.host_budget->AllocatePinned(kStagingBytes)
                                        : nullptr);
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (r.entries_[i].layout.bytes == 0) continue;
    const absl::Status loaded = r.where_.tiers[i] == Tier::kDonor ? r.LoadToDonor(i)
                                : r.IsStreamed(i)                 ? r.LoadToHost(i)
                                                                  : r.LoadToDevice(r.entries_[i]);
    if (!loaded.ok()) return loaded;
  }
  for (auto& [device, upload] : r.uploads_) {
    if (upload != nullptr) upload->Finish();
  }
  r.uploads_.clear();
  for (const Donor& donor : memory.donors) AwaitWrites(donor.device);
  for (const size_t i : r.streamed_) r.streamed_bytes_per_pass_ += r.entries_[i].kept->bytes();
  return made;
}

absl::Status ResidentBlocks::CheckDonors() const {
  for (const Donor& donor : memory_.donors) {
    if (donor.device.type() != memory_.device.type()) {
      return absl::FailedPreconditionError(
          absl::StrCat(name_, ": ", donor.name, " cannot lend memory to ", memory_.device.str(),
                       ", a device of another kind"));
    }
  }
  for (size_t i = 0; i < where_.tiers.size(); ++i) {
    if (where_.tiers[i] == Tier::kDonor && DonorOf(i) == memory_.donors.size()) {
      return absl::FailedPreconditionError(absl::StrCat(
          name_, ": block ", i, " is to be kept on ",
          i < where_.donors.size() ? where_.donors[i] : "no device", ", which lends no memory"));
    }
  }
  return absl::OkStatus();
}

size_t ResidentBlocks::DonorOf(size_t block) const {
  size_t donor = 0;
  if (block >= where_.donors.size()) return memory_.donors.size();
  while (donor < memory_.donors.size() && memory_.donors[donor].name != where_.donors[block]) {
    ++donor;
  }
  return donor;
}

absl::Status ResidentBlocks::TakeDevice(Entry& entry) {
  const uint64_t bytes = DeviceBytes(entry.layout.bytes);
  absl::StatusOr<Reservation> reserved =
      memory_.device_budget->Reserve(bytes, absl::StrCat(name_, ", ", entry.block->name));
  if (!reserved.ok()) return reserved.status();
  absl::StatusOr<at::Tensor> slab = NewSlab(memory_.device, memory_.device.str(), bytes, name_);
  if (!slab.ok()) return slab.status();
  entry.slab = *std::move(slab);
  entry.reservation = *std::move(reserved);
  entry.views = ViewsOf(entry.layout, entry.slab);
  return absl::OkStatus();
}

absl::Status ResidentBlocks::LoadToDonor(size_t block) {
  Entry& entry = entries_[block];
  const size_t index = DonorOf(block);
  const Donor& donor = memory_.donors[index];
  const uint64_t bytes = DeviceBytes(entry.layout.bytes);
  absl::StatusOr<Reservation> reserved =
      donor.budget->Reserve(bytes, absl::StrCat(name_, ", ", entry.block->name));
  if (!reserved.ok()) return reserved.status();
  absl::StatusOr<at::Tensor> slab = NewSlab(donor.device, donor.name, bytes, name_);
  if (!slab.ok()) return slab.status();
  entry.lent = *std::move(reserved);
  entry.kept = std::make_unique<KeptSlab>();
  entry.kept->lent = *std::move(slab);
  entry.kept->source = index + 1;
  entry.kept->pieces = {
      {static_cast<const std::byte*>(entry.kept->lent.const_data_ptr()), 0, entry.layout.bytes}};
  return Fill(entry, entry.kept->lent);
}

absl::Status ResidentBlocks::LoadToDevice(Entry& entry) {
  if (absl::Status taken = TakeDevice(entry); !taken.ok()) return taken;
  if (absl::Status filled = Fill(entry, entry.slab); !filled.ok()) return filled;
  Bind(*entry.block, entry.views);
  return absl::OkStatus();
}

absl::Status ResidentBlocks::LoadToHost(size_t block) {
  Entry& entry = entries_[block];
  if (absl::Status made = MakeHostSlab(entry, &where_.tiers[block]); !made.ok()) return made;
  if (entry.kept->memory == nullptr) return absl::OkStatus();
  return Fill(entry, SlabOf(*entry.kept->memory));
}

// The best of what is asked for and what there is room for; of a file, already filled.
absl::Status ResidentBlocks::MakeHostSlab(Entry& entry, Tier* tier) {
  const uint64_t bytes = entry.layout.bytes;
  if (*tier == Tier::kFile) entry.kept = FileSlab(entry);
  if (entry.kept != nullptr) return absl::OkStatus();
  auto slab = std::make_unique<KeptSlab>();
  if (*tier == Tier::kPinned) slab->memory = memory_.host_budget->AllocatePinned(bytes);
  slab->pinned = slab->memory != nullptr;
  if (!slab->pinned) slab->memory = memory_.host_budget->AllocatePageable(bytes);
  if (slab->memory == nullptr && DropHostCopies()) {
    slab->memory = memory_.host_budget->AllocatePageable(bytes);
  }
  *tier = slab->pinned ? Tier::kPinned : Tier::kPageable;
  if (slab->memory != nullptr) {
    slab->pieces = {{slab->memory->data(), 0, bytes}};
    entry.kept = std::move(slab);
    return absl::OkStatus();
  }
  *tier = Tier::kFile;
  entry.kept = FileSlab(entry);
  if (entry.kept != nullptr) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      name_, ", ", entry.block->name, " needs ", bytes >> 20,
      " MiB of host memory, which host_limit does not leave, and cannot be streamed from its file, "
      "whose weights have another type or order"));
}

bool ResidentBlocks::DropHostCopies() {
  bool dropped = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (IsStreamed(i) || !entry.slab.defined() || entry.kept == nullptr) continue;
    if (!dropped) engine_->Finish();  // copies from them may be under way
    entry.kept.reset();
    dropped = true;
  }
  if (dropped) memory_.host_budget->ReleaseKept();
  return dropped;
}

std::unique_ptr<KeptSlab> ResidentBlocks::FileSlab(const Entry& entry) const {
  auto slab = std::make_unique<KeptSlab>();
  for (size_t i = 0; i < entry.block->slots.size(); ++i) {
    const SlabLayout::Part& part = entry.layout.parts[i];
    if (!IsRowMajor(part) || part.type == at::kFloat8_e4m3fn) return nullptr;
    const auto stored = source_->StoredBytes(entry.block->slots[i], part.type);
    if (!stored) return nullptr;
    uint64_t offset = part.offset;
    for (const TensorPiece& piece : *stored) {
      if (piece.bytes.empty()) continue;
      slab->pieces.push_back({piece.bytes.data(), offset, piece.bytes.size()});
      slab->owners.push_back(piece.owner);
      offset += piece.bytes.size();
    }
  }
  return slab;
}

FileUpload* ResidentBlocks::UploadTo(at::Device device) {
  if (!device.is_cuda()) return nullptr;
  const auto [at, made] = uploads_.try_emplace(device.index());
  if (made) at->second = FileUpload::Make(device, memory_.host_budget);
  return at->second.get();
}

absl::Status ResidentBlocks::Fill(const Entry& entry, const at::Tensor& slab) {
  const c10::DeviceGuard guard(slab.device());
  FileUpload* const upload = UploadTo(slab.device());
  const std::vector<Slot>& slots = entry.block->slots;
  const std::vector<at::Tensor> views = ViewsOf(entry.layout, slab);
  struct Rounding {
    at::Tensor from, values, scales;
  };
  std::vector<Rounding> roundings;  // of weights that are kept in 8 bits
  size_t scales = slots.size();
  for (size_t i = 0; i < slots.size(); ++i) {
    at::Tensor to = views[i];
    if (to.scalar_type() == at::kFloat8_e4m3fn) {
      to = at::empty(slots[i].shape, slab.options().dtype(storage_.type));
      roundings.push_back({to, views[i], views[scales++]});
    }
    if (AddUpload(slots[i], to, upload)) continue;
    if (absl::Status read = source_->Read(slots[i], to); !read.ok()) return read;
  }
  if (!roundings.empty() && upload != nullptr) upload->Finish();
  for (const Rounding& r : roundings) kernels::QuantizeMatrix(r.from, r.values, r.scales);
  return absl::OkStatus();
}

// False where the weight's bytes in its file are not what the device needs.
bool ResidentBlocks::AddUpload(const Slot& slot, const at::Tensor& to, FileUpload* upload) const {
  if (upload == nullptr || !to.is_contiguous()) return false;
  const auto stored = source_->StoredBytes(slot, to.scalar_type());
  if (!stored) return false;
  auto* next = static_cast<std::byte*>(to.mutable_data_ptr());
  for (const TensorPiece& piece : *stored) {
    upload->Add(piece, next);
    next += piece.bytes.size();
  }
  return true;
}

}  // namespace hanga
