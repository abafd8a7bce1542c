// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace hanga {
namespace {

absl::Status Failed(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// Whether the descriptor became ready; hang-ups count, the call that follows tells them.
bool Await(int fd, short events, absl::Duration wait) {
  pollfd poll_fd{fd, events, 0};
  const absl::Time deadline = absl::Now() + wait;
  for (;;) {
    const double left =
        std::clamp(absl::ToDoubleMilliseconds(deadline - absl::Now()), 0.0, 1'000'000.0);
    const int ready = poll(&poll_fd, 1, static_cast<int>(left) + 1);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

struct Address {
  sockaddr_storage storage = {};
  socklen_t bytes = 0;
  std::string host, path;  // of TCP, of unix

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

absl::StatusOr<Address> Resolve(const std::string& text) {
  Address address;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
    if (rest.empty() || rest.size() >= sizeof(unix_address.sun_path)) {
      return absl::InvalidArgumentError(absl::StrCat("address ", text, ": a path of 1 to ",
                                                     sizeof(unix_address.sun_path) - 1,
                                                     " bytes must follow unix:"));
    }
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, rest.data(), rest.size());
    address.bytes = sizeof(sockaddr_un);
    address.path = std::string(rest);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", text, ": expected HOST:PORT, [v6]:PORT or unix:PATH"));
  }
  address.host = text.substr(0, colon);
  std::string bare = address.host;
  if (bare.front() == '[' && bare.back() == ']') bare = bare.substr(1, bare.size() - 2);
  addrinfo hints = {}, *found = nullptr;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(bare.c_str(), text.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat("address ", text, ": ", gai_strerror(error)));
  }
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.bytes = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

absl::StatusOr<Socket> NewSocket(const Address& address) {
  Socket made(socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.valid()) return Failed("a socket");
  return made;
}

// Activations are large and their headers small: neither may wait for the other.
void Tune(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int buffer = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

void Socket::Shutdown() const {
  if (fd_ >= 0) shutdown(fd_, SHUT_RDWR);
}

absl::Status Socket::Read(void* data, size_t bytes, absl::Duration patience) const {
  auto* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = recv(fd_, at, bytes, 0);
    if (got > 0) {
      at += got;
      bytes -= static_cast<size_t>(got);
    } else if (got == 0) {
      return absl::UnavailableError("closed the connection");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!Await(fd_, POLLIN, patience)) return absl::DeadlineExceededError("is silent");
    } else if (errno != EINTR) {
      return Failed("the connection failed");
    }
  }
  return absl::OkStatus();
}

absl::Status Socket::Write(const void* data, size_t bytes, absl::Duration patience) const {
  const auto* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = send(fd_, at, bytes, MSG_NOSIGNAL);
    if (put >= 0) {
      at += put;
      bytes -= static_cast<size_t>(put);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!Await(fd_, POLLOUT, patience)) return absl::DeadlineExceededError("takes nothing");
    } else if (errno != EINTR) {
      return Failed("the connection failed");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Listener> Listener::Open(const std::string& text) {
  const absl::StatusOr<Address> address = Resolve(text);
  if (!address.ok()) return address.status();
  absl::StatusOr<Socket> made = NewSocket(*address);
  if (!made.ok()) return made.status();
  const int on = 1;
  setsockopt(made->fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (!address->path.empty()) unlink(address->path.c_str());  // of a process that was killed
  if (bind(made->fd(), address->get(), address->bytes) != 0 || listen(made->fd(), SOMAXCONN) != 0) {
    return Failed(absl::StrCat("cannot listen on ", text));
  }
  if (!address->path.empty()) return Listener(*std::move(made), text, address->path);
  sockaddr_storage bound = {};
  socklen_t bytes = sizeof(bound);
  getsockname(made->fd(), reinterpret_cast<sockaddr*>(&bound), &bytes);
  const uint16_t port =
      ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                        : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  return Listener(*std::move(made), absl::StrCat(address->host, ":", port), "");
}

Listener::~Listener() {
  if (socket_.valid() && !path_.empty()) unlink(path_.c_str());
}

absl::StatusOr<Socket> Listener::Accept(absl::Duration wait) const {
  if (!Await(socket_.fd(), POLLIN, wait)) return Socket();
  const int fd = accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) {
    Tune(fd);
    return Socket(fd);
  }
  // It went away again, or descriptors are short for a moment.
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    return absl::ResourceExhaustedError(absl::StrCat("accept: ", std::strerror(errno)));
  }
  return Socket();
}

absl::StatusOr<Socket> Connect(const std::string& text, absl::Duration patience) {
  const absl::StatusOr<Address> address = Resolve(text);
  if (!address.ok()) return address.status();
  absl::StatusOr<Socket> made = NewSocket(*address);
  if (!made.ok()) return made.status();
  if (connect(made->fd(), address->get(), address->bytes) != 0) {
    if (errno != EINPROGRESS) return Failed(absl::StrCat("cannot connect to ", text));
    if (!Await(made->fd(), POLLOUT, patience)) {
      return absl::UnavailableError(absl::StrCat(text, " does not answer"));
    }
    socklen_t bytes = sizeof(errno);
    getsockopt(made->fd(), SOL_SOCKET, SO_ERROR, &errno, &bytes);
    if (errno != 0) return Failed(absl::StrCat("cannot connect to ", text));
  }
  Tune(made->fd());
  return made;
}

}  // namespace hanga
