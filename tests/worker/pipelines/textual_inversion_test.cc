// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Words that stand for learned vectors. Those of words that the model knows must draw what these
// words draw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/pipelines/drawing.h"
#include "tests/worker/weights/safetensors_file.h"
#include "worker/tokenizers/added_words.h"
#include "worker/tokenizers/clip_tokenizer.h"
#include "worker/weights/checkpoint.h"

namespace hanga {
namespace {

using testing::Draw;
using ::testing::HasSubstr;
using testing::Load;

// The embeddings that an encoder of a golden model has for a text, as one tensor of a file.
TestTensor VectorsOf(const std::string& model, const std::string& encoder, const std::string& text,
                     const std::string& key) {
  const std::string tokenizer = encoder == "text_encoder" ? "tokenizer" : "tokenizer_2";
  const auto clip = ClipTokenizer::Load(GoldenModel(model + "/" + tokenizer));
  const auto weights = OpenCheckpoint(GoldenModel(model + "/" + encoder));
  const StoredTensor& table = *weights->Find("text_model.embeddings.token_embedding.weight");
  const int64_t width = table.shape[1];
  const std::string bytes = ReadBytes(table);
  const size_t row = bytes.size() / table.shape[0];
  const std::vector<int64_t> ids = (*clip)->Encode(text);
  TestTensor t = {key,
                  std::string(DataTypeName(table.type)),
                  {static_cast<int64_t>(ids.size()) - 2, width},
                  ""};
  for (size_t i = 1; i + 1 < ids.size(); ++i) t.data += bytes.substr(ids[i] * row, row);
  return t;
}

GenerationRequest Request(const std::string& prompt) {
  GenerationRequest r;
  r.prompt = prompt;
  r.negative_prompt = "blurry";
  r.seed = 5;
  r.steps = 2;
  r.guidance_scale = 5;
  r.width = r.height = 64;
  return r;
}

EmbeddingUse Uploaded(const std::string& token, const std::string& bytes) {
  return {token, "", std::make_shared<const std::string>(bytes),
          std::to_string(std::hash<std::string>()(bytes))};
}

constexpr char kKnown[] = "a red fox, jumping", kInvented[] = "a Zork, jumping";

TEST(TextualInversionTest, DrawsWhatTheKnownWordsDraw) {
  const auto pipeline = Load({GoldenModel("sd15"), {}});
  const auto known = Draw(pipeline.get(), Request(kKnown));
  for (const char* layout : {"<zork>", "emb_params"}) {
    GenerationRequest r = Request(kInvented);
    r.embeddings = {
        Uploaded("zork", SafetensorsBytes({VectorsOf("sd15", "text_encoder", "red fox", layout)}))};
    EXPECT_EQ(Draw(pipeline.get(), r), known) << layout;
  }
  EXPECT_NE(Draw(pipeline.get(), Request(kInvented)), known);
}

TEST(TextualInversionTest, HasVectorsForEachTextEncoder) {
  const auto pipeline = Load({GoldenModel("sdxl"), {}});
  GenerationRequest r = Request(kInvented);
  r.embeddings = {Uploaded(
      "zork", SafetensorsBytes({VectorsOf("sdxl", "text_encoder", "red fox", "clip_l"),
                                VectorsOf("sdxl", "text_encoder_2", "red fox", "clip_g")}))};
  EXPECT_EQ(Draw(pipeline.get(), r), Draw(pipeline.get(), Request(kKnown)));
  r.embeddings = {
      Uploaded("zork", SafetensorsBytes({VectorsOf("sdxl", "text_encoder", "red fox", "x")}))};
  EXPECT_THAT(std::string(pipeline->Prepare(r).status().message()),
              HasSubstr("embedding 'zork': has vectors of 24 numbers, text_encoder_2 reads such"));
}

TEST(TextualInversionTest, WordsOfTheFolderNeedNoMention) {
  TemporaryFolder folder;
  folder.Write("zork.safetensors",
               SafetensorsBytes({VectorsOf("sd15", "text_encoder", "red fox", "zork")}));
  ModelFiles files = {GoldenModel("sd15"), {}};
  files.embedding_folder = folder.path();
  const auto pipeline = Load(files);
  EXPECT_EQ(Draw(pipeline.get(), Request(kInvented)), Draw(pipeline.get(), Request(kKnown)));
  EXPECT_THAT(ExamineModel(files)->embeddings, ::testing::ElementsAre("zork"));
}

TEST(TextualInversionTest, RefusesWhatIsNoSuchFile) {
  const auto pipeline = Load({GoldenModel("sd15"), {}});
  const auto error = [&](const std::string& bytes) {
    GenerationRequest r = Request(kInvented);
    r.embeddings = {Uploaded("zork", bytes)};
    const absl::Status status = pipeline->Prepare(r).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(error("PK\x03\x04 archive"), HasSubstr("embedding 'zork': it is a pickle"));
  EXPECT_THAT(error("\x80\x02}q"), HasSubstr("it is a pickle"));
  EXPECT_THAT(error("nothing"), HasSubstr("embedding 'zork': "));
  EXPECT_THAT(error(SafetensorsBytes({{"a", "F32", {1, 2}, FloatBytes({1, 2})},
                                      {"b", "F32", {1, 2}, FloatBytes({1, 2})}})),
              HasSubstr("it has 2 tensors"));
  EXPECT_THAT(error(SafetensorsBytes({{"a", "F32", {0, 2}, ""}})), HasSubstr("1 to 75 vectors"));
}

TEST(AddedWordsTest, FindsWholeWordsInAnyCase) {
  AddedWords words;
  words.Add("cat", 100, 2);
  words.Add("<cat-toy>", 200, 1);
  const auto first_ids = [&](std::string_view text) {
    std::vector<int64_t> ids;
    for (const WordPiece& piece : words.Cut(text))
      if (piece.count > 0) ids.push_back(piece.first_id);
    return ids;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(first_ids("a Cat, CAT and (cat:1.2)"), ElementsAre(100, 100, 100));
  EXPECT_THAT(first_ids("category, wildcat, cat_2, caté"), ::testing::IsEmpty());
  EXPECT_THAT(first_ids("a<cat-toy>b"), ElementsAre(200));
}

}  // namespace
}  // namespace hanga
