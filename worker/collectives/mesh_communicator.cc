// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/mesh_communicator.h"

#include "absl/strings/str_cat.h"

namespace hanga {

absl::Status MeshCommunicator::SendMessage(int to, std::string bytes) {
  if (bytes.size() > kMaxHeadBytes) {
    return absl::InternalError(absl::StrCat("a message of ", bytes.size(), " bytes"));
  }
  return mesh_->Send(to, {Channel::kMessage, std::move(bytes), {}});
}

// Of a device that computes while the host waits.
absl::Status MeshCommunicator::SendComputed(int to, std::string bytes,
                                            const std::vector<at::Tensor>& tensors) {
  if (absl::Status told = SendMessage(to, std::move(bytes)); !told.ok()) return told;
  for (const at::Tensor& tensor : tensors) {
    if (absl::Status sent = Send(to, tensor); !sent.ok()) return sent;
  }
  return absl::OkStatus();
}

absl::StatusOr<Message> MeshCommunicator::NextMessage(absl::Duration wait) {
  absl::StatusOr<Mesh::Arrived> arrived = mesh_->Receive(-1, Channel::kMessage, wait);
  if (!arrived.ok()) return arrived.status();
  return Message{arrived->from, std::move(arrived->frame.head)};
}

absl::StatusOr<Frame> MeshCommunicator::Due(int from, Channel channel) {
  const absl::Duration patience = transfer_patience();
  absl::StatusOr<Mesh::Arrived> arrived = mesh_->Receive(from, channel, patience);
  if (arrived.ok()) return std::move(arrived->frame);
  if (absl::IsDeadlineExceeded(arrived.status())) {
    mesh_->Break(
        absl::StrCat("rank ", from, " did not send within ", absl::FormatDuration(patience)), -1);
    return mesh_->status();
  }
  return arrived.status();
}

// Everybody tells rank 0, which tells everybody.
absl::Status MeshCommunicator::Barrier() {
  const auto tell = [&](int to) { return mesh_->Send(to, {Channel::kTensor, "", {}}); };
  if (rank() != 0) {
    if (absl::Status told = tell(0); !told.ok()) return told;
    return Due(0, Channel::kTensor).status();
  }
  for (int peer = 1; peer < size(); ++peer) {
    if (auto come = Due(peer, Channel::kTensor); !come.ok()) return come.status();
  }
  for (int peer = 1; peer < size(); ++peer) {
    if (absl::Status told = tell(peer); !told.ok()) return told;
  }
  return absl::OkStatus();
}

}  // namespace hanga
