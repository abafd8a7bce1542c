// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Brings slabs from the host and from other devices to a device beside the kernels that run there.
// Nothing waits on the host: copies and kernels wait for each other by events of the device, both
// ways.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "worker/residency/host_memory.h"

namespace hanga {

// A slab where it waits: in host memory of its own, piece by piece in a mapped file, or in the
// memory of a donor, another device.
struct KeptSlab {
  struct Piece {
    const std::byte* from;
    uint64_t offset;  // in the slab
    uint64_t bytes;
  };
  std::vector<Piece> pieces;
  bool pinned = false;
  std::unique_ptr<HostMemory> memory;               // of a slab in memory
  std::vector<std::shared_ptr<const void>> owners;  // of a mapped file's pieces
  at::Tensor lent;                                  // of a donor's memory
  size_t source = 0;  // 0: the host; n: the n-th donor, whose copies run beside all others

  uint64_t bytes() const;
};

struct CopyCounters {
  uint64_t bytes = 0;
  double busy_seconds = 0;  // how long copies were under way

  CopyCounters& operator+=(const CopyCounters& other) {
    bytes += other.bytes;
    busy_seconds += other.busy_seconds;
    return *this;
  }
};

// Targets are numbered from 0. Each is one run of device memory that is written by copies and read
// by kernels of the current stream. Not thread-safe: owned by the thread that owns the device's
// compute; on destruction it waits for its copies.
class CopyEngine {
 public:
  virtual ~CopyEngine() = default;

  // Queues a copy of `from` to a target's memory. It begins when the kernels that Used() has been
  // told of are done. `from` and `to` stay where they are until it is over.
  virtual void Bring(size_t target, const at::Tensor& to, const KeptSlab& from) = 0;

  // Makes the kernels queued from now on wait for the target's last copy.
  virtual void AwaitOnDevice(size_t target) = 0;

  // The kernels queued so far have to be done before the target is written again.
  virtual void Used(size_t target) = 0;

  // The host waits for every copy and kernel that uses a target. Not for steps: for freeing.
  virtual void Finish() = 0;

  // Of the copies that are over, since the engine was made: from the host, or from donors.
  virtual CopyCounters counters(bool from_donors) const = 0;
};

// `donors`: how many. Where a donor and the device do not reach each other, the driver takes copies
// through host memory. `staging`: page-locked memory through which pageable slabs pass in chunks;
// null: they are copied as they are, which holds the host up but moves the same bytes. On a CPU
// copies are made at once.
std::unique_ptr<CopyEngine> MakeCopyEngine(at::Device device, size_t targets, size_t donors,
                                           std::unique_ptr<HostMemory> staging);

// What a device that is no GPU uses; also for tests.
std::unique_ptr<CopyEngine> MakeHostCopyEngine();

// What is asked for as staging memory.
inline constexpr uint64_t kStagingBytes = uint64_t{64} << 20;

}  // namespace hanga
