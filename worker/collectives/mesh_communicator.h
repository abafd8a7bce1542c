// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What every communicator has of its mesh: messages, patience, and how it breaks.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "worker/collectives/communicator.h"
#include "worker/collectives/mesh.h"

namespace hanga {

class MeshCommunicator : public Communicator {
 public:
  explicit MeshCommunicator(std::unique_ptr<Mesh> mesh) : mesh_(std::move(mesh)) {}

  int rank() const override { return mesh_->rank(); }
  int size() const override { return mesh_->size(); }
  absl::Status Barrier() override;
  absl::Status SendMessage(int to, std::string bytes) override;
  absl::Status SendComputed(int to, std::string bytes,
                            const std::vector<at::Tensor>& tensors) override;
  absl::StatusOr<Message> NextMessage(absl::Duration wait) override;
  void set_patience(absl::Duration patience) override { mesh_->set_patience(patience); }
  void Abort(const std::string& why) override { mesh_->Break(why, -1); }
  absl::Status status() const override { return mesh_->status(); }
  int suspect() const override { return mesh_->suspect(); }
  void AwaitBroken() override { mesh_->AwaitBroken(); }

 protected:
  Mesh& mesh() const { return *mesh_; }
  // An arrival that is due: what does not come within the patience breaks the communicator.
  absl::StatusOr<Frame> Due(int from, Channel channel);

 private:
  const std::unique_ptr<Mesh> mesh_;
};

}  // namespace hanga
