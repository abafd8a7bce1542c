// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/adapter_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/weights/model_hash.h"
#include "worker/weights/safetensors.h"

namespace hanga {
namespace {

absl::Status InAdapter(const AdapterFile& file, const absl::Status& status) {
  // A file of a user's is the user's to mend.
  const bool theirs = absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
  return absl::Status(theirs ? absl::StatusCode::kInvalidArgument : status.code(),
                      absl::StrCat("lora '", file.name, "': ", status.message()));
}

absl::StatusOr<std::string> IdOf(const AdapterFile& file) {
  if (file.bytes != nullptr) return file.sha256;
  const absl::StatusOr<FileStamp> stamp = StampFile(file.path);
  if (!stamp.ok()) return absl::NotFoundError("its file is not there");
  return absl::StrCat(file.path, "@", stamp->bytes, "-", stamp->mtime_ns, "-", stamp->inode);
}

absl::StatusOr<TensorSource> Open(const AdapterFile& file) {
  if (file.bytes == nullptr) return OpenSafetensors(file.path);
  const auto* data = reinterpret_cast<const std::byte*>(file.bytes->data());
  return ParseSafetensors(file.name, absl::MakeConstSpan(data, file.bytes->size()), file.bytes);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Adapter>> AdapterCache::Get(const AdapterFile& file,
                                                                 Load load) {
  const absl::StatusOr<std::string> id = IdOf(file);
  if (!id.ok()) return InAdapter(file, id.status());
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry->id() == *id; });
  if (known != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, known);
    return entries_.front();
  }
  const absl::StatusOr<TensorSource> source = Open(file);
  if (!source.ok()) return InAdapter(file, source.status());
  absl::StatusOr<std::shared_ptr<const Adapter>> adapter = load(*id, *source);
  if (!adapter.ok()) return InAdapter(file, adapter.status());
  bytes_ += (*adapter)->bytes();
  entries_.push_front(*adapter);
  Trim();
  return adapter;
}

void AdapterCache::Trim() {
  while (bytes_ > limit_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.back()->bytes();
    entries_.pop_back();
  }
}

}  // namespace hanga
