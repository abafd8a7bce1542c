// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A few pages over HTTP, on a port of their own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct mg_connection;
struct mg_context;

namespace hanga {

struct HttpAnswer {
  int code = 200;
  std::string text;
  std::string content_type = "text/plain; charset=utf-8";
};

// Answers GET and HEAD of fixed paths; anything else is 404 or 405. Thread-safe.
class HttpServer {
 public:
  // Called by several threads at once.
  using Pages = std::map<std::string, std::function<HttpAnswer()>>;

  // `address` is HOST:PORT; port 0 takes any free one. FAILED_PRECONDITION as a sentence that
  // says what to do if it cannot be had.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, Pages pages);
  ~HttpServer();  // waits for answers that are being made

  int port() const { return port_; }

 private:
  explicit HttpServer(Pages pages) : pages_(std::move(pages)) {}
  int Answer(mg_connection* connection) const;

  const Pages pages_;
  mg_context* context_ = nullptr;
  int port_ = 0;
};

}  // namespace hanga
