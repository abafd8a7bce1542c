// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <toml++/toml.h>

#include <cmath>
#include <initializer_list>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "placement/quantities.h"
#include "placement/topology.h"

namespace hanga::placement {
namespace {

// Reads one table key by key; the first failure stays, and keys nobody asked for are errors.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string where)
      : table_(table), where_(std::move(where)) {}

  std::string Text(const char* key) {
    const toml::node* node = Take(key);
    if (node == nullptr) return "";
    if (const auto value = node->value_exact<std::string>()) return *value;
    Fail(*node, absl::StrCat(key, " must be a string"));
    return "";
  }

  uint64_t Bytes(const char* key) {
    const toml::node* node = Take(key);
    if (node == nullptr) return 0;
    const auto text = node->value_exact<std::string>();
    if (!text) {
      Fail(*node, absl::StrCat(key, " must be a size such as \"24gb\""));
      return 0;
    }
    const auto bytes = ParseByteSize(*text);
    if (!bytes.ok()) Fail(*node, absl::StrCat(key, ": ", bytes.status().message()));
    return bytes.value_or(0);
  }

  // A number in the unit that its key names, times `scale`.
  double Number(const char* key, double scale, double otherwise = 0) {
    const toml::node* node = Take(key);
    if (node == nullptr) return otherwise;
    const auto value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !std::isfinite(*value) || *value <= 0) {
      Fail(*node, absl::StrCat(key, " must be a number above 0"));
      return otherwise;
    }
    return *value * scale;
  }

  std::vector<std::string> Names(const char* key) {
    std::vector<std::string> names;
    const toml::node* node = Take(key);
    if (node == nullptr) return names;
    if (const toml::array* array = node->as_array()) {
      for (const toml::node& item : *array) {
        const auto name = item.value_exact<std::string>();
        if (name) names.push_back(*name);
        if (!name) Fail(item, absl::StrCat(key, " must hold device names"));
      }
      return names;
    }
    Fail(*node, absl::StrCat(key, " must be an array of device names"));
    return names;
  }

  // An array of tables; each is given to `read`.
  template <typename Read>
  void Tables(const char* key, Read&& read) {
    const toml::node* node = Take(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
      Fail(*node, absl::StrCat("[[", key, "]] must be an array of tables"));
      return;
    }
    for (const toml::node& item : *array) read(*item.as_table());
  }

  const toml::table* Table(const char* key) {
    const toml::node* node = Take(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) Fail(*node, absl::StrCat("[", key, "] must be a table"));
    return node->as_table();
  }

  void Fail(const toml::node& node, const std::string& what) { Fail(node.source(), what); }
  void Fail(const toml::source_region& at, const std::string& what) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat("topology: line ", at.begin.line, ", column ",
                                                      at.begin.column, ": ", where_, what));
  }
  void Absorb(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }

  absl::Status Finish() {
    for (const auto& [key, node] : table_) {
      bool known = false;
      for (const auto& taken : taken_) known = known || taken == key.str();
      if (!known) {
        Fail(key.source(), absl::StrCat("unknown key \"", std::string(key.str()),
                                        "\"; expected one of ", absl::StrJoin(taken_, ", ")));
      }
    }
    return status_;
  }

 private:
  const toml::node* Take(const char* key) {
    taken_.emplace_back(key);
    return table_.get(key);
  }

  const toml::table& table_;
  std::string where_;
  std::vector<std::string> taken_;
  absl::Status status_;
};

absl::Status ReadHost(const toml::table& table, Host* host) {
  TableReader reader(table, "host: ");
  host->total_bytes = reader.Bytes("total");
  host->free_bytes = table.contains("free") ? reader.Bytes("free") : host->total_bytes;
  if (!table.contains("free")) reader.Text("free");
  host->file_bytes_per_second = reader.Number("file_gb_per_s", 1e9);
  host->total_bytes_per_second = reader.Number("total_gb_per_s", 1e9);
  return reader.Finish();
}

absl::Status ReadDevice(const toml::table& table, Device* device) {
  TableReader reader(table, "device: ");
  device->name = reader.Text("name");
  device->kind = device->name.rfind("cpu", 0) == 0 ? DeviceKind::kCpu : DeviceKind::kCuda;
  device->model = reader.Text("model");
  device->total_bytes = reader.Bytes("total");
  device->used_by_others_bytes = reader.Bytes("used_by_others");
  device->matmul_flops = reader.Number("matmul_tflops", 1e12);
  device->matmul_fp32_flops = reader.Number("matmul_fp32_tflops", 1e12);
  device->matmul_fp8_flops = reader.Number("matmul_fp8_tflops", 1e12);
  device->attention_flops = reader.Number("attention_tflops", 1e12);
  device->memory_bytes_per_second = reader.Number("memory_gb_per_s", 1e9);
  device->block_overhead_seconds = reader.Number("block_overhead_us", 1e-6);
  device->pinned_bytes_per_second = reader.Number("pinned_gb_per_s", 1e9);
  device->pageable_bytes_per_second = reader.Number("pageable_gb_per_s", 1e9);
  device->to_host_bytes_per_second = reader.Number("to_host_gb_per_s", 1e9);
  device->while_computing = reader.Number("while_computing", 1, 1);
  return reader.Finish();
}

// A [[link]] is one direction (from, to) or all ordered pairs among `between`.
absl::Status ReadLink(const toml::table& table, std::vector<Link>* links) {
  TableReader reader(table, "link: ");
  const std::string from = reader.Text("from"), to = reader.Text("to");
  std::vector<std::string> between = reader.Names("between");
  const std::string kind = reader.Text("kind");
  Link link;
  link.bytes_per_second = reader.Number("gb_per_s", 1e9);
  link.latency_seconds = reader.Number("latency_us", 1e-6);
  if (kind == "nvlink") {
    link.kind = LinkKind::kNvlink;
  } else if (kind == "host") {
    link.kind = LinkKind::kHost;
  } else if (kind != "pcie" && !kind.empty()) {
    reader.Fail(table, absl::StrCat("kind \"", kind, "\" is not one of nvlink, pcie, host"));
  }
  if (between.empty() ? (from.empty() || to.empty()) : (!from.empty() || !to.empty())) {
    reader.Fail(table, "expected either from and to, or between");
  }
  if (between.size() == 1) reader.Fail(table, "between needs at least two devices");
  if (auto status = reader.Finish(); !status.ok()) return status;
  if (between.empty()) {
    link.from = from, link.to = to;
    links->push_back(link);
  }
  for (const std::string& a : between) {
    for (const std::string& b : between) {
      if (&a == &b) continue;
      link.from = a, link.to = b;
      links->push_back(link);
    }
  }
  return absl::OkStatus();
}

const char* KindName(LinkKind kind) {
  switch (kind) {
    case LinkKind::kNvlink:
      return "nvlink";
    case LinkKind::kPcie:
      return "pcie";
    case LinkKind::kHost:
      return "host";
  }
  return "";
}

std::string Quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

void PrintRate(std::string* out, const char* key, double value, double scale) {
  if (value != 0) absl::StrAppend(out, key, " = ", absl::StrFormat("%.17g", value / scale), "\n");
}

}  // namespace

absl::StatusOr<Topology> ParseTopology(std::string_view text) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("topology: line ", error.source().begin.line,
                                                   ", column ", error.source().begin.column, ": ",
                                                   std::string(error.description())));
  }
  Topology topology;
  TableReader reader(root, "");
  topology.name = reader.Text("name");
  if (const toml::table* host = reader.Table("host"))
    reader.Absorb(ReadHost(*host, &topology.host));
  reader.Tables("device", [&](const toml::table& table) {
    reader.Absorb(ReadDevice(table, &topology.devices.emplace_back()));
  });
  reader.Tables("link",
                [&](const toml::table& table) { reader.Absorb(ReadLink(table, &topology.links)); });
  if (auto status = reader.Finish(); !status.ok()) return status;
  if (auto status = Validate(topology); !status.ok()) return status;
  return topology;
}

std::string PrintTopology(const Topology& topology) {
  std::string out = absl::StrCat("name = ", Quoted(topology.name), "\n\n[host]\n");
  absl::StrAppend(&out, "total = \"", topology.host.total_bytes, "b\"\n");
  absl::StrAppend(&out, "free = \"", topology.host.free_bytes, "b\"\n");
  PrintRate(&out, "file_gb_per_s", topology.host.file_bytes_per_second, 1e9);
  PrintRate(&out, "total_gb_per_s", topology.host.total_bytes_per_second, 1e9);
  for (const Device& d : topology.devices) {
    absl::StrAppend(&out, "\n[[device]]\nname = ", Quoted(d.name), "\nmodel = ", Quoted(d.model));
    absl::StrAppend(&out, "\ntotal = \"", d.total_bytes, "b\"\n");
    absl::StrAppend(&out, "used_by_others = \"", d.used_by_others_bytes, "b\"\n");
    PrintRate(&out, "matmul_tflops", d.matmul_flops, 1e12);
    PrintRate(&out, "matmul_fp32_tflops", d.matmul_fp32_flops, 1e12);
    PrintRate(&out, "matmul_fp8_tflops", d.matmul_fp8_flops, 1e12);
    PrintRate(&out, "attention_tflops", d.attention_flops, 1e12);
    PrintRate(&out, "memory_gb_per_s", d.memory_bytes_per_second, 1e9);
    PrintRate(&out, "block_overhead_us", d.block_overhead_seconds, 1e-6);
    PrintRate(&out, "pinned_gb_per_s", d.pinned_bytes_per_second, 1e9);
    PrintRate(&out, "pageable_gb_per_s", d.pageable_bytes_per_second, 1e9);
    PrintRate(&out, "to_host_gb_per_s", d.to_host_bytes_per_second, 1e9);
    PrintRate(&out, "while_computing", d.while_computing, 1);
  }
  for (const Link& link : topology.links) {
    absl::StrAppend(&out, "\n[[link]]\nfrom = ", Quoted(link.from), "\nto = ", Quoted(link.to),
                    "\nkind = \"", KindName(link.kind), "\"\n");
    PrintRate(&out, "gb_per_s", link.bytes_per_second, 1e9);
    PrintRate(&out, "latency_us", link.latency_seconds, 1e-6);
  }
  return out;
}

}  // namespace hanga::placement
