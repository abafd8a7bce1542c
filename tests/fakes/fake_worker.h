// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A worker that says what the test makes it say, and remembers what it is told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "scheduler/scheduler.h"

namespace hanga {

class FakeWorker {
 public:
  // Not connected yet.
  FakeWorker(std::string id, uint64_t incarnation)
      : id_(std::move(id)), incarnation_(incarnation) {}

  // Says hello on a new stream, then reports every model that it is welcomed with as usable.
  void Connect(Scheduler& scheduler, uint32_t max_tasks = 1);
  // The stream breaks off; what is held stays held.
  void Disconnect();
  void Heartbeat(bool healthy = true);

  void Report(const std::string& model, v1::ModelState state, bool loaded = false);
  void Update(const v1::AttemptRef& attempt, uint32_t step, const std::string& preview = "");
  // Sends a result's bytes and its end.
  void Succeed(const v1::AttemptRef& attempt, const std::string& bytes);
  void Fail(const v1::AttemptRef& attempt, const std::string& reason, bool retryable = true);
  void End(const v1::AttemptRef& attempt, v1::TaskOutcome outcome);
  void Save(const v1::AttemptRef& attempt, uint32_t step, const std::string& bytes);
  void SayDrained();
  void ReportGroup(uint64_t group, bool ready, const std::string& problem = "", int suspect = -1);
  void Say(v1::AttachRequest message);

  // Said by the scheduler so far, oldest first; what is taken is forgotten.
  std::vector<v1::Assignment> TakeAssignments();
  std::vector<v1::AttemptRef> TakeCancels();
  std::vector<v1::TaskVerdict> TakeVerdicts();
  std::vector<v1::Goodbye> TakeGoodbyes();
  int TakeDrains();
  std::vector<v1::SetGroup> TakeGroups();
  std::vector<v1::HoldModel> TakeHolds();
  std::vector<v1::InputPiece> TakeInputPieces();
  bool closed() const;

  // What it will say that it holds: assignments without a verdict.
  std::vector<v1::AttemptRef>& holding() { return holding_; }
  const std::string& id() const { return id_; }
  v1::Hello& hello() { return hello_; }  // for a wrong one: change it before Connect()
  v1::Model& facts() { return facts_; }  // what it reports of every model beside the usual

 private:
  class Sink;

  const std::string id_;
  const uint64_t incarnation_;
  v1::Hello hello_;
  v1::Model facts_;
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<WorkerSession> session_;
  std::vector<v1::AttemptRef> holding_;
};

}  // namespace hanga
