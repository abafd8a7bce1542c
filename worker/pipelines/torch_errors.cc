// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/torch_errors.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// ATen's messages go on with advice and traces after the first line.
std::string FirstLine(const char* message) {
  const std::string_view text = message;
  return std::string(text.substr(0, text.find('\n')));
}

bool IsOutOfMemory(const std::string& message) {
  return absl::StrContains(message, "out of memory") ||
         absl::StrContains(message, "can't allocate memory");
}

absl::Status FromTorch(const std::string& what, const char* message, bool device_fault) {
  const std::string line = FirstLine(message);
  if (IsOutOfMemory(line)) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of memory"));
  }
  const std::string text = absl::StrCat(what, ": ", line);
  return device_fault ? absl::UnavailableError(text) : absl::InternalError(text);
}

}  // namespace

absl::Status RunGuarded(const std::string& what, absl::FunctionRef<void()> work) {
  try {
    const c10::InferenceMode inference;
    work();
    return absl::OkStatus();
  } catch (const c10::OutOfMemoryError&) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of device memory"));
  } catch (const c10::AcceleratorError& e) {
    return FromTorch(what, e.what_without_backtrace(), /*device_fault=*/true);
  } catch (const c10::Error& e) {
    const std::string message = FirstLine(e.what_without_backtrace());
    const bool fault = absl::StrContains(message, "CUDA error") ||
                       absl::StrContains(message, "cuDNN error") ||
                       absl::StrContains(message, "CUBLAS_STATUS");
    return FromTorch(what, e.what_without_backtrace(), fault);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of memory"));
  } catch (const std::exception& e) {
    return FromTorch(what, e.what(), /*device_fault=*/false);
  }
}

absl::Status AtBlock(const absl::Status& status, const std::string& block) {
  return absl::Status(status.code(), absl::StrCat(status.message(), " (in ", block, ")"));
}

}  // namespace hanga
