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
  return absl::OkStatus();
}

absl::Status AdapterFlags::UploadFiles(client::Client& client, v1::GenerationSpec& spec) const {
  return Fill([&](const std::string& flag,
                  const std::string& path) { return UploadFile(client, flag, path); },
              spec);
}

}  // namespace hanga::cli
