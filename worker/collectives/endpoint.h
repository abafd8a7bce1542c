// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stream sockets by address: "HOST:PORT", "[v6]:PORT" or "unix:PATH".
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hanga {

// Owns a socket, non-blocking. Move-only. Reading, writing and shutting down may be done by three
// threads.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  bool valid() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  // Wakes whoever reads or writes.
  void Shutdown() const;

  // UNAVAILABLE: the other side has closed it, or it failed. DEADLINE_EXCEEDED: not one byte within
  // `patience`; as long as some come, it goes on.
  absl::Status Read(void* data, size_t bytes, absl::Duration patience) const;
  absl::Status Write(const void* data, size_t bytes, absl::Duration patience) const;

 private:
  int fd_ = -1;
};

// Listens; port 0 is any free one. Connections wait in the system's queue until they are accepted.
class Listener {
 public:
  // INVALID_ARGUMENT: not an address. UNAVAILABLE: it cannot be listened on, with the reason.
  static absl::StatusOr<Listener> Open(const std::string& address);
  Listener(Listener&&) = default;
  ~Listener();

  const std::string& address() const { return address_; }  // with the port that it got
  // An invalid socket when none came within `wait`.
  absl::StatusOr<Socket> Accept(absl::Duration wait) const;

 private:
  Listener(Socket socket, std::string address, std::string path)
      : socket_(std::move(socket)), address_(std::move(address)), path_(std::move(path)) {}

  Socket socket_;
  std::string address_, path_;
};

// One attempt. UNAVAILABLE: nobody is there (yet).
absl::StatusOr<Socket> Connect(const std::string& address, absl::Duration patience);

}  // namespace hanga
