// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Keeps a storm of like events from filling a disk: of each kind, a burst passes, and then one line
// says how many were left out.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"

namespace hanga {

// What a message is about: its text before the first value, without digits, so that messages which
// differ in an id are of one kind. At most 40 characters.
std::string KindOfMessage(absl::string_view message);

// Thread-safe.
class LimitedSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  static constexpr int kBurst = 100;  // of one kind within a window
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr size_t kMostKinds = 256;  // further ones count as one kind

  explicit LimitedSink(std::shared_ptr<spdlog::sinks::sink> to) : to_(std::move(to)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override { to_->flush(); }
  void set_pattern_(const std::string& pattern) override { to_->set_pattern(pattern); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    to_->set_formatter(std::move(formatter));
  }

 private:
  struct Kind {
    int passed = 0, left_out = 0;
    spdlog::level::level_enum level = spdlog::level::info;
  };
  void EndWindow(spdlog::log_clock::time_point now);

  const std::shared_ptr<spdlog::sinks::sink> to_;
  std::map<std::string, Kind> kinds_;
  spdlog::log_clock::time_point window_end_;
};

}  // namespace hanga
