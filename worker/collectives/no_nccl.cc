// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A build without CUDA.
#include "worker/collectives/nccl_communicator.h"

namespace hanga {

absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(std::unique_ptr<Mesh>,
                                                                   const std::string& device) {
  return absl::FailedPreconditionError("device: " + device + " needs a build with CUDA");
}

}  // namespace hanga
