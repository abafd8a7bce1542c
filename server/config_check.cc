// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What only the whole configuration can tell, flags included.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "placement/expression.h"
#include "server/config.h"
#include "server/devices.h"

namespace hanga {
namespace {

absl::Status CheckTls(const ServerConfig& server) {
  const TlsConfig& tls = server.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError(
        "server.tls: a certificate needs its key and a key its certificate; set both or neither");
  }
  if (!tls.client_ca.empty() && !tls.enabled()) {
    return absl::InvalidArgumentError(
        "server.tls.client_ca asks clients for certificates, which needs certificate and key");
  }
  const auto address = ParseHostPort(server.listen);
  if (!address.ok()) return address.status();
  if (!IsLoopback(address->host) && !tls.enabled() && !server.insecure) {
    return absl::FailedPreconditionError(absl::StrCat(
        "server.listen is ", server.listen,
        ", which other hosts can reach, and there is no TLS: set server.tls.certificate and "
        "server.tls.key, listen on 127.0.0.1, or write insecure = true"));
  }
  return absl::OkStatus();
}

absl::Status CheckCanary(const Config& config) {
  const std::string& name = config.canary.model;
  if (name.empty()) return absl::OkStatus();
  const bool offered = std::any_of(config.models.begin(), config.models.end(),
                                   [&](const ModelConfig& model) { return model.name == name; });
  if (offered) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("canary.model is '", name, "', which is no [[model]]'s name"));
}

absl::Status CheckWorkers(const WorkersConfig& workers) {
  if (auto devices = ParseDevices(workers.devices); !devices.ok()) return devices.status();
  if (workers.lease < 2 * workers.heartbeat) {
    return absl::InvalidArgumentError(absl::StrCat(
        "workers.lease is ", absl::FormatDuration(workers.lease),
        "; it must be at least twice workers.heartbeat, which is ",
        absl::FormatDuration(workers.heartbeat), ", so that one late heartbeat costs nothing"));
  }
  if (workers.restart_least > workers.restart_most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "workers.restart_least is ", absl::FormatDuration(workers.restart_least),
        ", more than workers.restart_most, which is ", absl::FormatDuration(workers.restart_most)));
  }
  return absl::OkStatus();
}

// Whether a worker of this server may have the device. What workers of other hosts have is not
// known here: only GPUs beyond this host's own are refused, where it has any and uses them.
bool MayExist(absl::string_view name, const std::vector<std::string>& devices) {
  int index = 0;
  if (!absl::ConsumePrefix(&name, "cuda:") || !absl::SimpleAtoi(name, &index)) return true;
  const int gpus = CountGpus();
  return index < gpus || gpus == 0 || devices.empty() ||
         std::find(devices.begin(), devices.end(), absl::StrCat("cuda:", index)) != devices.end();
}

absl::Status CheckPlacement(const ModelConfig& model, const std::vector<std::string>& devices) {
  if (model.placement == "auto") return absl::OkStatus();
  const auto in_model = [&](const absl::Status& status) {
    return absl::InvalidArgumentError(
        absl::StrCat("model '", model.name, "', placement: ", status.message()));
  };
  const auto expression = placement::ParseExpression(model.placement);
  if (!expression.ok()) return in_model(expression.status());
  for (const placement::DeviceRef& device : placement::DevicesOf(*expression)) {
    if (MayExist(device.name, devices)) continue;
    return in_model(placement::ExpressionError(
        model.placement, device.offset,
        absl::StrCat("a device of this host, which has ", CountGpus(), " GPUs"),
        "cuda:0, or cpu for host memory"));
  }
  return absl::OkStatus();
}

absl::Status CheckPlacements(const Config& config) {
  for (const ModelConfig& model : config.models) {
    const absl::Status status = CheckPlacement(model, config.workers.devices);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

template <typename Items>
absl::Status CheckUnique(absl::string_view kind, const Items& items) {
  std::set<absl::string_view> names;
  for (const auto& item : items) {
    if (!names.insert(item.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("there are two [[", kind, "]] named '", item.name, "'; names are unique"));
    }
  }
  return absl::OkStatus();
}

// A worker is in one group, whose size is the same for every model that it runs.
absl::Status CheckGroups(const Config& config) {
  const ModelConfig* first = nullptr;
  for (const ModelConfig& model : config.models) {
    if (model.group_size <= 1) continue;
    if (first == nullptr) first = &model;
    if (model.group_size == first->group_size) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("model.group_size is ", first->group_size, " for '", first->name, "' and ",
                     model.group_size, " for '", model.name, "'; a server has groups of one size"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConfig(const Config& config) {
  for (const absl::Status& status :
       {CheckTls(config.server), CheckWorkers(config.workers), CheckUnique("model", config.models),
        CheckUnique("tenant", config.tenants), CheckCanary(config), CheckGroups(config),
        CheckPlacements(config)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view address) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("is '", address, "'; expected HOST:PORT like 127.0.0.1:9876 or [::1]:9876"));
  };
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return wrong();
  absl::string_view host = address.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  HostPort parsed{std::string(host), 0};
  const bool bare_v6 = !bracketed && host.find(':') != absl::string_view::npos;
  if (bare_v6 || !absl::SimpleAtoi(std::string(address.substr(colon + 1)), &parsed.port) ||
      parsed.port < 0 || parsed.port > 65535) {
    return wrong();
  }
  return parsed;
}

bool IsLoopback(absl::string_view host) {
  const std::string text(host);
  if (text == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace hanga
