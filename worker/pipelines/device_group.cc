// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/device_group.h"

#include <c10/core/DeviceGuard.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/group_topology.h"
#include "worker/pipelines/torch_errors.h"

namespace hanga {
namespace {

constexpr int kLeader = 0;
// A rank reads its part of a model from a disk that others read too.
constexpr absl::Duration kLoading = absl::Minutes(15);
constexpr absl::Duration kPatienceAtRest = absl::Seconds(10);

// Below this no wait is cut off. Threads of CPU devices compete with those that listen.
absl::Duration FloorOf(bool on_gpu) { return absl::Milliseconds(on_gpu ? 350 : 2000); }

template <typename Value>
void Put(std::string* bytes, const Value& value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename Value>
bool Take(std::string_view* bytes, Value* value) {
  if (bytes->size() < sizeof(Value)) return false;
  std::memcpy(value, bytes->data(), sizeof(Value));
  bytes->remove_prefix(sizeof(Value));
  return true;
}

bool IsAbout(const Message& message, Topic topic) {
  return !message.bytes.empty() && message.bytes.front() == static_cast<char>(topic);
}

absl::Status Nonsense(int from) {
  return absl::InternalError(absl::StrCat("rank ", from, " sent what makes no sense"));
}

}  // namespace

DeviceGroup::DeviceGroup(std::unique_ptr<Communicator> communicator, at::Device device)
    : device_(device),
      communicator_(std::move(communicator)),
      hand_over_(communicator_.get(), FloorOf(device.is_cuda())) {
  communicator_->set_patience(kPatienceAtRest, Watchdog::kMostTransfer);
}

absl::Status DeviceGroup::ShareTopologies(const placement::Topology& mine) {
  if (rank() != kLeader) {
    return communicator_->SendMessage(kLeader, placement::PrintTopology(mine));
  }
  std::vector<placement::Topology> topologies(size());
  topologies[kLeader] = mine;
  for (int count = 1; count < size(); ++count) {
    const absl::StatusOr<Message> message = communicator_->NextMessage(absl::Minutes(1));
    if (!message.ok()) return message.status();
    absl::StatusOr<placement::Topology> topology = placement::ParseTopology(message->bytes);
    if (!topology.ok() || topology->devices.empty()) return Nonsense(message->from);
    topologies[message->from] = *std::move(topology);
  }
  topology_ = MergeTopologies(topologies);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> DeviceGroup::Load(const std::string& deployment,
                                           const placement::Plan& plan) {
  const uint64_t model = next_model_++;
  std::string order(1, static_cast<char>(Topic::kLoad));
  Put(&order, model);
  Put(&order, static_cast<uint32_t>(deployment.size()));
  order += deployment;
  order += placement::PrintPlanJson(plan);
  for (int peer = 1; peer < size(); ++peer) {
    if (absl::Status sent = communicator_->SendMessage(peer, order); !sent.ok()) return sent;
  }
  if (absl::Status loaded = AwaitLoaded(model); !loaded.ok()) {
    Drop(model);
    return loaded;
  }
  return model;
}

absl::Status DeviceGroup::AwaitLoaded(uint64_t model) {
  absl::Status first;
  const absl::Time deadline = absl::Now() + kLoading;
  communicator_->set_patience(kPatienceAtRest, Watchdog::kMostTransfer);
  for (int count = 1; count < size();) {
    absl::StatusOr<Message> message = communicator_->NextMessage(deadline - absl::Now());
    if (!message.ok()) {
      communicator_->Abort(absl::StrCat("a rank did not load its part of a model within ",
                                        absl::FormatDuration(kLoading)));
      return communicator_->status();
    }
    std::string_view bytes = message->bytes;
    if (IsAbout(*message, Topic::kState) || IsAbout(*message, Topic::kFailure)) {
      // Of another model, whose states go on.
      if (absl::Status served = ServeState(*message); !served.ok()) {
        communicator_->Abort(std::string(served.message()));
        return communicator_->status();
      }
      continue;
    }
    if (!IsAbout(*message, Topic::kLoaded)) {
      communicator_->Abort(std::string(Nonsense(message->from).message()));
      return communicator_->status();
    }
    bytes.remove_prefix(1);
    uint64_t answered = 0;
    int64_t code = 0;
    if (!Take(&bytes, &answered) || !Take(&bytes, &code)) return Nonsense(message->from);
    if (answered != model) continue;
    ++count;
    if (code != 0 && first.ok()) {
      first = absl::Status(static_cast<absl::StatusCode>(code),
                           absl::StrCat("rank ", message->from, ": ", std::string(bytes)));
    }
  }
  return first;
}

void DeviceGroup::Drop(uint64_t model) {
  hand_over_.Remove(model);
  std::string order(1, static_cast<char>(Topic::kDrop));
  Put(&order, model);
  for (int peer = 1; peer < size(); ++peer) {
    communicator_->SendMessage(peer, order).IgnoreError();  // of a broken group nothing is left
  }
}

void DeviceGroup::Follow(const Find& find) {
  const c10::DeviceGuard guard(device_);  // kernels run on the thread's current one
  for (;;) {
    const absl::StatusOr<Message> message = communicator_->NextMessage(absl::InfiniteDuration());
    const absl::Status served = message.ok() ? Serve(*message, find) : message.status();
    if (served.ok()) continue;
    communicator_->Abort(std::string(served.message()));
    parts_.clear();
    return;
  }
}

absl::Status DeviceGroup::ServeState(const Message& message) {
  absl::Status served;
  const absl::Status guarded = RunGuarded("hand-over", [&] { served = hand_over_.Serve(message); });
  return guarded.ok() ? served : guarded;
}

absl::Status DeviceGroup::Serve(const Message& message, const Find& find) {
  std::string_view order = message.bytes;
  if (!IsAbout(message, Topic::kLoad) && !IsAbout(message, Topic::kDrop)) {
    return ServeState(message);
  }
  if (message.from != kLeader) return Nonsense(message.from);
  order.remove_prefix(1);
  if (IsAbout(message, Topic::kLoad)) return LoadPart(order, find);
  uint64_t model = 0;
  if (!Take(&order, &model)) return Nonsense(message.from);
  hand_over_.Remove(model);
  parts_.erase(model);
  return absl::OkStatus();
}

absl::Status DeviceGroup::LoadPart(std::string_view order, const Find& find) {
  uint64_t model = 0;
  uint32_t name_bytes = 0;
  if (!Take(&order, &model) || !Take(&order, &name_bytes) || order.size() < name_bytes) {
    return Nonsense(kLeader);
  }
  const std::string deployment(order.substr(0, name_bytes));
  const absl::StatusOr<placement::Plan> plan = placement::ParsePlanJson(order.substr(name_bytes));
  const absl::StatusOr<Deployed> deployed =
      plan.ok() ? find(deployment) : absl::StatusOr<Deployed>(plan.status());
  absl::StatusOr<std::unique_ptr<RankPart>> part =
      deployed.ok() ? LoadRankPart(deployed->files, deployed->options, *plan, rank())
                    : absl::StatusOr<std::unique_ptr<RankPart>>(deployed.status());
  if (part.ok()) {
    RankPart& loaded = **part;
    parts_[model] = *std::move(part);
    hand_over_.Add(model, loaded.routes(),
                   [&loaded](const std::string& network, size_t begin, size_t end, Row* row) {
                     return loaded.RunRange(network, begin, end, row);
                   });
  }
  std::string answer(1, static_cast<char>(Topic::kLoaded));
  Put(&answer, model);
  Put(&answer, static_cast<int64_t>(part.status().code()));
  answer += std::string(part.status().message());
  return communicator_->SendMessage(kLeader, std::move(answer));
}

}  // namespace hanga
