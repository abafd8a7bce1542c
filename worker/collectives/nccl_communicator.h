// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A communicator of GPUs: tensors by NCCL, everything else by the mesh.
//
// Tensors travel on streams of their own: one towards higher ranks and one towards lower ranks,
// since a rank that could not receive a result before its own next state is taken would wait for
// itself. What is sent waits for the current stream, and the current stream for what is received;
// the host waits for neither. What SendComputed is given leaves by a thread that waits for it. A
// watchdog aborts NCCL, and with it the kernels that wait for a rank that is gone, when the mesh
// breaks or a transfer outlasts the patience.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/collectives/communicator.h"
#include "worker/collectives/mesh.h"

namespace hanga {

// `device` is "cuda:N". Called by every rank; returns when all have. UNAVAILABLE: NCCL cannot
// connect them. FAILED_PRECONDITION: this build has no NCCL.
absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(std::unique_ptr<Mesh> mesh,
                                                                   const std::string& device);

}  // namespace hanga
