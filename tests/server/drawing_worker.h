// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A worker at the other end of a real gRPC stream: it takes every model for usable and draws
// "pictures" that say prompt and seed.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "hanga/v1/worker_link_service.grpc.pb.h"

namespace hanga {

class DrawingWorker {
 public:
  // Attaches at once. Held: assignments are begun, and end when Release() was called.
  DrawingWorker(std::shared_ptr<grpc::Channel> channel, const std::string& id,
                const std::string& token = "", bool held = false);
  ~DrawingWorker();  // breaks off

  void Release();
  // Of the picture that it works on.
  void ShowPreview(uint32_t step, const std::string& bytes);
  void WaitUntilWorking() { working_.WaitForNotification(); }
  // Waits for the stream's end.
  grpc::Status Ended();
  std::string goodbye();  // reason; empty if there was none

  static std::string Picture(const v1::GenerationSpec& spec);

 private:
  void Run(const std::string& id);
  void Draw(const v1::Assignment& assignment);
  void Report(const v1::ModelDeployment& deployment);
  void Write(const v1::AttachRequest& request);

  std::unique_ptr<v1::WorkerLinkService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AttachRequest, v1::AttachResponse>> stream_;
  absl::Mutex write_mutex_;
  absl::Mutex mutex_;
  std::string goodbye_ ABSL_GUARDED_BY(mutex_);
  v1::AttemptRef attempt_ ABSL_GUARDED_BY(mutex_);  // the last
  absl::Notification working_, released_;
  grpc::Status status_;
  std::thread thread_;
};

}  // namespace hanga
