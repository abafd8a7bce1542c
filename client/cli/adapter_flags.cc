// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/adapter_flags.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/upload_file.h"

namespace hanga::cli {
namespace {

absl::Status Wrong(const std::string& flag, const std::string& text, const std::string& form) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": '", text, "' is not ", form));
}

bool IsFile(const std::string& text) { return absl::EndsWith(text, ".safetensors"); }

// Cuts ":NUMBER" off the end of a text; false where what follows the colon is no number.
bool TakeNumber(std::string* text, std::optional<double>* number) {
  const size_t colon = text->rfind(':');
  if (colon == std::string::npos) return true;
  double value = 0;
  if (!absl::SimpleAtod(text->substr(colon + 1), &value)) return false;
  *number = value;
  text->resize(colon);
  return true;
}

// Cuts ":START-END" off the end of a text, where it is there.
void TakeRange(std::string* text, v1::Control* control) {
  const size_t colon = text->rfind(':');
  const size_t dash = colon == std::string::npos ? colon : text->find('-', colon);
  double start = 0, end = 0;
  if (dash == std::string::npos ||
      !absl::SimpleAtod(text->substr(colon + 1, dash - colon - 1), &start) ||
      !absl::SimpleAtod(text->substr(dash + 1), &end))
    return;
  control->set_start(start);
  control->set_end(end);
  text->resize(colon);
}

// NAME, or a file that is stored first.
template <typename Message>
absl::Status SetSource(const std::string& flag, const std::string& text,
                       const AdapterFlags::Store& store, Message* message) {
  if (!IsFile(text)) {
    message->set_name(text);
    return absl::OkStatus();
  }
  absl::StatusOr<v1::BlobRef> blob = store(flag, text);
  if (!blob.ok()) return blob.status();
  *message->mutable_file() = *std::move(blob);
  return absl::OkStatus();
}

}  // namespace

void AdapterFlags::AddTo(CLI::App& command) {
  const auto option = [&](const char* name, auto& value, const char* text) {
    command.add_option(name, value, text)->group("Beside the model")->take_all();
  };
  option("--lora", loras,
         "NAME of an adapter that the model offers, or FILE.safetensors; :WEIGHT may follow "
         "(style:0.8); several");
  option("--embedding", embeddings,
         "TOKEN=NAME or TOKEN=FILE.safetensors: vectors that stand for a word of the prompt");
  option("--control", controls,
         "MODEL=IMAGE, a ControlNet of the model and its picture; :WEIGHT and :START-END, shares "
         "of the walk, may follow (canny=edges.png:0.7:0-0.6)");
}

absl::Status AdapterFlags::Fill(const Store& store, v1::GenerationSpec& spec) const {
  for (const std::string& text : loras) {
    std::string source = text;
    std::optional<double> weight;
    if (!TakeNumber(&source, &weight) || source.empty())
      return Wrong("--lora", text, "NAME, FILE.safetensors or either with :WEIGHT");
    v1::Lora& lora = *spec.add_loras();
    if (weight) lora.set_weight(*weight);
    if (absl::Status s = SetSource("--lora", source, store, &lora); !s.ok()) return s;
  }
  for (const std::string& text : embeddings) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return Wrong("--embedding", text, "TOKEN=NAME or TOKEN=FILE.safetensors");
    v1::Embedding& embedding = *spec.add_embeddings();
    embedding.set_token(text.substr(0, equals));
    absl::Status set = SetSource("--embedding", text.substr(equals + 1), store, &embedding);
    if (!set.ok()) return set;
  }
  for (const std::string& text : controls) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return Wrong("--control", text, "MODEL=IMAGE, with :WEIGHT and :START-END or without");
    v1::Control& control = *spec.add_controls();
    control.set_model(text.substr(0, equals));
    std::string image = text.substr(equals + 1);
    TakeRange(&image, &control);
    std::optional<double> weight;
    if (!TakeNumber(&image, &weight) || image.empty())
      return Wrong("--control", text, "MODEL=IMAGE, with :WEIGHT and :START-END or without");
    if (weight) control.set_weight(*weight);
    absl::StatusOr<v1::BlobRef> blob = store("--control", image);
    if (!blob.ok()) return blob.status();
    *control.mutable_image() = *std::move(blob);
  }
  return absl::OkStatus();
}

absl::Status AdapterFlags::UploadFiles(client::Client& client, v1::GenerationSpec& spec) const {
  return Fill([&](const std::string& flag,
                  const std::string& path) { return UploadFile(client, flag, path); },
              spec);
}

}  // namespace hanga::cli
