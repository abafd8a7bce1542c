// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A daemon under attack, and raw connections to its port.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/system/daemon.h"

namespace hanga::system {

// TOML: workers are hanga-noop-worker, which needs no LibTorch.
std::string NoopWorkers();

// A TCP connection that sends what it is told to, right or wrong. Move-only.
class RawConnection {
 public:
  explicit RawConnection(const std::string& address);  // not connected() if that fails
  RawConnection(RawConnection&& other) noexcept;
  ~RawConnection();

  bool connected() const { return socket_ >= 0; }
  bool Send(const std::string& bytes);  // false if the other side has closed
  void CloseWrites();
  // Reads until the other side closes, or for so long.
  bool AwaitClosed(absl::Duration patience);

 private:
  int socket_ = -1;
};

// HTTP/2 in pieces.
std::string Preface();  // and empty SETTINGS
std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, const std::string& payload);
std::string CallHeaders(const std::string& path);  // the payload of HEADERS of a gRPC call

struct Use {
  int64_t resident_bytes = 0;
  int descriptors = 0;
};
Use UseOf(pid_t pid);

int Count(const std::string& text, const std::string& part);

}  // namespace hanga::system
