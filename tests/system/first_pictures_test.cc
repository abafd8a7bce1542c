// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Pictures to begin with, through real processes: uploaded once, drawn from, repainted; and files
// that are not what they should be, which spoil nobody else's job.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/system/daemon.h"
#include "worker/media/png.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;

constexpr char kSd15[] = HANGA_SOURCE_DIR "/tests/golden/models/sd15";
constexpr char kPrompt[] = "a lighthouse at dusk";

// 64 x 64 pixels of which the left half, or none, is white.
std::string Mask(int width, int white) {
  Image image{width, 64, std::vector<uint8_t>(size_t{3} * 64 * width)};
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = i / 3 % width < static_cast<size_t>(white) ? 255 : 0;
  }
  return *EncodePng(image);
}

// A gradient, so that a picture that is turned or shifted shows.
std::string Sketch() {
  Image image{64, 64, std::vector<uint8_t>(size_t{3} * 64 * 64)};
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<uint8_t>(i / 64);
  return *EncodePng(image);
}

int LargestDifference(const std::string& a, const std::string& b) {
  const auto first = DecodePng(a), second = DecodePng(b);
  if (!first.ok() || !second.ok() || first->image.width != second->image.width) return 255;
  int largest = 0;
  for (size_t i = 0; i < first->image.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(first->image.rgb[i] - second->image.rgb[i]));
  }
  return largest;
}

class FirstPicturesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    folder_->Write("sketch.png", Sketch());
    folder_->Write("mask.png", Mask(64, 32));
    daemon_ = std::make_unique<Daemon>(
        DaemonSettings{.models = {{"sd15", kSd15}, {"demo", DemoModel()}}});
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    folder_.reset();
  }

  // What `hanga-worker draw` makes of the same request, without a daemon.
  static std::string DrawAlone(const std::string& model, std::vector<std::string> more) {
    std::vector<std::string> command = {
        Program("hanga-worker"), "draw", model, kPrompt, "--seed", "7", "--steps", "6", "-o",
        *folder_ / "alone.png"};
    command.insert(command.end(), more.begin(), more.end());
    const Finished finished = RunToEnd(command, *folder_ / "draw");
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return ReadFile(*folder_ / "alone.png");
  }
  // What `hanga generate` brings.
  static Finished Generate(const std::string& model, std::vector<std::string> more) {
    std::vector<std::string> command = {Program("hanga"),
                                        "--address",
                                        daemon_->address(),
                                        "generate",
                                        kPrompt,
                                        "--model",
                                        model,
                                        "--seed",
                                        "7",
                                        "--steps",
                                        "6",
                                        "--overwrite",
                                        "-o",
                                        *folder_ / "drawn.png"};
    command.insert(command.end(), more.begin(), more.end());
    return RunToEnd(command, *folder_ / "generate");
  }
  static v1::SubmitJobRequest From(const std::string& picture) {
    v1::SubmitJobRequest request = PictureRequest("sd15", 7, 6);
    request.mutable_spec()->set_sampler("euler");  // one evaluation a step
    const auto blob = daemon_->client().Upload(picture);
    EXPECT_TRUE(blob.ok()) << blob.status();
    if (blob.ok()) *request.mutable_spec()->mutable_init_image() = *blob;
    return request;
  }
  static v1::Job Failed(const v1::SubmitJobRequest& request) {
    const auto job = daemon_->client().Submit(request);
    EXPECT_TRUE(job.ok()) << job.status();
    return FollowUntil(daemon_->client(), job->name(), [](const v1::Job&) { return false; });
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Daemon> daemon_;
};

TEST_F(FirstPicturesTest, DrawsFromAPictureAsTheWorkerAloneDoes) {
  const std::string sketch = *folder_ / "sketch.png", mask = *folder_ / "mask.png";
  for (const auto& [model, path] : {std::pair("sd15", std::string(kSd15)), {"demo", DemoModel()}}) {
    SCOPED_TRACE(model);
    const Finished from = Generate(model, {"--init", sketch, "--strength", "0.6"});
    ASSERT_EQ(from.exit_code, 0) << from.err;
    const std::string drawn = ReadFile(*folder_ / "drawn.png");
    EXPECT_LE(
        LargestDifference(drawn, DrawAlone(path, {"--init-image", sketch, "--strength", "0.6"})),
        1);
    const Finished repainted =
        Generate(model, {"--init", sketch, "--mask", mask, "--mask-blur", "2"});
    ASSERT_EQ(repainted.exit_code, 0) << repainted.err;
    const std::string other = ReadFile(*folder_ / "drawn.png");
    EXPECT_LE(LargestDifference(other, DrawAlone(path, {"--init-image", sketch, "--mask", mask,
                                                        "--mask-blur", "2"})),
              1);
    EXPECT_GT(LargestDifference(drawn, other), 1);
  }
}

TEST_F(FirstPicturesTest, DrawsTwiceWithPromptsOfAnyLength) {
  std::string prompt = "(a lighthouse:1.3)";
  for (int i = 0; i < 30; ++i) prompt += ", at [dusk] in fog";
  v1::SubmitJobRequest request = PictureRequest("sd15", 7, 4);
  v1::GenerationSpec& spec = *request.mutable_spec();
  spec.set_prompt(prompt);
  spec.set_sampler("euler");
  spec.set_prompt_syntax(v1::PROMPT_SYNTAX_A1111);
  spec.mutable_second_pass()->set_scale(1.5);
  const Pictures weighted = Draw(daemon_->client(), request);
  EXPECT_EQ(weighted.job.artifacts(0).width(), 96u);
  EXPECT_EQ(weighted.job.tasks(0).steps(), 4u + 1u + 2u);  // 0.7 of 4 after the enlarging
  spec.set_prompt_syntax(v1::PROMPT_SYNTAX_COMFY);
  EXPECT_GT(LargestDifference(Draw(daemon_->client(), request).bytes.at(0), weighted.bytes.at(0)),
            1);
}

TEST_F(FirstPicturesTest, TakesTheSizeOfThePicture) {
  v1::SubmitJobRequest request = From(Mask(96, 10));
  request.mutable_spec()->clear_width();
  request.mutable_spec()->clear_height();
  const Pictures drawn = Draw(daemon_->client(), request);
  EXPECT_EQ(drawn.job.artifacts(0).width(), 96u);
  EXPECT_EQ(drawn.job.artifacts(0).height(), 64u);
  EXPECT_EQ(drawn.job.tasks(0).steps(), 4u);  // 0.75 of 6
}

TEST_F(FirstPicturesTest, FilesThatCannotBeUsedSpoilTheirJobAlone) {
  const std::string sketch = Sketch();
  // Ten gigapixels are announced; hardly a byte of them is there.
  std::string bomb = sketch;
  bomb.replace(16, 8, std::string("\x00\x01\x86\xa0\x00\x01\x86\xa0", 8));
  const std::pair<std::string, std::string> files[] = {
      {"GIF89a and so on", "init_image: not a PNG, JPEG or WebP file"},
      {sketch.substr(0, sketch.size() / 2), "init_image: "},
      {bomb, "init_image: a picture of 100000x100000 pixels: sides must be 1 to 16384"},
      {Mask(96, 10), "init_image: is 96 x 64 pixels, the picture to draw 64 x 64"}};
  for (const auto& [bytes, message] : files) {
    const v1::Job failed = Failed(From(bytes));
    EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED) << message;
    EXPECT_EQ(failed.error().reason(), "INVALID_ARGUMENT");
    EXPECT_THAT(failed.error().message(), HasSubstr(message));
    EXPECT_EQ(failed.error().attempts(), 1u);
  }
  v1::SubmitJobRequest masked = From(sketch);
  *masked.mutable_spec()->mutable_mask() = *daemon_->client().Upload(Mask(72, 10));
  EXPECT_THAT(Failed(masked).error().message(), HasSubstr("mask: is 72 x 64 pixels"));
  EXPECT_EQ(Draw(daemon_->client(), From(sketch)).job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(daemon_->Worker("cpu-0").restarts(), 0u);
}

TEST_F(FirstPicturesTest, RefusesBeforeAJobIsMadeWhatItCanTell) {
  const auto refusal = [&](const std::string& model, std::vector<std::string> more) {
    const Finished finished = Generate(model, std::move(more));
    EXPECT_NE(finished.exit_code, 0);
    return finished.err;
  };
  const std::string sketch = *folder_ / "sketch.png";
  for (const char* strength : {"0", "1.5"}) {
    EXPECT_THAT(
        refusal("sd15", {"--init", sketch, "--strength", strength}),
        HasSubstr(absl::StrCat("spec.strength: is ", strength, ", must be above 0, up to 1")));
  }
  EXPECT_THAT(refusal("sd15", {"--mask", sketch}), HasSubstr("spec.mask: is set, but init_image"));
  EXPECT_THAT(refusal("demo", {"--upscale", "2"}),
              HasSubstr("spec.second_pass: is not supported by this model"));
  EXPECT_THAT(refusal("demo", {"--syntax", "a1111"}), HasSubstr("spec.prompt_syntax"));
  EXPECT_THAT(refusal("sd15", {"--init", *folder_ / "nowhere.png"}), HasSubstr("--init: "));
}

}  // namespace
}  // namespace hanga::system
