// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "tests/worker/weights/safetensors_file.h"
#include "worker/weights/safetensors_header.h"

namespace hanga {
namespace {

using testing::HasSubstr;

absl::StatusOr<TensorSource> Parse(const std::string& file) {
  const auto owner = std::make_shared<const std::string>(file);
  return ParseSafetensors(
      "x.safetensors", {reinterpret_cast<const std::byte*>(owner->data()), owner->size()}, owner);
}

// Why a header over `data_bytes` bytes of data is refused; empty if it is not.
std::string Fault(const std::string& header, size_t data_bytes) {
  const auto source = Parse(SafetensorsBytes(header, std::string(data_bytes, '\1')));
  if (source.ok()) return "";
  EXPECT_EQ(source.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(source.status().message()), testing::StartsWith("x.safetensors: "));
  return std::string(source.status().message());
}

std::string Tensor(const std::string& key, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + key + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

TEST(SafetensorsTest, ReadsTensorsAndMetadata) {
  const auto source = Parse(SafetensorsBytes("{\"__metadata__\":{\"format\":\"pt\"}," +
                                                 Tensor("b", "BF16", "[2,3]", "[4,16]") + "," +
                                                 Tensor("a", "F32", "[]", "[0,4]") + "}   ",
                                             FloatBytes({1.5f}) + std::string(12, '\2')));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->metadata().at("format"), "pt");
  EXPECT_EQ(source->tensors().size(), 2u);
  EXPECT_EQ(source->parameters(), 7u);
  EXPECT_EQ(source->bytes(), 16u);
  EXPECT_EQ(ReadBytes(*source->Find("a")), FloatBytes({1.5f}));
  EXPECT_EQ(DescribeTensor(*source->Find("b")), "BF16 [2, 3]");
  EXPECT_EQ(source->Find("c"), nullptr);
}

TEST(SafetensorsTest, KnowsEveryType) {
  const std::pair<const char*, uint64_t> types[] = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1}, {"F8_E5M2", 1},
      {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U8", 1},      {"BOOL", 1}};
  for (const auto& [name, bytes] : types) {
    const std::string end = std::to_string(3 * bytes);
    EXPECT_EQ(Fault("{" + Tensor("t", name, "[3]", "[0," + end + "]") + "}", 3 * bytes), "");
  }
  EXPECT_THAT(Fault("{" + Tensor("t", "F4", "[1]", "[0,1]") + "}", 1), HasSubstr("dtype 'F4'"));
}

TEST(SafetensorsTest, AllowsEmptyTensorsAndEmptyFiles) {
  EXPECT_EQ(Fault("{}", 0), "");
  EXPECT_EQ(
      Fault("{" + Tensor("t", "F32", "[2,0]", "[0,0]") + "," + Tensor("u", "F32", "[1]", "[0,4]") +
                "," + Tensor("v", "F32", "[0]", "[4,4]") + "}",
            4),
      "");
}

TEST(SafetensorsTest, RefusesHeadersThatDoNotFit) {
  EXPECT_THAT(Parse("1234567").status().message(), HasSubstr("too short"));
  std::string huge(8, '\0');
  huge[7] = '\x80';  // 2^63
  EXPECT_THAT(std::string(Parse(huge + "{}").status().message()),
              HasSubstr("9223372036854775808 bytes; the limit is 100000000"));
  EXPECT_THAT(std::string(Parse(std::string("\x03\0\0\0\0\0\0\0{}", 10)).status().message()),
              HasSubstr("truncated"));
  std::string limit(8, '\0');  // one more than allowed
  for (int i = 0; i < 4; ++i) limit[i] = static_cast<char>(100'000'001 >> 8 * i);
  EXPECT_THAT(std::string(Parse(limit + "{}").status().message()), HasSubstr("the limit"));
}

TEST(SafetensorsTest, RefusesHeadersThatAreNoJsonObject) {
  EXPECT_THAT(Fault("", 0), HasSubstr("start with '{'"));
  EXPECT_THAT(Fault(" {}", 0), HasSubstr("start with '{'"));
  EXPECT_THAT(Fault("[]", 0), HasSubstr("start with '{'"));
  EXPECT_THAT(Fault("{\"a\"", 0), HasSubstr("malformed JSON"));
  EXPECT_THAT(Fault("{} x", 0), HasSubstr("malformed JSON"));
  EXPECT_THAT(Fault(std::string("{}\0x", 4), 0), HasSubstr("zero byte at byte 2"));
  EXPECT_THAT(Fault("{\"\xFF\":1}", 0), HasSubstr("malformed JSON or UTF-8"));
}

TEST(SafetensorsTest, RefusesKeysThatComeTwice) {
  const std::string tensor = Tensor("t", "U8", "[1]", "[0,1]");
  EXPECT_THAT(Fault("{" + tensor + "," + tensor + "}", 1), HasSubstr("'t': the key comes twice"));
  EXPECT_THAT(Fault(R"({"__metadata__":{"a":"1","a":"2"}})", 0), HasSubstr("'a' comes twice"));
  EXPECT_THAT(Fault(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr("twice"));
  EXPECT_THAT(Fault(R"({"t":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("'dtype' comes twice"));
}

TEST(SafetensorsTest, RefusesFieldsThatAreMissingOrUnknown) {
  EXPECT_THAT(Fault(R"({"t":{"dtype":"U8","shape":[1]}})", 1), HasSubstr("missing"));
  EXPECT_THAT(Fault(R"({"t":{}})", 0), HasSubstr("missing"));
  EXPECT_THAT(Fault(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1),
              HasSubstr("unknown field 'x'"));
  EXPECT_THAT(Fault(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[1]}})", 1),
              HasSubstr("two numbers"));
  EXPECT_THAT(Fault(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1),
              HasSubstr("two numbers"));
}

TEST(SafetensorsTest, RefusesValuesOfAnotherKind) {
  for (const char* header : {
           R"({"__metadata__":{"a":1}})",
           R"({"__metadata__":{"a":{}}})",
           R"({"__metadata__":[]})",
           R"({"__metadata__":"a"})",
           R"({"t":1})",
           R"({"t":null})",
           R"({"t":true})",
           R"({"t":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}})",
           R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551616]}})",
       }) {
    EXPECT_NE(Fault(header, 1), "") << header;
  }
}

TEST(SafetensorsTest, RefusesHolesOverlapsAndUncoveredBytes) {
  const auto two = [](const char* first, const char* second) {
    return "{" + Tensor("a", "U8", "[2]", first) + "," + Tensor("b", "U8", "[2]", second) + "}";
  };
  EXPECT_EQ(Fault(two("[2,4]", "[0,2]"), 4), "");
  EXPECT_THAT(Fault(two("[0,2]", "[1,3]"), 3), HasSubstr("hole or overlap"));
  EXPECT_THAT(Fault(two("[0,2]", "[0,2]"), 2), HasSubstr("hole or overlap"));
  EXPECT_THAT(Fault(two("[0,2]", "[3,5]"), 5), HasSubstr("hole or overlap"));
  EXPECT_THAT(Fault(two("[1,3]", "[3,5]"), 5), HasSubstr("hole or overlap"));
  EXPECT_THAT(Fault(two("[0,2]", "[4,2]"), 4), HasSubstr("hole or overlap"));
  EXPECT_THAT(Fault(two("[0,2]", "[2,4]"), 5), HasSubstr("last 1 bytes belong to no tensor"));
  EXPECT_THAT(Fault(two("[0,2]", "[2,4]"), 3), HasSubstr("truncated"));
}

TEST(SafetensorsTest, RefusesShapesThatDisagreeOrOverflow) {
  EXPECT_THAT(Fault("{" + Tensor("t", "F32", "[2]", "[0,4]") + "}", 4), HasSubstr("needs 8 bytes"));
  for (const char* shape : {"[4294967296,4294967296]", "[9223372036854775808]",
                            "[18446744073709551615,2]", "[2305843009213693952,2]"}) {
    EXPECT_THAT(Fault("{" + Tensor("t", "F32", shape, "[0,4]") + "}", 4), HasSubstr("overflows"));
  }
  EXPECT_THAT(
      Fault("{" + Tensor("t", "U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]") + "}", 1),
      HasSubstr("more than 16 dimensions"));
}

TEST(SafetensorsTest, BoundsNestingAndCounts) {
  const int deep = 1'000'000;
  EXPECT_NE(Fault("{\"t\":{\"shape\":" + std::string(deep, '[') + std::string(deep, ']') + "}}", 0),
            "");
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "{\"a\":";
  EXPECT_NE(Fault(nested, 0), "");

  std::string many = "{" + Tensor("0", "U8", "[0]", "[0,0]");
  for (size_t i = 1; i <= kMaxSafetensorsTensors; ++i) {
    many += "," + Tensor(std::to_string(i), "U8", "[0]", "[0,0]");
  }
  EXPECT_THAT(Fault(many + "}", 0), HasSubstr("more than 100000 tensors"));
}

TEST(SafetensorsTest, ShowsHostileKeysEscapedAndShort) {
  const std::string fault =
      Fault("{" + Tensor("\\u0007" + std::string(5000, 'k'), "U9", "[1]", "[0,1]") + "}", 1);
  EXPECT_THAT(fault, HasSubstr("'\\x07kkk"));
  EXPECT_LT(fault.size(), 250u);
}

TEST(SafetensorsTest, NamesFilesWithoutTheirFolder) {
  const TemporaryFolder folder;
  for (const auto& path : {folder.Write("bad.safetensors", "12345"), folder.path() + "/none"}) {
    const std::string message(OpenSafetensors(path).status().message());
    EXPECT_THAT(message, testing::Not(HasSubstr(folder.path())));
    EXPECT_THAT(message, HasSubstr(path.substr(folder.path().size() + 1)));
  }
  EXPECT_TRUE(absl::IsNotFound(OpenSafetensors(folder.path() + "/none").status()));
}

TEST(SafetensorsTest, OpensRegularFilesOnly) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsInvalidArgument(OpenSafetensors(folder.path()).status()));
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(OpenSafetensors(pipe).status()));
  EXPECT_THAT(OpenSafetensors(folder.Write("empty", "")).status().message(),
              HasSubstr("too short"));
}

TEST(SafetensorsTest, KeepsTheMappingWhileATensorIsInUse) {
  const TemporaryFolder folder;
  const std::string path =
      folder.Write("t.safetensors", SafetensorsBytes({{"t", "F32", {2}, FloatBytes({3, 4})}}));
  StoredTensor tensor;
  {
    const auto source = OpenSafetensors(path);
    ASSERT_TRUE(source.ok()) << source.status();
    tensor = *source->Find("t");
  }
  EXPECT_EQ(ReadBytes(tensor), FloatBytes({3, 4}));
}

// Every change of a valid file is either refused or still covers exactly the file's bytes.
TEST(SafetensorsTest, SurvivesMutations) {
  const std::string valid = SafetensorsBytes(
      "{\"__metadata__\":{\"format\":\"pt\"}," + Tensor("a", "F32", "[2,2]", "[0,16]") + "," +
          Tensor("b", "BF16", "[3]", "[16,22]") + "," + Tensor("c", "U8", "[]", "[22,23]") + "}",
      std::string(23, '\7'));
  uint32_t state = 7;
  const auto random = [&] { return (state = state * 1664525 + 1013904223) >> 8; };
  const std::string alphabet = "{}[]\",:0123456789eE-+.ntfu\\ \xFF";
  int accepted = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string file = valid;
    for (uint32_t j = random() % 3 + 1; j > 0; --j) {
      const size_t at = random() % file.size();
      switch (random() % 5) {
        case 0:
          file[at] = static_cast<char>(random());
          break;
        case 1:
          file[at] = alphabet[random() % alphabet.size()];
          break;
        case 2:
          file.insert(at, 1, alphabet[random() % alphabet.size()]);
          break;
        case 3:
          file.erase(at, random() % 4 + 1);
          break;
        default:
          file.resize(at + 1);
      }
      if (file.empty()) file = valid;
    }
    const auto source = Parse(file);
    if (!source.ok()) continue;
    ++accepted;
    uint64_t sum = 0;
    for (const auto& [key, tensor] : source->tensors()) sum += ReadBytes(tensor).size();
    EXPECT_EQ(sum, source->bytes());
    EXPECT_LT(sum, file.size());
  }
  EXPECT_GT(accepted, 100);  // changes of names and data do no harm
}

}  // namespace
}  // namespace hanga
