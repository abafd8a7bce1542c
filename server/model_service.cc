// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/model_service.h"

namespace hanga {

grpc::ServerUnaryReactor* ModelServiceImpl::ListModels(grpc::CallbackServerContext* call,
                                                       const v1::ListModelsRequest* request,
                                                       v1::ListModelsResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(call, MoveInto(context_.scheduler->ListModels(*request), response));
}

grpc::ServerUnaryReactor* ModelServiceImpl::GetModel(grpc::CallbackServerContext* call,
                                                     const v1::GetModelRequest* request,
                                                     v1::GetModelResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kRead, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(
      call, MoveInto(context_.scheduler->GetModel(request->name()), response->mutable_model()));
}

grpc::ServerUnaryReactor* ModelServiceImpl::LoadModel(grpc::CallbackServerContext* call,
                                                      const v1::LoadModelRequest* request,
                                                      v1::LoadModelResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kAdmin, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(call, MoveInto(context_.scheduler->LoadModel(*request), response));
}

grpc::ServerUnaryReactor* ModelServiceImpl::UnloadModel(grpc::CallbackServerContext* call,
                                                        const v1::UnloadModelRequest* request,
                                                        v1::UnloadModelResponse* response) {
  auto caller = AuthorizeCaller(*context_.authorizer, Role::kAdmin, *call);
  if (!caller.ok()) return FinishUnary(call, caller.status());
  return FinishUnary(call, MoveInto(context_.scheduler->UnloadModel(*request), response));
}

}  // namespace hanga
