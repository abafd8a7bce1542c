// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/worker_link_service.h"

#include "server/link_stream.h"

namespace hanga {
namespace {

class Refused : public grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse> {
 public:
  explicit Refused(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>* WorkerLinkServiceImpl::Attach(
    grpc::CallbackServerContext* call) {
  auto identity = Authorize(*context_.authorizer, Role::kWorker, *call);
  if (!identity.ok()) return new Refused(identity.status());
  return std::make_shared<LinkStream>(context_, call, *std::move(identity), &local_workers_)
      ->Open();
}

}  // namespace hanga
