// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What every service has at hand, and the checks that begin every call.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/statusor.h"
#include "scheduler/job_state.h"
#include "scheduler/scheduler.h"
#include "server/auth.h"
#include "server/errors.h"
#include "server/open_streams.h"
#include "server/task_pool.h"
#include "server/timers.h"

namespace hanga {

// Not owned; outlives the gRPC server.
struct ServiceContext {
  Scheduler* scheduler;
  const Authorizer* authorizer;
  TaskPool* pool;
  Timers* timers;
  OpenStreams* streams;
  absl::Duration keep_alive = absl::Seconds(15);  // between messages of a followed job
};

// Who calls, if its role reaches; see Authorizer::Require.
absl::StatusOr<Identity> Authorize(const Authorizer& authorizer, Role role,
                                   const grpc::CallbackServerContext& call);

// The same as the scheduler sees it.
absl::StatusOr<Caller> AuthorizeCaller(const Authorizer& authorizer, Role role,
                                       const grpc::CallbackServerContext& call);

// Scheduler::Submit, on the pool where an earlier result is looked for on the disk.
void SubmitOn(const ServiceContext& context, const Caller& caller,
              const v1::SubmitJobRequest& request, Scheduler::JobDone done);

// A unary call that ends at once.
grpc::ServerUnaryReactor* FinishUnary(grpc::CallbackServerContext* call,
                                      const absl::Status& status);

// A unary call that ends with what `work` returns on the pool.
template <typename Work>
grpc::ServerUnaryReactor* RunUnary(TaskPool* pool, grpc::CallbackServerContext* call, Work work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  pool->Run([reactor, work = std::move(work)]() mutable { reactor->Finish(ToGrpc(work())); });
  return reactor;
}

// Fills `*field` with the value, or says why there is none.
template <typename Value, typename Field>
absl::Status MoveInto(absl::StatusOr<Value> value, Field* field) {
  if (value.ok()) *field = *std::move(value);
  return value.status();
}

}  // namespace hanga
