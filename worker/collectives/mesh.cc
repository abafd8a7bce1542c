// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/mesh.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "worker/collectives/meeting.h"

namespace hanga {
namespace {

// Beyond these a peer is not following the protocol: no rank runs so far ahead of another.
constexpr size_t kMaxWaiting = 100'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Mesh>> Mesh::Join(const Listener& listener, MeshOptions options,
                                                 int* suspect) {
  *suspect = -1;
  absl::StatusOr<std::vector<Socket>> sockets = Meet(listener, options, suspect);
  if (!sockets.ok()) return sockets.status();
  std::unique_ptr<Mesh> mesh(new Mesh(std::move(options)));
  mesh->Connect(*std::move(sockets));
  return mesh;
}

Mesh::Mesh(MeshOptions options) : options_(std::move(options)), patience_(options_.patience) {}

void Mesh::Connect(std::vector<Socket> sockets) {
  for (int peer = 0; peer < size(); ++peer) {
    links_.push_back(nullptr);
    if (peer == rank()) continue;
    links_.back() = std::make_unique<PeerLink>(
        std::move(sockets[peer]), options_.patience,
        PeerLink::Events{[this, peer](Frame frame) { return Arrive(peer, std::move(frame)); },
                         [this, peer](const absl::Status& status) { Failed(peer, status); }});
  }
  for (const auto& link : links_) {
    if (link != nullptr) link->Start();
  }
}

Mesh::~Mesh() {
  Break("it was left", -1);
  links_.clear();
}

absl::Status Mesh::Send(int to, Frame frame) {
  if (absl::Status broken = status(); !broken.ok()) return broken;
  links_[to]->Send(std::move(frame));
  return absl::OkStatus();
}

int Mesh::Find(int from, Channel channel) const {
  for (size_t i = 0; i < inbox_.size(); ++i) {
    if (inbox_[i].frame.channel == channel && (from < 0 || inbox_[i].from == from)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

absl::StatusOr<Mesh::Arrived> Mesh::Receive(int from, Channel channel, absl::Duration wait) {
  struct Wanted {
    Mesh* mesh;
    int from;
    Channel channel;
    int at = -1;
  } wanted{this, from, channel};
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(
                              +[](Wanted* w) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                                w->at = w->mesh->Find(w->from, w->channel);
                                return w->at >= 0 || !w->mesh->status_.ok();
                              },
                              &wanted),
                          wait);
  if (!status_.ok()) return status_;
  if (wanted.at < 0) {
    return absl::DeadlineExceededError(
        absl::StrCat("nothing came within ", absl::FormatDuration(wait)));
  }
  Arrived arrived = std::move(inbox_[wanted.at]);
  inbox_.erase(inbox_.begin() + wanted.at);
  return arrived;
}

bool Mesh::Arrive(int from, Frame frame) {
  {
    const absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return false;
    if (inbox_.size() < kMaxWaiting) {
      inbox_.push_back({from, std::move(frame)});
      return true;
    }
  }
  Failed(from, absl::InternalError("sent more than anyone takes"));
  return false;
}

void Mesh::Failed(int peer, const absl::Status& status) {
  // One that has closed its side may merely have been the first to see another one go.
  const bool silent = absl::IsDeadlineExceeded(status);
  Break(absl::StrCat(options_.names[peer], " (rank ", peer, ") ", status.message(),
                     silent ? absl::StrCat(" for ", absl::FormatDuration(patience())) : ""),
        silent ? peer : -1);
}

void Mesh::set_patience(absl::Duration patience) {
  {
    const absl::MutexLock lock(&mutex_);
    patience_ = patience;
  }
  for (const auto& link : links_) {
    if (link != nullptr) link->set_patience(patience);
  }
}

absl::Duration Mesh::patience() const {
  const absl::MutexLock lock(&mutex_);
  return patience_;
}

void Mesh::Break(const std::string& why, int suspect) {
  {
    const absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return;
    status_ = absl::AbortedError(why);
    suspect_ = suspect;
    inbox_.clear();
  }
  for (const auto& link : links_) {
    if (link != nullptr) link->Stop();
  }
}

absl::Status Mesh::status() const {
  const absl::MutexLock lock(&mutex_);
  return status_;
}

int Mesh::suspect() const {
  const absl::MutexLock lock(&mutex_);
  return suspect_;
}

void Mesh::AwaitBroken() {
  const absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](Mesh* mesh) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mesh->mutex_) { return !mesh->status_.ok(); },
      this));
}

}  // namespace hanga
