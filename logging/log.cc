// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "logging/log.h"

#include <grpc/support/log.h>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "logging/log_limit.h"

namespace hanga {
namespace {

// The message, and each of its key=value pairs, as members of a JSON object.
class JsonMembers : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text =
        JsonMembersOf(absl::string_view(message.payload.data(), message.payload.size()));
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMembers>();
  }
};

void LogGrpc(gpr_log_func_args* args) {
  // A peer that breaks off or sends garbage is an event of every day.
  const auto level =
      args->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;
  spdlog::log(level, "grpc message=\"{}\"", args->message);
}

bool IsKeyCharacter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

}  // namespace

std::string JsonMembersOf(absl::string_view message) {
  nlohmann::json members = {{"message", std::string(message)}};
  for (size_t equals = message.find('='); equals != absl::string_view::npos;
       equals = message.find('=', equals + 1)) {
    size_t begin = equals;
    while (begin > 0 && IsKeyCharacter(message[begin - 1])) --begin;
    if (begin == equals || (begin > 0 && message[begin - 1] != ' ')) continue;
    const std::string key(message.substr(begin, equals - begin));
    const bool quoted = equals + 1 < message.size() && message[equals + 1] == '"';
    const size_t from = equals + (quoted ? 2 : 1);
    const size_t to = std::min(message.find(quoted ? '"' : ' ', from), message.size());
    if (members.contains(key) || key == "time" || key == "level") continue;
    members[key] = std::string(message.substr(from, to - from));
    equals = to == 0 ? equals : to - 1;
  }
  const std::string text = members.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);  // without the braces
}

absl::Status StartLogging(const std::string& program, const std::string& level,
                          const std::string& format) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    return absl::InvalidArgumentError(absl::StrCat(
        "--log-level: ", level, " is not one of trace, debug, info, warn, error, off"));
  }
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("--log-format: ", format, " is not one of text, json"));
  }
  auto logger = std::make_shared<spdlog::logger>(
      program, std::make_shared<LimitedSink>(std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  if (format == "json") {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<JsonMembers>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%*})");
    logger->set_formatter(std::move(formatter));
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  }
  logger->set_level(parsed);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(&LogGrpc);
  gpr_set_log_verbosity(level == "trace" ? GPR_LOG_SEVERITY_DEBUG : GPR_LOG_SEVERITY_ERROR);
  return absl::OkStatus();
}

}  // namespace hanga
