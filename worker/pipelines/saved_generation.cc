// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/saved_generation.h"

#include <ATen/ATen.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/digest.h"

namespace hanga {
namespace {

constexpr std::string_view kMagic = "HANGAGEN";
constexpr uint32_t kVersion = 1;
constexpr size_t kDigestBytes = 32;
constexpr uint32_t kMaxTensors = 64;
constexpr uint32_t kMaxRank = 8;

// Numbers are little-endian; so are all machines that LibTorch runs on.
class Writer {
 public:
  template <typename T>
  void Number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Bytes(std::string_view bytes) { bytes_.append(bytes); }
  void Tensor(const at::Tensor& tensor) {
    const at::Tensor flat = tensor.to(at::kCPU, at::kFloat).contiguous();
    Number<uint32_t>(static_cast<uint32_t>(flat.dim()));
    for (const int64_t size : flat.sizes()) Number<uint64_t>(static_cast<uint64_t>(size));
    bytes_.append(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// After the first thing that does not fit, everything read is empty and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view Bytes(uint64_t count) {
    if (!ok_ || count > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  template <typename T>
  T Number() {
    T value = 0;
    const std::string_view taken = Bytes(sizeof(T));
    if (ok_) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  at::Tensor Tensor() {
    const auto rank = Number<uint32_t>();
    if (rank > kMaxRank) ok_ = false;
    std::vector<int64_t> shape;
    uint64_t elements = 1;
    for (uint32_t i = 0; ok_ && i < rank; ++i) {
      const auto size = Number<uint64_t>();
      // No more elements than bytes are left, so the product cannot overflow.
      if (size == 0 || size > bytes_.size() / elements) ok_ = false;
      elements *= size;
      shape.push_back(static_cast<int64_t>(size));
    }
    const std::string_view data = Bytes(ok_ ? elements * sizeof(float) : 0);
    if (!ok_) return at::Tensor();
    at::Tensor tensor = at::empty(shape, at::kFloat);
    std::memcpy(tensor.data_ptr(), data.data(), data.size());
    return tensor;
  }
  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

std::string EncodeSaved(const SavedGeneration& saved) {
  Writer out;
  out.Bytes(kMagic);
  out.Number<uint32_t>(kVersion);
  out.Bytes(saved.identity);
  out.Number<uint64_t>(static_cast<uint64_t>(saved.step));
  out.Tensor(saved.latents);
  out.Number<uint32_t>(static_cast<uint32_t>(saved.history.size()));
  for (const at::Tensor& tensor : saved.history) out.Tensor(tensor);
  out.Number<uint32_t>(static_cast<uint32_t>(saved.noise.size()));
  out.Bytes(saved.noise);
  out.Bytes(Sha256().Update(out.bytes()).Finish());
  return std::move(out.bytes());
}

absl::StatusOr<SavedGeneration> DecodeSaved(std::string_view bytes) {
  const auto broken = [](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("checkpoint: ", what));
  };
  if (bytes.size() < kMagic.size() + kDigestBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return broken("the bytes are not a checkpoint");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes);
  Reader in(body.substr(kMagic.size()));
  const auto version = in.Number<uint32_t>();
  if (version != kVersion) return broken(absl::StrCat("version ", version, " is not known"));
  if (Sha256().Update(body).Finish() != bytes.substr(body.size())) {
    return broken("the bytes are damaged or cut off");
  }
  SavedGeneration saved;
  saved.identity = in.Bytes(kDigestBytes);
  saved.step = static_cast<int64_t>(in.Number<uint64_t>());
  saved.latents = in.Tensor();
  const auto tensors = in.Number<uint32_t>();
  if (tensors > kMaxTensors) return broken("too many tensors");
  for (uint32_t i = 0; in.ok() && i < tensors; ++i) saved.history.push_back(in.Tensor());
  saved.noise = in.Bytes(in.Number<uint32_t>());
  if (!in.AtEnd()) return broken("its parts do not add up");
  return saved;
}

}  // namespace hanga
