// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/socket_communicator.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/collectives/mesh_communicator.h"

namespace hanga {
namespace {

// The frame keeps the tensor alive until it is written.
Body BodyOf(const at::Tensor& tensor) {
  auto kept = std::make_shared<at::Tensor>(tensor);
  return {std::shared_ptr<void>(kept, tensor.data_ptr()), tensor.nbytes()};
}

class SocketCommunicator final : public MeshCommunicator {
 public:
  using MeshCommunicator::MeshCommunicator;

  absl::Status Send(int to, const at::Tensor& tensor) override {
    if (!tensor.is_cpu() || !tensor.is_contiguous()) {
      return absl::InternalError("a tensor that is sent must be contiguous, in host memory");
    }
    std::string head;
    AppendHead(HeadOf(tensor), &head);
    return mesh().Send(to, {Channel::kTensor, std::move(head), BodyOf(tensor)});
  }

  absl::StatusOr<at::Tensor> Receive(int from, at::IntArrayRef shape,
                                     at::ScalarType type) override {
    absl::StatusOr<Frame> frame = Due(from, Channel::kTensor);
    if (!frame.ok()) return frame.status();
    std::string_view head_bytes = frame->head;
    const absl::StatusOr<TensorHead> head = TakeHead(&head_bytes);
    const TensorHead expected = {type, shape.vec()};
    if (!head.ok() || *head != expected || frame->body.bytes != expected.bytes()) {
      mesh().Break(absl::StrCat("rank ", from, " sent ",
                                head.ok() ? head->ToString() : std::string("no tensor"), " where ",
                                expected.ToString(), " was expected"),
                   from);
      return absl::InternalError(mesh().status().message());
    }
    const auto options = at::TensorOptions().dtype(type);
    if (frame->body.bytes == 0) return at::empty(shape, options);
    return at::from_blob(
        frame->body.data.get(), shape, [keep = frame->body.data](void*) mutable { keep.reset(); },
        options);
  }

  absl::StatusOr<at::Tensor> Broadcast(int root, const at::Tensor& tensor) override {
    if (rank() != root) return Receive(root, tensor.sizes(), tensor.scalar_type());
    for (int peer = 0; peer < size(); ++peer) {
      if (peer == root) continue;
      if (absl::Status sent = Send(peer, tensor); !sent.ok()) return sent;
    }
    return tensor;
  }

  absl::StatusOr<at::Tensor> AllGather(const at::Tensor& mine) override {
    std::vector<at::Tensor> rows(size(), mine);
    for (int peer = 0; peer < size(); ++peer) {
      if (peer == rank()) continue;
      if (absl::Status sent = Send(peer, mine); !sent.ok()) return sent;
    }
    if (absl::Status status = ReceiveRows(mine.sizes(), mine.scalar_type(), &rows); !status.ok()) {
      return status;
    }
    return at::stack(rows);
  }

  absl::StatusOr<at::Tensor> AllToAll(const at::Tensor& rows) override {
    if (rows.dim() == 0 || rows.size(0) != size()) {
      return absl::InternalError(
          absl::StrCat("all-to-all needs a row for each of ", size(), " ranks"));
    }
    std::vector<at::Tensor> received(size(), rows[rank()]);
    for (int peer = 0; peer < size(); ++peer) {
      if (peer == rank()) continue;
      if (absl::Status sent = Send(peer, rows[peer].contiguous()); !sent.ok()) return sent;
    }
    const absl::Status status = ReceiveRows(rows[0].sizes(), rows.scalar_type(), &received);
    if (!status.ok()) return status;
    return at::stack(received);
  }

 private:
  absl::Status ReceiveRows(at::IntArrayRef shape, at::ScalarType type,
                           std::vector<at::Tensor>* rows) {
    for (int peer = 0; peer < size(); ++peer) {
      if (peer == rank()) continue;
      absl::StatusOr<at::Tensor> row = Receive(peer, shape, type);
      if (!row.ok()) return row.status();
      (*rows)[peer] = *std::move(row);
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Communicator> MakeSocketCommunicator(std::unique_ptr<Mesh> mesh) {
  return std::make_unique<SocketCommunicator>(std::move(mesh));
}

}  // namespace hanga
