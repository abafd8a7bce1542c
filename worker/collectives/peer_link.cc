// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/peer_link.h"

#include <cstdlib>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// Well below the shortest patience, so that a ping or two may be late.
constexpr absl::Duration kPingInterval = absl::Milliseconds(100);

constexpr size_t kAlignment = 64;  // as at::empty gives: kernels may choose by it

}  // namespace

PeerLink::PeerLink(Socket socket, absl::Duration patience, Events events)
    : socket_(std::move(socket)), events_(std::move(events)) {
  set_patience(patience);
}

PeerLink::~PeerLink() {
  Stop();
  if (writer_.joinable()) writer_.join();
  if (reader_.joinable()) reader_.join();
}

void PeerLink::Start() {
  writer_ = std::thread([this] { Write(); });
  reader_ = std::thread([this] { Read(); });
}

void PeerLink::Send(Frame frame) {
  const absl::MutexLock lock(&mutex_);
  if (!stopping_) outgoing_.push_back(std::move(frame));
}

void PeerLink::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    outgoing_.clear();
  }
  socket_.Shutdown();
}

void PeerLink::Write() {
  for (;;) {
    Frame frame;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(
                                  +[](PeerLink* link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(link->mutex_) {
                                    return link->stopping_ || !link->outgoing_.empty();
                                  },
                                  this),
                              kPingInterval);
      if (stopping_) return;
      if (!outgoing_.empty()) {
        frame = std::move(outgoing_.front());
        outgoing_.pop_front();
      }
    }
    const FrameStart start = {static_cast<uint32_t>(frame.channel),
                              static_cast<uint32_t>(frame.head.size()), frame.body.bytes};
    absl::Status written = socket_.Write(&start, sizeof(start), patience());
    if (written.ok()) written = socket_.Write(frame.head.data(), frame.head.size(), patience());
    if (written.ok()) written = socket_.Write(frame.body.data.get(), frame.body.bytes, patience());
    if (!written.ok()) {
      events_.on_failed(written);
      return;
    }
  }
}

absl::Status PeerLink::ReadOne(Frame* frame) {
  FrameStart start;
  if (auto s = socket_.Read(&start, sizeof(start), patience()); !s.ok()) return s;
  if (start.channel >= kChannels || start.head_bytes > kMaxHeadBytes ||
      start.body_bytes > kMaxBodyBytes) {
    return absl::InternalError("sent what no rank sends");
  }
  frame->channel = static_cast<Channel>(start.channel);
  frame->head.resize(start.head_bytes);
  if (auto s = socket_.Read(frame->head.data(), start.head_bytes, patience()); !s.ok()) return s;
  frame->body.bytes = start.body_bytes;
  if (start.body_bytes == 0) return absl::OkStatus();
  const uint64_t rounded = (start.body_bytes + kAlignment - 1) / kAlignment * kAlignment;
  frame->body.data.reset(std::aligned_alloc(kAlignment, rounded), std::free);
  if (frame->body.data == nullptr) {
    return absl::InternalError(
        absl::StrCat("sent ", start.body_bytes, " bytes, for which there is no memory"));
  }
  return socket_.Read(frame->body.data.get(), start.body_bytes, patience());
}

void PeerLink::Read() {
  for (;;) {
    Frame frame;
    if (const absl::Status read = ReadOne(&frame); !read.ok()) {
      events_.on_failed(read);
      return;
    }
    if (frame.channel == Channel::kPing) continue;
    if (!events_.on_frame(std::move(frame))) return;
  }
}

}  // namespace hanga
