// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What one stream of a worker has said so far: whether it said hello, and the results that it is
// sending. Bytes go to the disk here, without the scheduler's lock.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "scheduler/artifact_store.h"
#include "scheduler/worker_session.h"

namespace hanga {

class Core;

// As WorkerSession. Must be gone before the scheduler.
class Session final : public WorkerSession {
 public:
  Session(Core& core, std::string allowed_id, std::shared_ptr<WorkerSink> sink)
      : core_(core), allowed_id_(std::move(allowed_id)), sink_(std::move(sink)) {}
  ~Session() override { OnClosed(); }

  void OnMessage(v1::AttachRequest message) override;
  void OnClosed() override;

  const std::string& allowed_id() const { return allowed_id_; }
  const std::string& worker_id() const { return worker_id_; }  // empty before the hello
  void set_worker_id(std::string id) { worker_id_ = std::move(id); }
  const std::shared_ptr<WorkerSink>& sink() const { return sink_; }

  void SendVerdict(const v1::AttemptRef& ref, absl::StatusCode code,
                   absl::string_view message) const;

 private:
  // A result or a checkpoint on its way.
  struct Incoming {
    AttemptFile file;
    std::unique_ptr<DurableFile> bytes;
    absl::Duration begun;  // by Clock::Elapsed
  };

  void OnChunk(const v1::Chunk& chunk);
  void OnCheckpoint(const v1::TaskCheckpoint& piece);
  void OnResult(v1::TaskResult result);
  void OnSucceeded(const v1::TaskResult& result);
  // Takes the next piece and acknowledges it. False: refused, and the task told so.
  bool Receive(const v1::AttemptRef& ref, uint64_t offset, const std::string& data,
               uint64_t max_bytes);
  void Fail(const v1::AttemptRef& ref, absl::string_view reason, absl::string_view message,
            bool retryable);
  void Dismiss(absl::string_view reason, absl::string_view message, bool retry);

  Core& core_;
  const std::string allowed_id_;
  const std::shared_ptr<WorkerSink> sink_;
  std::string worker_id_;
  std::map<uint64_t, Incoming> incoming_;  // by attempt token
};

void SendVerdictTo(WorkerSink& sink, const v1::AttemptRef& ref, absl::StatusCode code,
                   absl::string_view message);

}  // namespace hanga
