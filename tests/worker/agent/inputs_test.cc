// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// SHA-256 of "hello" and of "world!".
constexpr char kHello[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
constexpr char kWorld[] = "711e9609339e92b03ddc0a211827dba421f38f9ed8b9d806e1ffdd8c15ffa03d";

class InputsTest : public testing::Test {
 protected:
  static v1::Assignment Task(uint32_t index, const std::string& image,
                             const std::string& mask = "") {
    v1::Assignment assignment;
    assignment.mutable_attempt()->set_job("jobs/j");
    assignment.mutable_attempt()->set_index(index);
    assignment.mutable_attempt()->set_token(index + 1);
    if (!image.empty()) assignment.mutable_spec()->mutable_init_image()->set_sha256(image);
    if (!mask.empty()) assignment.mutable_spec()->mutable_mask()->set_sha256(mask);
    return assignment;
  }
  std::vector<v1::InputRequest> Requests() {
    std::vector<v1::InputRequest> requests;
    while (auto message = outbox_.Next()) {
      if (message->has_input_request()) requests.push_back(message->input_request());
    }
    return requests;
  }
  void Piece(const std::string& sha256, const std::string& all, size_t offset, size_t length) {
    v1::InputPiece piece;
    piece.set_sha256(sha256);
    piece.set_offset(offset);
    piece.set_size_bytes(all.size());
    piece.set_data(all.substr(offset, length));
    inputs_.OnPiece(piece);
  }

  Outbox outbox_;
  std::vector<uint32_t> ready_;
  InputSet last_;
  std::vector<absl::Status> failed_;
  Inputs inputs_{
      8, &outbox_,
      [this](v1::Assignment assignment, InputSet inputs) {
        ready_.push_back(assignment.attempt().index());
        last_ = std::move(inputs);
      },
      [this](const v1::AttemptRef&, const absl::Status& status) { failed_.push_back(status); }};
};

TEST_F(InputsTest, LetsATaskWithoutInputsBeginAtOnce) {
  inputs_.Prepare(Task(0, ""));
  EXPECT_THAT(ready_, ElementsAre(0));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(InputsTest, FetchesPieceByPieceAndOnceForTwoTasks) {
  inputs_.Prepare(Task(0, kHello));
  inputs_.Prepare(Task(1, kHello));
  ASSERT_EQ(Requests().size(), 1U);
  Piece(kHello, "hello", 0, 2);
  const auto next = Requests();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].offset(), 2U);
  EXPECT_THAT(ready_, IsEmpty());
  Piece(kHello, "hello", 2, 3);
  EXPECT_THAT(ready_, ElementsAre(0, 1));
  EXPECT_EQ(*last_.at(kHello), "hello");
  inputs_.Prepare(Task(2, kHello));
  EXPECT_THAT(ready_, ElementsAre(0, 1, 2)) << "kept for the next";
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(InputsTest, KeepsNoMoreThanItMayButWhatATaskWaitsWith) {
  inputs_.Prepare(Task(0, kHello, kWorld));
  Piece(kHello, "hello", 0, 5);
  EXPECT_THAT(ready_, IsEmpty());
  Piece(kWorld, "world!", 0, 6);
  EXPECT_THAT(ready_, ElementsAre(0));
  EXPECT_EQ(last_.size(), 2U);
  Requests();
  inputs_.Prepare(Task(1, kHello));
  inputs_.Prepare(Task(2, kWorld));
  EXPECT_EQ(Requests().size(), 1U) << "one of the two did not fit into 8 bytes";
}

TEST_F(InputsTest, AsksAgainOnANewStreamForWhatItStillLacks) {
  inputs_.Prepare(Task(0, kHello));
  Piece(kHello, "hello", 0, 2);
  Requests();
  outbox_.Connected(0);
  inputs_.Connected();
  const auto again = Requests();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].offset(), 2U);
}

TEST_F(InputsTest, FailsTheTasksOfAnInputThatCannotBeHad) {
  inputs_.Prepare(Task(0, kHello));
  v1::InputPiece gone;
  gone.set_sha256(kHello);
  gone.set_code(static_cast<int>(absl::StatusCode::kNotFound));
  gone.set_message("the input's bytes are gone");
  inputs_.OnPiece(gone);
  ASSERT_EQ(failed_.size(), 1U);
  EXPECT_TRUE(absl::IsNotFound(failed_[0]));
  inputs_.Prepare(Task(1, kHello));
  Piece(kHello, "jello", 0, 5);
  ASSERT_EQ(failed_.size(), 2U);
  EXPECT_TRUE(absl::IsDataLoss(failed_[1])) << "other bytes than its name says";
  inputs_.Prepare(Task(2, kHello));
  Piece(kHello, "hello", 0, 0);
  ASSERT_EQ(failed_.size(), 3U) << "a piece without bytes would be asked for for ever";
  EXPECT_THAT(ready_, IsEmpty());
}

TEST_F(InputsTest, AsksInTheNameOfATaskThatIsLeftWhenOneIsDropped) {
  inputs_.Prepare(Task(0, kHello));
  inputs_.Prepare(Task(1, kHello));
  Requests();
  EXPECT_TRUE(inputs_.Drop(Task(0, "").attempt()));
  EXPECT_FALSE(inputs_.Drop(Task(0, "").attempt()));
  const auto again = Requests();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].attempt().index(), 1U);
  EXPECT_EQ(again[0].offset(), 0U);
  EXPECT_EQ(inputs_.DropAll().size(), 1U);
}

}  // namespace
}  // namespace hanga
