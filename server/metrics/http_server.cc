// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/http_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/file_descriptor.h"

namespace hanga {
namespace {

int LogMessage(const mg_connection*, const char* message) {
  spdlog::debug("metrics message=\"{}\"", message);
  return 1;
}

void Send(mg_connection* connection, const HttpAnswer& answer, bool head) {
  mg_response_header_start(connection, answer.code);
  mg_response_header_add(connection, "Content-Type", answer.content_type.c_str(), -1);
  mg_response_header_add(connection, "Content-Length", std::to_string(answer.text.size()).c_str(),
                         -1);
  mg_response_header_send(connection);
  if (!head) mg_write(connection, answer.text.data(), answer.text.size());
}

// Connects to the port on loopback and goes away; nothing if it does not listen there.
void Knock(int port) {
  const FileDescriptor peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
}

}  // namespace

int HttpServer::Answer(mg_connection* connection) const {
  const mg_request_info* request = mg_get_request_info(connection);
  const bool head = std::strcmp(request->request_method, "HEAD") == 0;
  const auto page = pages_.find(request->local_uri);
  if (page == pages_.end()) {
    Send(connection, {.code = 404, .text = "there is no such page\n"}, head);
  } else if (!head && std::strcmp(request->request_method, "GET") != 0) {
    Send(connection, {.code = 405, .text = "GET and HEAD are possible\n"}, head);
  } else {
    Send(connection, page->second(), head);
  }
  return 1;  // answered
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                              Pages pages) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(pages)));
  mg_init_library(0);
  mg_callbacks callbacks{};
  callbacks.log_message = &LogMessage;
  callbacks.begin_request = [](mg_connection* connection) {
    return static_cast<HttpServer*>(mg_get_user_data(mg_get_context(connection)))
        ->Answer(connection);
  };
  // A connection is answered once and closed: idle ones must not take the threads from a probe.
  const char* options[] = {"listening_ports",
                           address.c_str(),
                           "num_threads",
                           "4",
                           "request_timeout_ms",
                           "5000",
                           "enable_keep_alive",
                           "no",
                           nullptr};
  server->context_ = mg_start(&callbacks, server.get(), options);
  if (server->context_ == nullptr) {
    mg_exit_library();
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot listen on ", address,
        " for metrics: the address is in use by another program or is not this host's; "
        "`ss -ltnp` shows who has it, --metrics-listen or metrics.listen chooses another"));
  }
  mg_server_port ports[1]{};
  if (mg_get_server_ports(server->context_, 1, ports) == 1) server->port_ = ports[0].port;
  return server;
}

HttpServer::~HttpServer() {
  if (context_ == nullptr) return;
  // Its loop looks every two seconds whether it is to end, or when somebody connects.
  std::atomic<bool> stopped = false;
  std::thread knocker([&] {
    while (!stopped) {
      Knock(port_);
      absl::SleepFor(absl::Milliseconds(10));
    }
  });
  mg_stop(context_);
  stopped = true;
  knocker.join();
  mg_exit_library();
}

}  // namespace hanga
