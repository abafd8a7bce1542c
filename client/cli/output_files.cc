// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/output_files.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/text.h"

namespace hanga::cli {
namespace {

constexpr char kInFolder[] = "{job}-{index}.{ext}";

std::string Extension(const std::string& content_type) {
  return content_type == "image/webp" ? "webp" : content_type == "video/mp4" ? "mp4" : "png";
}

// The first placeholder that is none of ours; empty without one.
std::string UnknownPlaceholder(const std::string& pattern) {
  const std::string rest =
      absl::StrReplaceAll(pattern, {{"{job}", ""}, {"{index}", ""}, {"{seed}", ""}, {"{ext}", ""}});
  const size_t open = rest.find('{');
  if (open == std::string::npos) return "";
  const size_t close = rest.find('}', open);
  return close == std::string::npos ? rest.substr(open) : rest.substr(open, close - open + 1);
}

}  // namespace

absl::StatusOr<OutputFiles> OutputFiles::Make(const std::string& output, uint32_t images,
                                              bool overwrite) {
  std::error_code ignored;
  if (output.empty() || output.back() == '/' || std::filesystem::is_directory(output, ignored)) {
    const std::filesystem::path folder = output.empty() ? "." : output;
    return OutputFiles((folder / kInFolder).string(), overwrite);
  }
  if (const std::string unknown = UnknownPlaceholder(output); !unknown.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--output: \"", unknown, "\" is not one of {job}, {index}, {seed} and {ext}"));
  }
  if (images > 1 && output.find("{index}") == std::string::npos &&
      output.find("{seed}") == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("--output: \"", output, "\" is one name for ", images,
                     " images; give a folder (\"out/\") or a pattern with {index}"));
  }
  return OutputFiles(output, overwrite);
}

absl::Status OutputFiles::CheckFree() const {
  std::error_code ignored;
  if (overwrite_ || pattern_.find('{') != std::string::npos ||
      !std::filesystem::exists(pattern_, ignored)) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat(pattern_, " exists; choose another name, or allow it with --overwrite"));
}

std::string OutputFiles::PathOf(const v1::Artifact& artifact) const {
  // "jobs/{job}/artifacts/{index}"
  const std::string rest = artifact.name().substr(artifact.name().find('/') + 1);
  return absl::StrReplaceAll(pattern_, {{"{job}", rest.substr(0, rest.find('/'))},
                                        {"{index}", absl::StrCat(artifact.index())},
                                        {"{seed}", absl::StrCat(artifact.seed())},
                                        {"{ext}", Extension(artifact.content_type())}});
}

absl::StatusOr<std::string> OutputFiles::Write(const v1::Artifact& artifact,
                                               std::string_view bytes) const {
  std::string path = PathOf(artifact);
  if (absl::Status status = WriteWhole(path, bytes, overwrite_); !status.ok()) return status;
  return path;
}

}  // namespace hanga::cli
