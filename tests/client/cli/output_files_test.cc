// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/output_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace hanga::cli {
namespace {

namespace fs = std::filesystem;

class OutputFilesTest : public testing::Test {
 protected:
  OutputFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "hanga-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    artifact_.set_name("jobs/3f2a/artifacts/2");
    artifact_.set_index(2);
    artifact_.set_seed(9);
    artifact_.set_content_type("image/webp");
  }
  ~OutputFilesTest() override { fs::remove_all(folder_); }

  static std::string Content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  size_t Files() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  fs::path folder_;
  v1::Artifact artifact_;
};

TEST_F(OutputFilesTest, NamesFilesInAFolderByJobAndIndex) {
  EXPECT_EQ(OutputFiles::Make("out/", 4, false)->PathOf(artifact_), "out/3f2a-2.webp");
  EXPECT_EQ(OutputFiles::Make(folder_.string(), 4, false)->PathOf(artifact_),
            (folder_ / "3f2a-2.webp").string());
}

TEST_F(OutputFilesTest, FillsPlaceholders) {
  EXPECT_EQ(OutputFiles::Make("a-{job}-{seed}.{ext}", 4, false)->PathOf(artifact_),
            "a-3f2a-9.webp");
  EXPECT_EQ(OutputFiles::Make("a-{sed}.png", 1, false).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(OutputFilesTest, RefusesOneNameForSeveralImages) {
  EXPECT_TRUE(OutputFiles::Make("a.png", 1, false).ok());
  EXPECT_EQ(OutputFiles::Make("a.png", 2, false).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(OutputFilesTest, WritesWholeFilesAndMakesTheirFolders) {
  const auto files = OutputFiles::Make((folder_ / "x/y/").string(), 1, false);
  const auto path = files->Write(artifact_, "bytes");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(Content(*path), "bytes");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFilesTest, NeverOverwritesUnasked) {
  const std::string name = (folder_ / "a.png").string();
  std::ofstream(name) << "old";
  const auto careful = OutputFiles::Make(name, 1, false);
  EXPECT_EQ(careful->CheckFree().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(careful->Write(artifact_, "new").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Content(name), "old");
  EXPECT_EQ(Files(), 1u) << "no temporary file is left";

  const auto bold = OutputFiles::Make(name, 1, true);
  EXPECT_TRUE(bold->CheckFree().ok());
  EXPECT_TRUE(bold->Write(artifact_, "new").ok());
  EXPECT_EQ(Content(name), "new");
}

TEST_F(OutputFilesTest, SaysWhichPathCannotBeWritten) {
  std::ofstream(folder_ / "file") << "";
  const auto files = OutputFiles::Make((folder_ / "file/a.png").string(), 1, false);
  const absl::Status status = files->Write(artifact_, "bytes").status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find((folder_ / "file").string()), std::string::npos);
}

}  // namespace
}  // namespace hanga::cli
