// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/call.h"

namespace hanga {

absl::StatusOr<Identity> Authorize(const Authorizer& authorizer, Role role,
                                   const grpc::CallbackServerContext& call) {
  const auto& metadata = call.client_metadata();
  const auto header = metadata.find("authorization");
  if (header == metadata.end()) return authorizer.Require(role, "");
  return authorizer.Require(role, absl::string_view(header->second.data(), header->second.size()));
}

absl::StatusOr<Caller> AuthorizeCaller(const Authorizer& authorizer, Role role,
                                       const grpc::CallbackServerContext& call) {
  auto identity = Authorize(authorizer, role, call);
  if (!identity.ok()) return identity.status();
  return Caller{.tenant = std::move(identity->tenant),
                .administrator = identity->role == Role::kAdmin};
}

grpc::ServerUnaryReactor* FinishUnary(grpc::CallbackServerContext* call,
                                      const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

void SubmitOn(const ServiceContext& context, const Caller& caller,
              const v1::SubmitJobRequest& request, Scheduler::JobDone done) {
  if (!request.spec().allow_cached_result()) {
    context.scheduler->Submit(caller, request, std::move(done));
    return;
  }
  context.pool->Run([scheduler = context.scheduler, caller, request,
                     done = std::make_shared<Scheduler::JobDone>(std::move(done))] {
    scheduler->Submit(caller, request, std::move(*done));
  });
}

}  // namespace hanga
