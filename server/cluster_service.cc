// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/cluster_service.h"

namespace hanga {

grpc::ServerUnaryReactor* ClusterServiceImpl::ListWorkers(grpc::CallbackServerContext* call,
                                                          const v1::ListWorkersRequest* request,
                                                          v1::ListWorkersResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(call, MoveInto(context_.scheduler->ListWorkers(*request), response));
}

grpc::ServerUnaryReactor* ClusterServiceImpl::DrainWorker(grpc::CallbackServerContext* call,
                                                          const v1::DrainWorkerRequest* request,
                                                          v1::DrainWorkerResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kAdmin, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(
      call, MoveInto(context_.scheduler->DrainWorker(*request), response->mutable_worker()));
}

grpc::ServerUnaryReactor* ClusterServiceImpl::UndrainWorker(grpc::CallbackServerContext* call,
                                                            const v1::UndrainWorkerRequest* request,
                                                            v1::UndrainWorkerResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kAdmin, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(call, MoveInto(context_.scheduler->UndrainWorker(request->name()),
                                    response->mutable_worker()));
}

}  // namespace hanga
