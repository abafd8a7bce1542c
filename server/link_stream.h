// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One worker's stream. Messages are handed to the session one at a time on the pool, and the next
// one is read when the session has taken it: a worker that sends faster than the disk writes is
// held back by the connection's flow control.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "server/call.h"

namespace hanga {

class LinkStream final : public grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>,
                         public WorkerSink,
                         public std::enable_shared_from_this<LinkStream> {
 public:
  // A worker that has not said hello by then is sent away.
  static constexpr absl::Duration kHelloTime = absl::Seconds(10);
  // Messages for a worker that does not read them; beyond, the stream is broken off.
  static constexpr size_t kMostQueuedBytes = 256 << 20;

  LinkStream(const ServiceContext& context, grpc::CallbackServerContext* call, Identity identity,
             const std::set<std::string>* local_workers);

  LinkStream* Open();  // once, on a shared_ptr

  // WorkerSink
  void Send(v1::AttachResponse response) override;
  void Close(absl::Status status) override { End(std::move(status)); }

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void TakeMessage();  // on the pool
  void ReadOn();       // after it
  void CloseSession();
  void SendNext();  // on the pool
  bool MayBe(const std::string& worker_id) const;
  void Refuse(const std::string& worker_id);
  void End(absl::Status status);  // after what is queued
  void BreakOff();

  const ServiceContext context_;
  grpc::CallbackServerContext* const call_;
  const Identity identity_;
  const std::set<std::string>* const local_workers_;

  std::shared_ptr<LinkStream> self_;  // until gRPC is done
  std::shared_ptr<WorkerSession> session_;
  std::shared_ptr<Doorbell> doorbell_;
  v1::AttachRequest request_;

  absl::Mutex mutex_;
  std::deque<v1::AttachResponse> queue_ ABSL_GUARDED_BY(mutex_);  // the front one is being written
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool said_hello_ ABSL_GUARDED_BY(mutex_) = false;
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;  // a message is with the session, or on its way
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;    // gRPC is done: close the session
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;    // nothing can be written any more
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;    // nothing more is queued
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // no more operations
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hanga
