// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/json_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hanga/v1/job.pb.h"

namespace hanga::cli {
namespace {

TEST(JsonLinesTest, WritesOneObjectWithEveryScalarField) {
  v1::Job job;
  job.set_name("jobs/a\nb");
  job.mutable_spec()->set_prompt("\"sea\"");
  job.add_tasks()->set_index(0);
  const std::string line = JsonLine("job", job);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["type"], "job");
  EXPECT_EQ(json["job"]["name"], "jobs/a\nb");
  EXPECT_EQ(json["job"]["state"], "JOB_STATE_UNSPECIFIED");
  EXPECT_EQ(json["job"]["tasks"][0]["step"], 0);
}

TEST(JsonLinesTest, GivesThePathOfAFile) {
  v1::Artifact artifact;
  artifact.set_index(3);
  const auto json = nlohmann::json::parse(JsonLine("artifact", artifact, "out/\"\xff.png"));
  EXPECT_EQ(json["artifact"]["index"], 3);
  EXPECT_EQ(json["path"], "out/\"\xef\xbf\xbd.png");
}

TEST(JsonLinesTest, WritesErrors) {
  const auto json =
      nlohmann::json::parse(JsonErrorLine(absl::NotFoundError("jobs/x: no such job")));
  EXPECT_EQ(json["type"], "error");
  EXPECT_EQ(json["code"], "NOT_FOUND");
  EXPECT_EQ(json["message"], "jobs/x: no such job");
  EXPECT_TRUE(json["violations"].is_array());
}

}  // namespace
}  // namespace hanga::cli
