// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/system/network/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga::system {
namespace {

constexpr char kHere[] = "/proc/thread-self/ns/net";
constexpr size_t kMostFrameBytes = 2048;  // the devices' MTU is 1500

absl::Status Failed(const std::string& what) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(errno));
  return errno == EPERM || errno == EACCES ? absl::PermissionDeniedError(message)
                                           : absl::UnavailableError(message);
}

absl::Status SwitchOn(const std::string& device) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  if (ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return Failed(device + " cannot be up");
  return absl::OkStatus();
}

absl::Status SetAddress(const std::string& device, unsigned long which, const std::string& ip) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  auto& address = reinterpret_cast<sockaddr_in&>(request.ifr_addr);
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, ip.c_str(), &address.sin_addr) != 1) {
    return absl::InvalidArgumentError(ip + " is no address");
  }
  if (ioctl(socket.get(), which, &request) != 0) return Failed(device + " gets no address");
  return absl::OkStatus();
}

// A new device of the calling thread's host; what the host sends can be read from it.
absl::StatusOr<Descriptor> MakeTap(const std::string& ip) {
  Descriptor tap(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (tap.get() < 0) return Failed("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap.get(), TUNSETIFF, &request) != 0) return Failed("a TAP device");
  const std::string device = request.ifr_name;
  if (absl::Status s = SetAddress(device, SIOCSIFADDR, ip); !s.ok()) return s;
  if (absl::Status s = SetAddress(device, SIOCSIFNETMASK, "255.255.255.0"); !s.ok()) return s;
  if (absl::Status s = SwitchOn(device); !s.ok()) return s;
  return tap;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<Host> Host::Here() {
  Descriptor space(open(kHere, O_RDONLY | O_CLOEXEC));
  if (space.get() < 0) return Failed(kHere);
  return Host(std::move(space));
}

absl::StatusOr<Host> Host::Move() {
  if (unshare(CLONE_NEWNET) != 0) return Failed("a network namespace");
  if (absl::Status s = SwitchOn("lo"); !s.ok()) return s;
  return Here();
}

absl::StatusOr<Host> Host::Make() {
  const auto home = Here();
  if (!home.ok()) return home.status();
  auto made = Move();
  if (setns(home->space_.get(), CLONE_NEWNET) != 0) return Failed("the way back");
  return made;
}

absl::Status Host::On(const std::function<absl::Status()>& call) const {
  const auto home = Here();
  if (!home.ok()) return home.status();
  if (setns(space_.get(), CLONE_NEWNET) != 0) return Failed("a network namespace");
  const absl::Status status = call();
  if (setns(home->space_.get(), CLONE_NEWNET) != 0) return Failed("the way back");
  return status;
}

absl::StatusOr<std::unique_ptr<Wire>> Wire::Join(const Host& left, const std::string& left_ip,
                                                 const Host& right, const std::string& right_ip) {
  Descriptor ends[2];
  for (const auto& [host, ip, end] :
       {std::tuple{&left, &left_ip, &ends[0]}, std::tuple{&right, &right_ip, &ends[1]}}) {
    const absl::Status made = host->On([&, ip = ip, end = end] {
      auto tap = MakeTap(*ip);
      if (tap.ok()) *end = *std::move(tap);
      return tap.status();
    });
    if (!made.ok()) return made;
  }
  return std::unique_ptr<Wire>(new Wire(std::move(ends[0]), std::move(ends[1])));
}

Wire::Wire(Descriptor left, Descriptor right)
    : left_(std::move(left)),
      right_(std::move(right)),
      stop_(eventfd(0, EFD_CLOEXEC)),
      carrier_([this] { Carry(); }) {}

Wire::~Wire() {
  eventfd_write(stop_.get(), 1);
  carrier_.join();
}

void Wire::Carry() {
  Direction directions[] = {{left_.get(), right_.get(), {}}, {right_.get(), left_.get(), {}}};
  while (true) {
    absl::Time next = absl::InfiniteFuture();
    for (const Direction& direction : directions) {
      if (!direction.frames.empty()) next = std::min(next, direction.frames.front().due);
    }
    pollfd wanted[] = {
        {left_.get(), POLLIN, 0}, {right_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    const timespec wait =
        absl::ToTimespec(std::clamp(next - absl::Now(), absl::ZeroDuration(), absl::Seconds(1)));
    ppoll(wanted, 3, &wait, nullptr);
    if (wanted[2].revents != 0) return;
    for (Direction& direction : directions) {
      Take(direction);
      Deliver(direction, absl::Now());
    }
  }
}

void Wire::Take(Direction& direction) {
  char bytes[kMostFrameBytes];
  for (ssize_t size; (size = read(direction.from, bytes, sizeof(bytes))) > 0;) {
    if (cut_ || std::uniform_real_distribution<>()(random_) < loss_) {
      ++lost_;
      continue;
    }
    direction.frames.push_back({absl::Now() + absl::Nanoseconds(delay_ns_.load()),
                                std::string(bytes, static_cast<size_t>(size))});
  }
}

void Wire::Deliver(Direction& direction, absl::Time now) {
  for (; !direction.frames.empty() && direction.frames.front().due <= now;
       direction.frames.pop_front()) {
    const std::string& bytes = direction.frames.front().bytes;
    if (cut_ || write(direction.to, bytes.data(), bytes.size()) < 0) ++lost_;
  }
}

}  // namespace hanga::system
