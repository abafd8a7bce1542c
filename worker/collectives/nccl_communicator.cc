// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/nccl_communicator.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "worker/collectives/departures.h"
#include "worker/collectives/mesh_communicator.h"
#include "worker/collectives/nccl_lane.h"

namespace hanga {
namespace {

constexpr absl::Duration kWatch = absl::Milliseconds(20);
constexpr int kRoot = 0;

class NcclCommunicator final : public MeshCommunicator {
 public:
  NcclCommunicator(std::unique_ptr<Mesh> mesh, int device)
      : MeshCommunicator(std::move(mesh)),
        device_(device),
        up_(device, rank(), size()),
        down_(device, rank(), size()),
        departures_(device, [this](const absl::Status& status) {
          this->mesh().Break(std::string(status.message()), -1);
        }) {}

  ~NcclCommunicator() override {
    {
      const absl::MutexLock lock(&mutex_);
      leaving_ = true;
    }
    if (watchdog_.joinable()) watchdog_.join();
    up_.Abort();  // so that nothing waits for a rank that sends no more
    down_.Abort();
  }

  absl::Status Connect() {
    for (NcclLane* lane : {&up_, &down_}) {
      ncclUniqueId id;
      if (absl::Status shared = ShareId(&id); !shared.ok()) return shared;
      const absl::Status connected = lane->Connect(id, [this] { return !status().ok(); });
      if (!connected.ok()) {
        mesh().Break(std::string(connected.message()), -1);
        return connected;
      }
    }
    watchdog_ = std::thread([this] { Watch(); });
    return absl::OkStatus();
  }

  absl::Status Send(int to, const at::Tensor& tensor) override {
    if (!tensor.is_cuda() || !tensor.is_contiguous()) {
      return absl::InternalError("a tensor that is sent must be contiguous, on the device");
    }
    LaneOf(to).Follow();
    return Checked(Queue(to, tensor));
  }

  absl::Status SendComputed(int to, std::string bytes,
                            const std::vector<at::Tensor>& tensors) override {
    if (absl::Status broken = status(); !broken.ok()) return broken;
    departures_.Post([this, to, bytes = std::move(bytes), tensors]() mutable {
      absl::Status sent = SendMessage(to, std::move(bytes));
      for (const at::Tensor& tensor : tensors) {
        if (sent.ok()) sent = Queue(to, tensor);
      }
      return sent;
    });
    return absl::OkStatus();
  }

  absl::StatusOr<at::Tensor> Receive(int from, at::IntArrayRef shape,
                                     at::ScalarType type) override {
    // Towards me from below is upwards.
    NcclLane& lane = from < rank() ? up_ : down_;
    // The tensor's memory is the lane's own: what is computed meanwhile need not end first.
    at::Tensor tensor = Empty(lane, shape, type);
    const absl::Status received = Checked(lane.Queue([&](ncclComm_t comm, cudaStream_t stream) {
      return ncclRecv(tensor.data_ptr(), tensor.nbytes(), ncclInt8, from, comm, stream);
    }));
    if (!received.ok()) return received;
    lane.Join();
    return tensor;
  }

  absl::StatusOr<at::Tensor> Broadcast(int root, const at::Tensor& tensor) override {
    at::Tensor result =
        rank() == root ? tensor.contiguous() : Empty(up_, tensor.sizes(), tensor.scalar_type());
    const absl::Status status = Together([&](ncclComm_t comm, cudaStream_t stream) {
      return ncclBroadcast(result.const_data_ptr(), result.data_ptr(), result.nbytes(), ncclInt8,
                           root, comm, stream);
    });
    if (!status.ok()) return status;
    return result;
  }

  absl::StatusOr<at::Tensor> AllGather(const at::Tensor& mine) override {
    std::vector<int64_t> shape = mine.sizes().vec();
    shape.insert(shape.begin(), size());
    const at::Tensor sent = mine.contiguous();
    at::Tensor all = Empty(up_, shape, mine.scalar_type());
    const absl::Status status = Together([&](ncclComm_t comm, cudaStream_t stream) {
      return ncclAllGather(sent.const_data_ptr(), all.data_ptr(), sent.nbytes(), ncclInt8, comm,
                           stream);
    });
    if (!status.ok()) return status;
    return all;
  }

  absl::StatusOr<at::Tensor> AllToAll(const at::Tensor& rows) override {
    if (rows.dim() == 0 || rows.size(0) != size()) {
      return absl::InternalError(
          absl::StrCat("all-to-all needs a row for each of ", size(), " ranks"));
    }
    const at::Tensor sent = rows.contiguous();
    at::Tensor received = Empty(up_, sent.sizes(), sent.scalar_type());
    const size_t row = sent.nbytes() / static_cast<size_t>(size());
    const absl::Status status = Together([&](ncclComm_t comm, cudaStream_t stream) {
      ncclGroupStart();
      for (int peer = 0; peer < size(); ++peer) {
        const auto* out = static_cast<const char*>(sent.const_data_ptr()) + row * peer;
        auto* in = static_cast<char*>(received.data_ptr()) + row * peer;
        ncclSend(out, row, ncclInt8, peer, comm, stream);
        ncclRecv(in, row, ncclInt8, peer, comm, stream);
      }
      return ncclGroupEnd();
    });
    if (!status.ok()) return status;
    return received;
  }

 private:
  NcclLane& LaneOf(int to) { return to > rank() ? up_ : down_; }

  absl::Status Queue(int to, const at::Tensor& tensor) {
    NcclLane& lane = LaneOf(to);
    if (tensor.nbytes() > 0) {
      c10::cuda::CUDACachingAllocator::recordStream(tensor.storage().data_ptr(), lane.stream());
    }
    return lane.Queue([&](ncclComm_t comm, cudaStream_t stream) {
      return ncclSend(tensor.const_data_ptr(), tensor.nbytes(), ncclInt8, to, comm, stream);
    });
  }

  // Memory of the lane's stream: what is received need not wait for what is computed.
  at::Tensor Empty(NcclLane& lane, at::IntArrayRef shape, at::ScalarType type) const {
    const auto current = c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device_));
    at::Tensor tensor;
    {
      const c10::cuda::CUDAStreamGuard guard(lane.stream());
      tensor = at::empty(shape, at::TensorOptions().dtype(type).device(
                                    at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device_))));
    }
    if (tensor.nbytes() > 0) {
      c10::cuda::CUDACachingAllocator::recordStream(tensor.storage().data_ptr(), current);
    }
    return tensor;
  }

  absl::Status Together(const std::function<ncclResult_t(ncclComm_t, cudaStream_t)>& transfer) {
    up_.Follow();
    const absl::Status status = Checked(up_.Queue(transfer));
    if (status.ok()) up_.Join();
    return status;
  }

  absl::Status Checked(const absl::Status& queued) {
    if (queued.ok()) return queued;
    mesh().Break(std::string(queued.message()), -1);
    return status();
  }

  absl::Status ShareId(ncclUniqueId* id) {
    if (rank() == kRoot) {
      if (const auto made = ncclGetUniqueId(id); made != ncclSuccess) {
        return absl::UnavailableError(absl::StrCat("NCCL: ", ncclGetErrorString(made)));
      }
      for (int peer = 1; peer < size(); ++peer) {
        const absl::Status sent =
            SendMessage(peer, std::string(reinterpret_cast<const char*>(id), sizeof(*id)));
        if (!sent.ok()) return sent;
      }
      return absl::OkStatus();
    }
    const absl::StatusOr<Message> message = NextMessage(absl::Minutes(1));
    if (!message.ok()) return message.status();
    if (message->from != kRoot || message->bytes.size() != sizeof(*id)) {
      return absl::InternalError("rank 0 sent no id of NCCL");
    }
    std::memcpy(id, message->bytes.data(), sizeof(*id));
    return absl::OkStatus();
  }

  void Watch() {
    for (;;) {
      {
        const absl::MutexLock lock(&mutex_);
        if (mutex_.AwaitWithTimeout(absl::Condition(&leaving_), kWatch)) return;
      }
      for (NcclLane* lane : {&up_, &down_}) {
        const absl::StatusOr<absl::Duration> oldest = lane->Oldest();
        if (!oldest.ok()) {
          mesh().Break(std::string(oldest.status().message()), -1);
        } else if (*oldest > transfer_patience()) {
          mesh().Break(absl::StrCat("a transfer by NCCL has not ended within ",
                                    absl::FormatDuration(transfer_patience())),
                       -1);
        }
      }
      if (status().ok()) continue;
      up_.Abort();
      down_.Abort();
      return;
    }
  }

  const int device_;
  NcclLane up_, down_;
  Departures departures_;  // uses all of the above
  std::thread watchdog_;
  absl::Mutex mutex_;
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Communicator>> MakeNcclCommunicator(std::unique_ptr<Mesh> mesh,
                                                                   const std::string& device) {
  int index = -1;
  if (device.rfind("cuda:", 0) != 0 || !absl::SimpleAtoi(device.substr(5), &index)) {
    return absl::InvalidArgumentError(absl::StrCat("device: ", device, " is no GPU"));
  }
  auto communicator = std::make_unique<NcclCommunicator>(std::move(mesh), index);
  if (absl::Status connected = communicator->Connect(); !connected.ok()) return connected;
  return communicator;
}

}  // namespace hanga
