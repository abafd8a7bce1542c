// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What every communicator has of its mesh: messages, patience, and how it breaks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "worker/collectives/communicator.h"
#include "worker/collectives/mesh.h"

namespace hanga {

class MeshCommunicator : public Communicator {
 public:
  explicit MeshCommunicator(std::unique_ptr<Mesh> mesh) : mesh_(std::move(mesh)) {
    set_patience(mesh_->patience());
  }

  int rank() const override { return mesh_->rank(); }
  int size() const override { return mesh_->size(); }
  absl::Status Barrier() override;
  absl::Status SendMessage(int to, std::string bytes) override;
  absl::Status SendComputed(int to, std::string bytes,
                            const std::vector<at::Tensor>& tensors) override;
  absl::StatusOr<Message> NextMessage(absl::Duration wait) override;
  using Communicator::set_patience;
  void set_patience(absl::Duration silence, absl::Duration transfer) final {
    mesh_->set_patience(silence);
    transfer_ns_ = absl::ToInt64Nanoseconds(transfer);
  }
  void Abort(const std::string& why) override { mesh_->Break(why, -1); }
  absl::Status status() const override { return mesh_->status(); }
  int suspect() const override { return mesh_->suspect(); }
  void AwaitBroken() override { mesh_->AwaitBroken(); }

 protected:
  Mesh& mesh() const { return *mesh_; }
  absl::Duration transfer_patience() const { return absl::Nanoseconds(transfer_ns_.load()); }
  // An arrival that is due: what does not come within that patience breaks the communicator.
  absl::StatusOr<Frame> Due(int from, Channel channel);

 private:
  const std::unique_ptr<Mesh> mesh_;
  std::atomic<int64_t> transfer_ns_ = 0;
};

}  // namespace hanga
