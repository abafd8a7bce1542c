// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The weights of one network while it runs: some of its blocks stay on the device, the others come
// through a ring of slots for each pass. Weights are read-only, so nothing is ever copied back.
//
//   kept slabs  ─ copy ─▶  slot 0, 1, … of the ring  ─ views ─▶  the block that runs
//                 waits for the slot's last block        waits for its copy
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/layers/block_list.h"
#include "worker/residency/copy_engine.h"
#include "worker/residency/device_budget.h"
#include "worker/residency/file_upload.h"
#include "worker/residency/host_memory.h"
#include "worker/residency/slab_layout.h"
#include "worker/residency/weight_source.h"

namespace hanga {

// Where a block's weights are between its runs.
enum class Tier {
  kDevice,
  kPinned,    // page-locked host memory; pageable where the system or the limit refuses
  kPageable,  // host memory; the file where the limit refuses
  kFile,      // the mapped weight file; pageable where its bytes are not what a device needs
  kDonor,     // memory of another device; nothing else will do
};

struct BlockTiers {
  std::vector<Tier> tiers;  // by block
  int ring_slots = 0;       // of the largest streamed block each; at least 1 where one is streamed
  // Whether a pass is followed by another, so that copies run ahead across its end.
  bool repeats = true;
  std::vector<std::string> donors = {};  // by block, of those in kDonor; empty where none is
};

// Another device of the kind that computes, whose memory holds blocks for it.
struct Donor {
  std::string name;  // "cuda:1"
  at::Device device = at::kCPU;
  DeviceBudget* budget = nullptr;
};

// What the weights cost so far; all bytes are of weights with their alignment.
struct ResidencyCounters {
  uint64_t streamed_bytes = 0;                  // through the ring
  std::map<std::string, uint64_t> donor_bytes;  // of these, by donor
  uint64_t file_bytes = 0;                      // of these, read from weight files
  uint64_t restored_bytes = 0;                  // of blocks that had been evicted
  uint64_t evicted_bytes = 0;  // copied to the host to be evicted; 0 where a copy was there
  double evict_seconds = 0;    // that those copies took
  // To the device and over, of what was streamed and restored: from the host, and from donors.
  CopyCounters copied, lent;

  ResidencyCounters& operator+=(const ResidencyCounters& other);
};

// The block list outlives it. Not thread-safe: owned by the thread that owns the device's compute.
class ResidentBlocks {
 public:
  struct Memory {
    at::Device device = at::kCPU;
    DeviceBudget* device_budget = nullptr;
    HostBudget* host_budget = nullptr;
    std::vector<Donor> donors = {};  // budgets outlive the blocks
  };

  // Reserves, then reads every weight from `source`, which is kept for blocks of the file.
  // RESOURCE_EXHAUSTED: a budget or the machine has no room. FAILED_PRECONDITION: a donor is not
  // there or of another kind. Nothing stays allocated then.
  static absl::StatusOr<std::unique_ptr<ResidentBlocks>> Load(
      std::string name, std::vector<BlockWeights*> blocks, BlockTiers where,
      std::shared_ptr<const WeightSource> source, WeightStorage storage, Memory memory);

  ~ResidentBlocks();

  // Before passes: takes the ring's memory, fewer slots of it where the budget has no more, and
  // brings back what was evicted. Cheap when open.
  absl::Status Open();
  // After passes: gives the ring's memory back. Waits for the device.
  void Close();

  // Around each block of a pass, in order from 0. Throw as ATen does. A pass that was broken off is
  // begun again with block 0.
  void Acquire(size_t block);
  void Release(size_t block);

  // Moves blocks that stay on the device to the host, the last ones first, until `bytes` are free
  // or none is left. Waits for the device. RESOURCE_EXHAUSTED: the host has no room for one.
  absl::Status Evict(uint64_t bytes);

  // Frees the host copies of blocks that are on the device, which are kept so that leaving again
  // costs nothing. False: there are none. Done also when the host has no room for another block.
  bool DropHostCopies();

  at::Device device() const { return memory_.device; }
  uint64_t device_bytes() const;  // now, with the ring
  uint64_t away_bytes() const;    // of blocks that stay when there is room, and are evicted
  uint64_t streamed_bytes_per_pass() const { return streamed_bytes_per_pass_; }
  bool all_resident() const { return streamed_.empty() && evicted_ == 0; }
  ResidencyCounters counters() const;
  // Blocks by the tier that they got, which may be another than was asked for.
  Tier tier(size_t block) const { return where_.tiers[block]; }

 private:
  struct Entry {
    BlockWeights* block;
    SlabLayout layout;
    std::unique_ptr<KeptSlab> kept;  // where it is streamed from, or evicted to
    Reservation lent;                // of a donor's memory, where it is kept there
    at::Tensor slab;                 // on the device, while it is there
    Reservation reservation;
    std::vector<at::Tensor> views;
    bool arriving = false;                            // a copy of it is under way
    size_t ordinal = 0;                               // among the streamed ones
    std::vector<std::vector<at::Tensor>> slot_views;  // by slot, made when first used
  };

  ResidentBlocks(std::string name, BlockTiers where, std::shared_ptr<const WeightSource> source,
                 WeightStorage storage, Memory memory);

  absl::Status LoadToDevice(Entry& entry);
  absl::Status LoadToHost(size_t block);
  absl::Status LoadToDonor(size_t block);
  absl::Status MakeHostSlab(Entry& entry, Tier* tier);
  std::unique_ptr<KeptSlab> FileSlab(const Entry& entry) const;
  absl::Status Fill(const Entry& entry, const at::Tensor& slab);
  bool AddUpload(const Slot& slot, const at::Tensor& to, FileUpload* upload) const;
  FileUpload* UploadTo(at::Device device);  // null: there is none
  absl::Status CheckDonors() const;
  size_t DonorOf(size_t block) const;  // in memory_.donors; their number: none
  absl::Status TakeDevice(Entry& entry);
  absl::Status Restore(size_t block);
  uint64_t PassEnd() const;  // streamed blocks until the end of the pass that runs
  void BringUpTo(uint64_t count, uint64_t pass_end);
  void Count(const Entry& streamed);
  void Rewind();

  absl::Status OpenRing();
  size_t slots() const { return ring_.size(); }
  size_t TargetOf(size_t block) const { return where_.ring_slots + block; }  // that stays
  bool IsStreamed(size_t block) const { return where_.tiers[block] != Tier::kDevice; }

  const std::string name_;
  BlockTiers where_;
  const std::shared_ptr<const WeightSource> source_;
  const WeightStorage storage_;
  const Memory memory_;

  std::vector<Entry> entries_;
  std::vector<size_t> streamed_;  // blocks that are, in order
  uint64_t slot_bytes_ = 0, streamed_bytes_per_pass_ = 0;
  size_t evicted_ = 0;  // blocks that stay when there is room, and are away

  bool open_ = false;
  Reservation ring_reservation_;
  std::vector<at::Tensor> ring_;
  // Streamed blocks counted over all passes since the ring was opened: number q uses slot
  // q modulo slots().
  uint64_t brought_ = 0, used_ = 0;

  ResidencyCounters counters_;
  std::map<int, std::unique_ptr<FileUpload>> uploads_;  // while loading to GPUs, by their index
  std::unique_ptr<CopyEngine> engine_;                  // targets: the slots, then the blocks
};

}  // namespace hanga
