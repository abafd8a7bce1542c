// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/scheduler_options.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

TEST(SchedulerOptionsTest, CarriesWhatTheSchedulerAsksFor) {
  Config config;
  config.queue.max_tasks = 17;
  config.workers.lease = absl::Seconds(7);
  config.artifacts.max_bytes = 1 << 21;
  config.inputs.max_tenant_bytes = 1 << 22;
  config.tenants.push_back({.name = "studio", .weight = 3, .max_queued = 5, .max_running = 2});
  config.models.push_back({.name = "demo", .path = "/m", .max_running = 4});
  const SchedulerOptions options = MakeSchedulerOptions(config, "/data");
  EXPECT_EQ(options.data_dir, "/data");
  EXPECT_EQ(options.max_queued, 17);
  EXPECT_EQ(options.workers.lease, absl::Seconds(7));
  EXPECT_EQ(options.retention.artifact_bytes, 1 << 21);
  EXPECT_EQ(options.retention.input_bytes_per_tenant, 1 << 22);
  EXPECT_EQ(options.tenants.at("studio").weight, 3);
  EXPECT_EQ(options.tenants.at("studio").max_queued, 5);
  ASSERT_EQ(options.models.size(), 1);
  EXPECT_EQ(options.models[0].deployment.name(), "models/demo");
  EXPECT_EQ(options.models[0].max_running, 4);
}

TEST(SchedulerOptionsTest, GivesADeploymentANewRevisionWhenItChanges) {
  Config config;
  config.models.push_back({.name = "demo", .path = "/m"});
  const auto revision = [&] {
    return MakeSchedulerOptions(config, "/data").models[0].deployment.revision();
  };
  const std::string first = revision();
  EXPECT_EQ(revision(), first);
  config.models[0].components["vae"] = "/v";
  EXPECT_NE(revision(), first);
}

}  // namespace
}  // namespace hanga
