// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What travels between two ranks: a small head, and a body that is a tensor's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace hanga {

enum class Channel : uint32_t { kPing = 0, kMessage = 1, kTensor = 2 };
inline constexpr uint32_t kChannels = 3;

inline constexpr uint64_t kMaxHeadBytes = uint64_t{1} << 20;
inline constexpr uint64_t kMaxBodyBytes = uint64_t{16} << 30;

// Bytes that somebody keeps alive; of a received body aligned as allocators of tensors do.
struct Body {
  std::shared_ptr<void> data;
  uint64_t bytes = 0;
};

struct Frame {
  Channel channel = Channel::kPing;
  std::string head;
  Body body;
};

// On the wire, before head and body; integers in the hosts' byte order.
struct FrameStart {
  uint32_t channel;
  uint32_t head_bytes;
  uint64_t body_bytes;
};
static_assert(sizeof(FrameStart) == 16);

}  // namespace hanga
