// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/loader.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "tests/worker/weights/safetensors_file.h"
#include "worker/weights/safetensors.h"

namespace hanga {
namespace {

using testing::HasSubstr;

// Two blocks that declare "a" [2, 2] and "b" [2].
class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    first_.name = "first";
    first_.slots = {{"a", {2, 2}, &a_}};
    second_.name = "second";
    second_.slots = {{"b", {2}, &b_}};
  }
  std::vector<BlockWeights*> Blocks() { return {&first_, &second_}; }
  std::string Fault(const std::vector<TestTensor>& tensors) {
    return std::string(CheckBlocks(Blocks(), MakeSource(tensors)).message());
  }

  const TestTensor stored_a_{"a", "F32", {2, 2}, FloatBytes({1, 2, 3, 4})};
  const TestTensor stored_b_{"b", "BF16", {2}, std::string("\x80\x3F\x00\xC0", 4)};  // 1, -2
  BlockWeights first_, second_;
  at::Tensor a_, b_;
};

TEST_F(LoaderTest, CountsWhatIsDeclared) {
  second_.slots.push_back({"a", {2, 2}, &b_});  // shared: counts once
  const WeightTotals totals = CountWeights(Blocks());
  EXPECT_EQ(totals.tensors, 2u);
  EXPECT_EQ(totals.parameters, 6u);
  EXPECT_EQ(totals.bytes(at::kBFloat16), 12u);
}

TEST_F(LoaderTest, ConvertsToTheAskedType) {
  ASSERT_TRUE(LoadBlocks(Blocks(), MakeSource({stored_a_, stored_b_}), at::kCPU, at::kDouble).ok());
  EXPECT_EQ(a_.scalar_type(), at::kDouble);
  EXPECT_TRUE(a_.equal(at::tensor({1., 2., 3., 4.}, at::kDouble).view({2, 2})));
  EXPECT_TRUE(b_.equal(at::tensor({1., -2.}, at::kDouble)));
  UnloadBlocks(Blocks());
  EXPECT_FALSE(a_.defined() || b_.defined());
}

TEST_F(LoaderTest, WidensEveryFloatingType) {
  const std::pair<std::string, std::string> ones[] = {
      {"F64", std::string("\0\0\0\0\0\0\xF0\x3F", 8)},
      {"F32", std::string("\0\0\x80\x3F", 4)},
      {"F16", std::string("\0\x3C", 2)},
      {"BF16", std::string("\x80\x3F", 2)},
      {"F8_E4M3", "\x38"},
      {"F8_E5M2", "\x3C"}};
  for (const auto& [type, one] : ones) {
    const auto source = MakeSource({stored_a_, {"b", type, {2}, one + one}});
    ASSERT_TRUE(LoadBlocks(Blocks(), source, at::kCPU, at::kFloat).ok()) << type;
    EXPECT_TRUE(b_.equal(at::ones({2}))) << type;
  }
}

TEST_F(LoaderTest, ReadsTensorsInSeveralPieces) {
  StoredTensor joined = *MakeSource({stored_a_}).Find("a");
  const TensorPiece whole = joined.pieces[0];
  joined.pieces = {{whole.bytes.subspan(8), whole.owner}, {whole.bytes.first(8), whole.owner}};
  const TensorSource source({{"a", joined}, {"b", *MakeSource({stored_b_}).Find("b")}});
  ASSERT_TRUE(LoadBlocks(Blocks(), source, at::kCPU, at::kFloat).ok());
  EXPECT_TRUE(a_.equal(at::tensor({3.f, 4.f, 1.f, 2.f}).view({2, 2})));
}

// Weights that need no conversion and lie as ATen would place them are not copied.
TEST_F(LoaderTest, SharesTheFileWhereItCan) {
  const auto memory =
      std::shared_ptr<std::byte>(static_cast<std::byte*>(std::aligned_alloc(64, 128)), std::free);
  const auto place = [&](size_t offset) {
    std::fill_n(reinterpret_cast<float*>(memory.get() + offset), 4, 5.f);
    StoredTensor stored{.shape = {2, 2}, .pieces = {{{memory.get() + offset, 16}, memory}}};
    const TensorSource source({{"a", stored}, {"b", *MakeSource({stored_b_}).Find("b")}});
    EXPECT_TRUE(LoadBlocks(Blocks(), source, at::kCPU, at::kFloat).ok());
    EXPECT_TRUE(a_.equal(at::full({2, 2}, 5.f)));
    return static_cast<std::byte*>(a_.data_ptr()) - memory.get();
  };
  EXPECT_EQ(place(64), 64);
  EXPECT_GT(memory.use_count(), 1);  // kept by the tensor
  EXPECT_NE(place(8), 8);            // copied
  EXPECT_EQ(memory.use_count(), 1);
}

TEST_F(LoaderTest, SurvivesItsFile) {
  const TemporaryFolder folder;
  const std::string path =
      folder.Write("w.safetensors", SafetensorsBytes(std::vector{stored_a_, stored_b_}));
  {
    const auto source = OpenSafetensors(path);
    ASSERT_TRUE(source.ok() && LoadBlocks(Blocks(), *source, at::kCPU, at::kFloat).ok());
  }
  std::remove(path.c_str());
  EXPECT_EQ(a_.sum().item<float>(), 10);
}

TEST_F(LoaderTest, LoadsSharedAndEmptyWeights) {
  at::Tensor again, none;
  second_.slots.push_back({"a", {2, 2}, &again});
  second_.slots.push_back({"none", {0, 3}, &none});
  const auto source = MakeSource({stored_a_, stored_b_, {"none", "F32", {0, 3}, ""}});
  ASSERT_TRUE(LoadBlocks(Blocks(), source, at::kCPU, at::kFloat).ok());
  EXPECT_TRUE(again.is_same(a_));
  EXPECT_EQ(none.sizes(), (at::IntArrayRef{0, 3}));
}

TEST_F(LoaderTest, AcceptsACompleteCheckpoint) { EXPECT_EQ(Fault({stored_a_, stored_b_}), ""); }

TEST_F(LoaderTest, ListsEveryFault) {
  EXPECT_EQ(
      Fault({{"b", "BF16", {2, 1}, std::string(4, '\0')}, {"c", "U8", {1}, "x"}}),
      "1 missing key: 'a'; 1 unexpected key: 'c'; 1 wrong shape: 'b' is BF16 [2, 1], not [2]");
  EXPECT_EQ(Fault({stored_a_, {"b", "I16", {2}, "xxxx"}}), "1 wrong type: 'b' is I16 [2]");
}

TEST_F(LoaderTest, ListsTheFirstFewOfMany) {
  std::vector<TestTensor> tensors{stored_a_, stored_b_};
  for (char c = 'k'; c < 'z'; ++c) tensors.push_back({std::string(1, c), "U8", {1}, "x"});
  EXPECT_EQ(Fault(tensors), "15 unexpected keys: 'k', 'l', 'm', 'n', 'o', ...");
}

TEST_F(LoaderTest, IgnoresSpareTensors) {
  auto tensors = MakeSource({stored_a_, stored_b_, {"c", "F32", {1}, FloatBytes({1})}}).tensors();
  tensors.at("c").spare = true;
  EXPECT_TRUE(CheckBlocks(Blocks(), TensorSource(tensors)).ok());
}

TEST_F(LoaderTest, LeavesTheSlotsAloneWhenItFails) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(LoadBlocks(Blocks(), MakeSource({stored_a_}), at::kCPU, at::kFloat)));
  EXPECT_FALSE(a_.defined());
}

TEST_F(LoaderTest, SaysWhenMemoryIsOut) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers end the process where malloc would fail";
#endif
  // 2^50 elements that no file backs: only their shape is looked at before memory is asked for.
  first_.slots[0].shape = {int64_t{1} << 50};
  StoredTensor huge{.shape = {int64_t{1} << 50}};
  const TensorSource source({{"a", huge}, {"b", *MakeSource({stored_b_}).Find("b")}});
  const auto status = LoadBlocks(Blocks(), source, at::kCPU, at::kFloat);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("out of memory on cpu loading 'a'"));
}

}  // namespace
}  // namespace hanga
