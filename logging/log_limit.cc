// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "logging/log_limit.h"

#include "absl/strings/str_cat.h"

namespace hanga {

std::string KindOfMessage(absl::string_view message) {
  constexpr size_t kLongest = 40;
  std::string kind;
  for (const char c : message) {
    if (c == '=' || c == ':' || c == '"' || kind.size() == kLongest) break;
    if (c < '0' || c > '9') kind.push_back(c);
  }
  return kind;
}

void LimitedSink::sink_it_(const spdlog::details::log_msg& message) {
  if (message.time >= window_end_) EndWindow(message.time);
  std::string name =
      KindOfMessage(absl::string_view(message.payload.data(), message.payload.size()));
  if (kinds_.size() >= kMostKinds && kinds_.find(name) == kinds_.end()) name.clear();
  Kind& kind = kinds_[name];
  kind.level = message.level;
  if (kind.passed == kBurst) {
    ++kind.left_out;
    return;
  }
  ++kind.passed;
  to_->log(message);
}

void LimitedSink::EndWindow(spdlog::log_clock::time_point now) {
  for (const auto& [name, kind] : kinds_) {
    if (kind.left_out == 0) continue;
    const std::string text =
        absl::StrCat("messages left out count=", kind.left_out, " like=\"", name, "\"");
    spdlog::details::log_msg told(now, spdlog::source_loc{}, "hangad", kind.level, text);
    to_->log(told);
  }
  kinds_.clear();
  window_end_ = now + kWindow;
}

}  // namespace hanga
