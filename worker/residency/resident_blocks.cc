// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A pass: what is brought, bound and given back, in which order.
#include "worker/residency/resident_blocks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga {

ResidentBlocks::ResidentBlocks(std::string name, BlockTiers where,
                               std::shared_ptr<const WeightSource> source, WeightStorage storage,
                               Memory memory)
    : name_(std::move(name)),
      where_(std::move(where)),
      source_(std::move(source)),
      storage_(storage),
      memory_(memory) {}

ResidentBlocks::~ResidentBlocks() {
  for (Entry& entry : entries_) Unbind(*entry.block);
  engine_.reset();  // waits for copies into the memory that goes now
}

absl::Status ResidentBlocks::OpenRing() {
  absl::StatusOr<Reservation> ring;
  int count = where_.ring_slots;
  for (; count > 0; --count) {
    ring = memory_.device_budget->Reserve(count * slot_bytes_,
                                          absl::StrCat("a ring of ", count, " slots for ", name_));
    if (ring.ok()) break;
  }
  if (!ring.ok()) return ring.status();
  ring_reservation_ = *std::move(ring);
  for (int i = 0; i < count; ++i) {
    ring_.push_back(at::empty({static_cast<int64_t>(slot_bytes_)},
                              at::device(memory_.device).dtype(at::kByte)));
    engine_->Used(i);  // kernels of its memory's last owner may still be queued
  }
  return absl::OkStatus();
}

absl::Status ResidentBlocks::Open() {
  if (!open_ && !streamed_.empty()) {
    if (absl::Status ring = OpenRing(); !ring.ok()) return ring;
  }
  open_ = true;
  for (size_t i = 0; evicted_ > 0 && i < entries_.size(); ++i) {
    if (IsStreamed(i) || entries_[i].slab.defined() || entries_[i].layout.bytes == 0) continue;
    if (absl::Status restored = Restore(i); !restored.ok()) {
      Close();
      return restored;
    }
  }
  return absl::OkStatus();
}

void ResidentBlocks::Close() {
  if (!open_) return;
  engine_->Finish();
  for (const size_t block : streamed_) {
    Unbind(*entries_[block].block);
    entries_[block].slot_views.clear();
  }
  ring_.clear();
  ring_reservation_ = Reservation();
  brought_ = used_ = 0;
  open_ = false;
}

void ResidentBlocks::Acquire(size_t block) {
  Entry& entry = entries_[block];
  if (block == 0 && !streamed_.empty() && used_ % streamed_.size() != 0) Rewind();
  if (entry.layout.bytes == 0) return;
  if (!IsStreamed(block)) {
    if (std::exchange(entry.arriving, false)) engine_->AwaitOnDevice(TargetOf(block));
    return;
  }
  const size_t slot = used_ % slots();
  BringUpTo(used_ + slots(), PassEnd());
  engine_->AwaitOnDevice(slot);
  entry.slot_views.resize(slots());
  std::vector<at::Tensor>& views = entry.slot_views[slot];
  if (views.empty()) views = ViewsOf(entry.layout, ring_[slot]);
  Bind(*entry.block, views);
}

void ResidentBlocks::Release(size_t block) {
  if (!IsStreamed(block) || entries_[block].layout.bytes == 0) return;
  Unbind(*entries_[block].block);
  engine_->Used(used_ % slots());
  const uint64_t pass_end = PassEnd();
  ++used_;
  BringUpTo(used_ + slots(), pass_end);
}

uint64_t ResidentBlocks::PassEnd() const {
  return (used_ / streamed_.size() + 1) * streamed_.size();
}

// Queues copies until `count` streamed blocks have been brought, over all passes.
void ResidentBlocks::BringUpTo(uint64_t count, uint64_t pass_end) {
  const uint64_t each = streamed_.size();
  if (!where_.repeats) count = std::min(count, pass_end);
  for (; brought_ < count; ++brought_) {
    const Entry& entry = entries_[streamed_[brought_ % each]];
    engine_->Bring(brought_ % slots(), ring_[brought_ % slots()], *entry.kept);
    Count(entry);
  }
}

void ResidentBlocks::Count(const Entry& entry) {
  const KeptSlab& kept = *entry.kept;
  counters_.streamed_bytes += kept.bytes();
  if (kept.source > 0) counters_.donor_bytes[memory_.donors[kept.source - 1].name] += kept.bytes();
  if (!kept.owners.empty()) counters_.file_bytes += kept.bytes();
}

// After a pass that was broken off: what was brought ahead is not what comes next.
void ResidentBlocks::Rewind() {
  engine_->Finish();
  brought_ = used_ = 0;
}

absl::Status ResidentBlocks::Restore(size_t block) {
  Entry& entry = entries_[block];
  if (absl::Status taken = TakeDevice(entry); !taken.ok()) return taken;
  engine_->Used(TargetOf(block));
  engine_->Bring(TargetOf(block), entry.slab, *entry.kept);
  counters_.restored_bytes += entry.kept->bytes();
  entry.arriving = true;
  Bind(*entry.block, entry.views);
  --evicted_;
  return absl::OkStatus();
}

absl::Status ResidentBlocks::Evict(uint64_t bytes) {
  uint64_t freed = 0;
  engine_->Finish();
  for (size_t i = entries_.size(); i-- > 0 && freed < bytes;) {
    Entry& entry = entries_[i];
    if (IsStreamed(i) || !entry.slab.defined()) continue;
    if (entry.kept == nullptr) {
      Tier tier = Tier::kPinned;
      if (absl::Status made = MakeHostSlab(entry, &tier); !made.ok()) return made;
      if (entry.kept->memory != nullptr) {
        const auto begin = std::chrono::steady_clock::now();
        // The slab on the device may be longer, by what its allocator rounds up.
        const auto bytes = static_cast<int64_t>(entry.layout.bytes);
        at::from_blob(entry.kept->memory->data(), {bytes}, at::kByte)
            .copy_(entry.slab.narrow(0, 0, bytes));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        counters_.evict_seconds += took.count();
        counters_.evicted_bytes += entry.layout.bytes;
      }
    }
    freed += DeviceBytes(entry.layout.bytes);
    Unbind(*entry.block);
    entry.views.clear();
    entry.slab.reset();
    entry.reservation = Reservation();
    entry.arriving = false;
    ++evicted_;
  }
  return absl::OkStatus();
}

ResidencyCounters ResidentBlocks::counters() const {
  ResidencyCounters counters = counters_;
  counters.copied = engine_->counters(/*from_donors=*/false);
  counters.lent = engine_->counters(/*from_donors=*/true);
  return counters;
}

ResidencyCounters& ResidencyCounters::operator+=(const ResidencyCounters& other) {
  streamed_bytes += other.streamed_bytes;
  for (const auto& [donor, bytes] : other.donor_bytes) donor_bytes[donor] += bytes;
  file_bytes += other.file_bytes;
  restored_bytes += other.restored_bytes;
  evicted_bytes += other.evicted_bytes;
  evict_seconds += other.evict_seconds;
  copied += other.copied;
  lent += other.lent;
  return *this;
}

uint64_t ResidentBlocks::device_bytes() const {
  uint64_t bytes = ring_.size() * slot_bytes_;
  for (const Entry& entry : entries_)
    bytes += entry.slab.defined() ? DeviceBytes(entry.layout.bytes) : 0;
  return bytes;
}

uint64_t ResidentBlocks::away_bytes() const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!IsStreamed(i) && !entries_[i].slab.defined())
      bytes += DeviceBytes(entries_[i].layout.bytes);
  }
  return bytes;
}

}  // namespace hanga
