// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/collectives/mesh.h"
#include "worker/collectives/nccl_communicator.h"
#include "worker/collectives/socket_communicator.h"
#include "worker/pipelines/device_group.h"
#include "worker/pipelines/torch_options.h"
#include "worker/profile/topology_probe.h"

namespace hanga {
namespace {

class SocketDoor final : public GroupDoor {
 public:
  SocketDoor(Listener listener, std::string device)
      : listener_(std::move(listener)), device_(std::move(device)) {}

  const std::string& address() const override { return listener_.address(); }

  absl::StatusOr<std::shared_ptr<Group>> Join(const GroupPlace& place, int* suspect) override {
    MeshOptions options;
    options.group = place.number;
    options.rank = place.rank;
    options.addresses = place.addresses;
    options.names = place.workers;
    options.secret = place.secret;
    absl::StatusOr<std::unique_ptr<Mesh>> mesh = Mesh::Join(listener_, std::move(options), suspect);
    if (!mesh.ok()) return mesh.status();
    const absl::StatusOr<at::Device> device = ParseDevice(device_);
    if (!device.ok()) return device.status();
    const bool on_gpu = device->is_cuda();
    absl::StatusOr<std::unique_ptr<Communicator>> communicator =
        on_gpu ? MakeNcclCommunicator(*std::move(mesh), device_)
               : MakeSocketCommunicator(*std::move(mesh));
    if (!communicator.ok()) return communicator.status();
    const absl::StatusOr<placement::Topology> mine =
        ProbeDevice(on_gpu ? device_ : "cpu:0", DefaultCacheFolder());
    if (!mine.ok()) return mine.status();
    auto group = std::make_shared<DeviceGroup>(*std::move(communicator), *device);
    if (absl::Status shared = group->ShareTopologies(*mine); !shared.ok()) return shared;
    return group;
  }

 private:
  const Listener listener_;
  const std::string device_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GroupDoor>> OpenGroupDoor(const std::string& address,
                                                         const std::string& device) {
  absl::StatusOr<Listener> listener = Listener::Open(address);
  if (!listener.ok()) return listener.status();
  return std::make_unique<SocketDoor>(*std::move(listener), device);
}

}  // namespace hanga
