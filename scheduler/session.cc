// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/session.h"

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/farewell.h"

namespace hanga {
namespace {

constexpr uint64_t kMaxPieceBytes = 1 << 20;
constexpr uint64_t kMaxCheckpointBytes = 64 << 20;

}  // namespace

void SendVerdictTo(WorkerSink& sink, const v1::AttemptRef& ref, absl::StatusCode code,
                   absl::string_view message) {
  v1::AttachResponse response;
  *response.mutable_task_verdict()->mutable_attempt() = ref;
  response.mutable_task_verdict()->set_code(static_cast<int>(code));
  response.mutable_task_verdict()->set_message(std::string(message));
  sink.Send(std::move(response));
}

void Session::SendVerdict(const v1::AttemptRef& ref, absl::StatusCode code,
                          absl::string_view message) const {
  SendVerdictTo(*sink_, ref, code, message);
}

void Session::Dismiss(absl::string_view reason, absl::string_view message, bool retry) {
  v1::Goodbye goodbye;
  goodbye.set_reason(std::string(reason));
  goodbye.set_message(std::string(message));
  goodbye.set_retry(retry);
  SendAway(*sink_, goodbye);
}

void Session::OnMessage(v1::AttachRequest message) {
  using Message = v1::AttachRequest;
  if (message.message_case() == Message::kHello) {
    if (worker_id_.empty()) {
      core_.OnHello(*this, std::move(*message.mutable_hello()));
    } else {
      Dismiss("BAD_HELLO", "a second hello on one stream", false);
    }
    return;
  }
  if (worker_id_.empty()) {
    Dismiss("BAD_HELLO", "the first message must be a hello", false);
    return;
  }
  if (!core_.Heard(*this)) return;  // another stream has taken its place
  switch (message.message_case()) {
    case Message::kHeartbeat:
      return core_.OnHeartbeat(*this, message.heartbeat());
    case Message::kModelReport:
      return core_.OnModelReport(*this, std::move(*message.mutable_model_report()));
    case Message::kTaskUpdate:
      return core_.OnTaskUpdate(*this, std::move(*message.mutable_task_update()));
    case Message::kChunk:
      return OnChunk(message.chunk());
    case Message::kTaskResult:
      return OnResult(std::move(*message.mutable_task_result()));
    case Message::kTaskCheckpoint:
      return OnCheckpoint(message.task_checkpoint());
    case Message::kInputRequest:
      return core_.OnInputRequest(*this, message.input_request());
    case Message::kDrained:
      return core_.OnDrained(*this);
    case Message::kGroupReport:
      return core_.OnGroupReport(*this, message.group_report());
    case Message::kHello:
    case Message::MESSAGE_NOT_SET:
      return Dismiss("BAD_MESSAGE", "an empty message, or one of a newer protocol", false);
  }
}

void Session::OnClosed() { core_.OnClosed(*this); }

void Session::Fail(const v1::AttemptRef& ref, absl::string_view reason, absl::string_view message,
                   bool retryable) {
  incoming_.erase(ref.token());
  v1::TaskResult result;
  *result.mutable_attempt() = ref;
  result.set_outcome(v1::TASK_OUTCOME_FAILED);
  result.mutable_error()->set_reason(std::string(reason));
  result.mutable_error()->set_message(std::string(message));
  result.set_retryable(retryable);
  core_.OnEndedAttempt(*this, result);
}

bool Session::Receive(const v1::AttemptRef& ref, uint64_t offset, const std::string& data,
                      uint64_t max_bytes) {
  AttemptFile file;
  if (!core_.IsCurrent(*this, ref, &file)) {
    incoming_.erase(ref.token());
    return false;
  }
  if (data.size() > kMaxPieceBytes || offset > max_bytes || data.size() > max_bytes - offset) {
    Fail(ref, "RESULT_TOO_LARGE",
         absl::StrCat("a result may have ", max_bytes, " bytes, in pieces of ", kMaxPieceBytes),
         false);
    return false;
  }
  Incoming& incoming = incoming_[ref.token()];
  if (offset == 0) {  // begins anew, after a reconnect too
    auto bytes = core_.artifacts_.Receive(file, data.size());
    if (!bytes.ok()) {
      Fail(ref, absl::IsResourceExhausted(bytes.status()) ? "NO_SPACE" : "INTERNAL",
           bytes.status().message(), false);
      return false;
    }
    incoming = {file, *std::move(bytes), core_.Elapsed()};
  } else if (incoming.bytes == nullptr || incoming.bytes->size() != offset) {
    Fail(ref, "RESULT_DAMAGED", "a piece of the result does not follow the one before", true);
    return false;
  }
  if (const auto status = incoming.bytes->Append(data); !status.ok()) {
    Fail(ref, absl::IsResourceExhausted(status) ? "NO_SPACE" : "INTERNAL", status.message(), false);
    return false;
  }
  v1::AttachResponse response;
  *response.mutable_chunk_ack()->mutable_attempt() = ref;
  response.mutable_chunk_ack()->set_received_bytes(incoming.bytes->size());
  sink_->Send(std::move(response));
  return true;
}

void Session::OnChunk(const v1::Chunk& chunk) {
  Receive(chunk.attempt(), chunk.offset(), chunk.data(), core_.options_.max_artifact_bytes);
}

void Session::OnCheckpoint(const v1::TaskCheckpoint& piece) {
  const v1::AttemptRef& ref = piece.attempt();
  if (!Receive(ref, piece.offset(), piece.data(), kMaxCheckpointBytes) || !piece.last()) return;
  Incoming incoming = std::move(incoming_.extract(ref.token()).mapped());
  const auto status = core_.artifacts_.PublishCheckpoint(*incoming.bytes, incoming.file);
  core_.OnSaved(*this, ref, incoming.file, piece.step(), incoming.bytes->size(), status);
}

void Session::OnResult(v1::TaskResult result) {
  if (result.outcome() == v1::TASK_OUTCOME_SUCCEEDED) {
    OnSucceeded(result);
  } else {
    incoming_.erase(result.attempt().token());
    core_.OnEndedAttempt(*this, result);
  }
}

void Session::OnSucceeded(const v1::TaskResult& result) {
  const v1::AttemptRef& ref = result.attempt();
  const auto it = incoming_.find(ref.token());
  const bool complete = it != incoming_.end() && it->second.bytes->size() == result.size_bytes() &&
                        it->second.bytes->Seal() == result.sha256();
  if (!complete) {
    Fail(ref, "RESULT_DAMAGED", "the result's bytes are not those that were announced", true);
    return;
  }
  Incoming incoming = std::move(it->second);
  incoming_.erase(it);
  ArtifactRecord record;
  record.content_type = result.content_type();
  record.size_bytes = result.size_bytes();
  record.sha256 = result.sha256();
  record.width = result.width();
  record.height = result.height();
  const absl::Duration received = core_.Elapsed();
  if (!core_.BeginPublishing(*this, result, received - incoming.begun, &record)) return;
  const auto status = core_.artifacts_.PublishArtifact(*incoming.bytes, incoming.file);
  core_.ObserveSync(core_.Elapsed() - received);
  core_.OnPublished(*this, ref, std::move(record), status);
}

}  // namespace hanga
