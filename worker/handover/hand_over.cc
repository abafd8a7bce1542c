// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/handover/hand_over.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "worker/collectives/tensor_head.h"

namespace hanga {
namespace {

constexpr int kLeader = 0;

struct StateStart {
  uint64_t model, ticket;
  uint32_t stage, network_bytes;
};

struct FailureStart {
  uint64_t ticket;
  int64_t code;
};

template <typename Start>
bool Take(std::string_view* bytes, Start* start) {
  if (bytes->size() < sizeof(Start)) return false;
  std::memcpy(start, bytes->data(), sizeof(Start));
  bytes->remove_prefix(sizeof(Start));
  return true;
}

template <typename Start>
std::string Begin(Topic topic, const Start& start) {
  std::string bytes(1, static_cast<char>(topic));
  bytes.append(reinterpret_cast<const char*>(&start), sizeof(start));
  return bytes;
}

// Rows of one kind take about the same time.
std::string KindOf(const std::string& network, const Row& row) {
  std::string kind = network;
  for (const at::Tensor& tensor : row) {
    absl::StrAppend(&kind, " ", tensor.defined() ? tensor.numel() : -1);
  }
  return kind;
}

}  // namespace

void HandOver::Add(uint64_t model, std::map<std::string, Route> routes, Run run) {
  models_[model] = {std::move(routes), std::move(run)};
}

void HandOver::Remove(uint64_t model) {
  for (auto trip = on_the_way_.begin(); trip != on_the_way_.end();) {
    const auto [ticket, of] = *trip++;
    if (of != model) continue;
    Forget(ticket);
    AwaitArrival(ticket).IgnoreError();  // of a broken group nothing comes any more
  }
  models_.erase(model);
}

absl::StatusOr<uint64_t> HandOver::Launch(uint64_t model, const std::string& network, Row row) {
  if (absl::Status broken = communicator_.status(); !broken.ok()) return broken;
  const uint64_t ticket = next_ticket_++;
  on_the_way_[ticket] = model;
  watchdog_.Launched(ticket, KindOf(network, row), absl::Now());
  communicator_.set_patience(watchdog_.Patience(ticket), Watchdog::kMostTransfer);
  if (absl::Status carried = Carry({model, ticket, 0, network, std::move(row)}); !carried.ok()) {
    watchdog_.Lost(ticket);
    on_the_way_.erase(ticket);
    return carried;
  }
  return ticket;
}

absl::StatusOr<Row> HandOver::Await(uint64_t ticket) {
  if (absl::Status arrived = AwaitArrival(ticket); !arrived.ok()) return arrived;
  return std::move(results_.extract(ticket).mapped());
}

void HandOver::Forget(uint64_t ticket) {
  if (results_.erase(ticket) == 0) forgotten_.insert(ticket);
}

// Serves what comes meanwhile. Whatever comes is a sign that the ranks go on.
absl::Status HandOver::AwaitArrival(uint64_t ticket) {
  while (on_the_way_.contains(ticket)) {
    const absl::Duration limit = watchdog_.LimitOf(ticket);
    communicator_.set_patience(watchdog_.Patience(ticket), Watchdog::kMostTransfer);
    const absl::StatusOr<Message> message = communicator_.NextMessage(limit);
    if (absl::IsDeadlineExceeded(message.status())) {
      communicator_.Abort(
          absl::StrCat("a state did not come back within ", absl::FormatDuration(limit)));
    }
    const absl::Status served = message.ok() ? Serve(*message) : message.status();
    if (served.ok()) continue;
    // What a rank could not make sense of leaves the ranks at odds with each other.
    communicator_.Abort(std::string(served.message()));
    watchdog_.Lost(ticket);
    on_the_way_.erase(ticket);
    forgotten_.erase(ticket);
    return communicator_.status();
  }
  return absl::OkStatus();
}

void HandOver::Arrived(uint64_t ticket, absl::StatusOr<Row> result) {
  if (result.ok()) {
    watchdog_.Arrived(ticket, absl::Now());
  } else {
    watchdog_.Lost(ticket);
  }
  if (on_the_way_.erase(ticket) == 0) return;  // of nobody
  if (forgotten_.erase(ticket) == 0) results_.emplace(ticket, std::move(result));
}

// Through the stages that are this rank's, then on to the next.
absl::Status HandOver::Carry(Parcel parcel) {
  const auto model = models_.find(parcel.model);
  if (model == models_.end()) return absl::InternalError("a state of a model that is not loaded");
  const auto route = model->second.routes.find(parcel.network);
  if (route == model->second.routes.end() || parcel.stage > route->second.size()) {
    return absl::InternalError(absl::StrCat(parcel.network, " has no such stage"));
  }
  const Route& stages = route->second;
  for (; parcel.stage < stages.size(); ++parcel.stage) {
    const Stage& stage = stages[parcel.stage];
    if (stage.rank != communicator_.rank()) return Forward(stage.rank, parcel);
    const absl::Status run = model->second.run(parcel.network, stage.begin, stage.end, &parcel.row);
    if (!run.ok()) return TellFailure(parcel.ticket, run);
  }
  if (communicator_.rank() != kLeader) return Forward(kLeader, parcel);
  Arrived(parcel.ticket, std::move(parcel.row));
  return absl::OkStatus();
}

absl::Status HandOver::Forward(int to, const Parcel& parcel) {
  std::string bytes =
      Begin(Topic::kState, StateStart{parcel.model, parcel.ticket, parcel.stage,
                                      static_cast<uint32_t>(parcel.network.size())});
  bytes += parcel.network;
  const absl::StatusOr<std::vector<at::Tensor>> packed = PackRow(parcel.row, &bytes);
  if (!packed.ok()) return packed.status();
  return communicator_.SendComputed(to, std::move(bytes), *packed);
}

// A rank whose device has failed for good ends; the others see it go.
absl::Status HandOver::TellFailure(uint64_t ticket, const absl::Status& failure) {
  if (communicator_.rank() == kLeader) {
    Arrived(ticket, failure);
    return absl::OkStatus();
  }
  std::string bytes =
      Begin(Topic::kFailure, FailureStart{ticket, static_cast<int64_t>(failure.code())});
  absl::StrAppend(&bytes, "rank ", communicator_.rank(), ": ", failure.message());
  const absl::Status told = communicator_.SendMessage(kLeader, std::move(bytes));
  return absl::IsUnavailable(failure) ? failure : told;
}

absl::StatusOr<HandOver::Parcel> HandOver::Open(int from, std::string_view bytes) {
  StateStart start;
  if (!Take(&bytes, &start) || bytes.size() < start.network_bytes) {
    return absl::InternalError("a rank sent half a message");
  }
  Parcel parcel{start.model,
                start.ticket,
                start.stage,
                std::string(bytes.substr(0, start.network_bytes)),
                {}};
  bytes.remove_prefix(start.network_bytes);
  absl::StatusOr<Row> row = ReceiveRow(communicator_, from, &bytes);
  if (!row.ok()) return row.status();
  parcel.row = *std::move(row);
  return parcel;
}

absl::Status HandOver::Serve(const Message& message) {
  std::string_view bytes = message.bytes;
  if (bytes.empty()) return absl::InternalError("a rank sent an empty message");
  const auto topic = static_cast<Topic>(bytes.front());
  bytes.remove_prefix(1);
  if (topic == Topic::kState) {
    absl::StatusOr<Parcel> parcel = Open(message.from, bytes);
    if (!parcel.ok()) return parcel.status();
    return Carry(*std::move(parcel));
  }
  FailureStart start;
  if (topic != Topic::kFailure || !Take(&bytes, &start)) {
    return absl::InternalError("a rank sent a message of an unknown kind");
  }
  Arrived(start.ticket,
          absl::Status(static_cast<absl::StatusCode>(start.code), std::string(bytes)));
  return absl::OkStatus();
}

}  // namespace hanga
