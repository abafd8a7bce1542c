// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/request_extras_check.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr int kMaxLoras = 16, kMaxControls = 8, kMaxEmbeddings = 32;
constexpr uint32_t kMaxBlur = 256, kMaxSteps = 1'000;
constexpr size_t kMaxNameBytes = 256, kMaxTokenBytes = 64;

void CheckCount(const std::string& field, int count, int most, FieldChecker* check) {
  if (count <= most) return;
  check->Add(field, absl::StrCat("has ", count, " entries, at most ", most, " are allowed"));
}

void CheckName(const std::string& field, const std::string& name, FieldChecker* check) {
  if (name.empty() || name.size() > kMaxNameBytes || !IsUtf8(name)) {
    check->Add(field, absl::StrCat("has ", name.size(), " bytes, must be 1 to ", kMaxNameBytes,
                                   " bytes of UTF-8"));
  }
}

// An adapter is either one of the deployment's or an uploaded file.
void CheckSource(const std::string& field, const std::string& name, bool has_file,
                 FieldChecker* check) {
  if (name.empty() == has_file) {
    if (!has_file) CheckName(absl::StrCat(field, ".name"), name, check);
    return;
  }
  check->Add(absl::StrCat(field, ".name"),
             has_file ? "is set, but so is file: only one may be" : "must be set, or file");
}

}  // namespace

void CheckPictures(const v1::GenerationSpec& spec, FieldChecker* check) {
  check->CheckCapability("init_image", spec.has_init_image());
  check->CheckCapability("mask", spec.has_mask());
  check->CheckNeeds("spec.strength", spec.has_strength(), "init_image", spec.has_init_image());
  check->CheckNeeds("spec.mask", spec.has_mask(), "init_image", spec.has_init_image());
  check->CheckNeeds("spec.mask_blur", spec.has_mask_blur(), "mask", spec.has_mask());
  check->CheckAbove("spec.strength", spec.has_strength(), spec.strength(), 0, 1);
  check->CheckRange("spec.mask_blur", spec.has_mask_blur(), spec.mask_blur(), 0U, kMaxBlur);
  // One side is either the picture's or asked for; half an answer is a slip.
  if (!spec.has_init_image()) return;
  check->CheckNeeds("spec.width", spec.has_width(), "height", spec.has_height());
  check->CheckNeeds("spec.height", spec.has_height(), "width", spec.has_width());
}

void CheckSecondPass(const v1::GenerationSpec& spec, const v1::GenerationSpec& defaults,
                     FieldChecker* check) {
  if (!spec.has_second_pass()) return;
  const v1::SecondPass& pass = spec.second_pass();
  check->CheckCapability("second_pass", true);
  check->CheckAbove("spec.second_pass.scale", true, pass.scale(), 1, 4);
  check->CheckRange("spec.second_pass.steps", pass.has_steps(), pass.steps(), 1U,
                    check->Limit(check->limits().max_steps(), kMaxSteps));
  check->CheckAbove("spec.second_pass.strength", pass.has_strength(), pass.strength(), 0, 1);
  check->CheckRange<int>("spec.second_pass.space", true, pass.space(), 0,
                         v1::UpscaleSpace_ARRAYSIZE - 1);
  check->CheckRange<int>("spec.second_pass.method", true, pass.method(), 0,
                         v1::UpscaleMethod_ARRAYSIZE - 1);
  if (spec.has_init_image() && !spec.has_width()) return;  // its worker sees the picture's size
  const double width = pass.scale() * (spec.has_width() ? spec.width() : defaults.width());
  const double height = pass.scale() * (spec.has_height() ? spec.height() : defaults.height());
  const v1::ModelLimits& limits = check->limits();
  const bool fits =
      (limits.max_width() == 0 || width <= limits.max_width()) &&
      (limits.max_height() == 0 || height <= limits.max_height()) &&
      (limits.max_pixels() == 0 || width * height <= static_cast<double>(limits.max_pixels()));
  if (fits) return;
  check->Add(
      "spec.second_pass.scale",
      absl::StrCat("makes ", width, " x ", height, " pixels, at most ", limits.max_width(), " x ",
                   limits.max_height(), " and ", limits.max_pixels(), " in all are allowed"));
}

void CheckAdapters(const v1::GenerationSpec& spec, FieldChecker* check) {
  check->CheckCapability("loras", spec.loras_size() > 0);
  check->CheckCapability("controls", spec.controls_size() > 0);
  check->CheckCapability("embeddings", spec.embeddings_size() > 0);
  CheckCount("spec.loras", spec.loras_size(), kMaxLoras, check);
  CheckCount("spec.controls", spec.controls_size(), kMaxControls, check);
  CheckCount("spec.embeddings", spec.embeddings_size(), kMaxEmbeddings, check);
  for (int i = 0; i < spec.loras_size(); ++i) {
    const v1::Lora& lora = spec.loras(i);
    const std::string field = absl::StrCat("spec.loras[", i, "]");
    CheckSource(field, lora.name(), lora.has_file(), check);
    check->CheckRange(absl::StrCat(field, ".weight"), lora.has_weight(), lora.weight(), -10.0,
                      10.0);
    check->CheckRange(absl::StrCat(field, ".text_encoder_weight"), lora.has_text_encoder_weight(),
                      lora.text_encoder_weight(), -10.0, 10.0);
  }
  for (int i = 0; i < spec.controls_size(); ++i) {
    const v1::Control& control = spec.controls(i);
    const std::string field = absl::StrCat("spec.controls[", i, "]");
    CheckName(absl::StrCat(field, ".model"), control.model(), check);
    check->CheckRange(absl::StrCat(field, ".weight"), control.has_weight(), control.weight(), 0.0,
                      10.0);
    check->CheckRange(absl::StrCat(field, ".start"), control.has_start(), control.start(), 0.0,
                      1.0);
    check->CheckRange(absl::StrCat(field, ".end"), control.has_end(), control.end(), 0.0, 1.0);
  }
  for (int i = 0; i < spec.embeddings_size(); ++i) {
    const v1::Embedding& embedding = spec.embeddings(i);
    const std::string field = absl::StrCat("spec.embeddings[", i, "]");
    const std::string& token = embedding.token();
    if (token.empty() || token.size() > kMaxTokenBytes || !IsUtf8(token) ||
        token.find_first_of(" \t\r\n") != std::string::npos) {
      check->Add(absl::StrCat(field, ".token"),
                 absl::StrCat("must be 1 to ", kMaxTokenBytes, " bytes of UTF-8 without spaces"));
    }
    CheckSource(field, embedding.name(), embedding.has_file(), check);
  }
}

}  // namespace hanga
