// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

using testing::HasSubstr;

std::string ErrorOf(absl::string_view text) {
  const auto config = ParseConfig(text, "/etc/hanga.toml");
  return config.ok() ? "" : std::string(config.status().message());
}

TEST(ConfigTest, ReadsEveryKind) {
  const auto config = ParseConfig(R"(
[server]
listen = "[::1]:7000"
data = "state"
reflection = true
grace = "1m30s"
[workers]
devices = ["cpu:0", "cuda:1"]
heartbeat = "250ms"
[artifacts]
max_age = "2d"
max_bytes = "3GiB"
[inputs]
max_age = "2h"
max_tenant_bytes = "64MiB"
[[tenant]]
name = "studio"
weight = 2.5
[[model]]
name = "demo"
path = "../models/demo"
components = { vae = "/weights/ae.safetensors" }
lora_dir = "loras"
loras = ["style:0.8", "detail"]
embedding_dir = "/embeddings"
[model.defaults]
steps = 4
guidance_scale = 0
sampler = "euler"
)",
                                  "/etc/hanga/hanga.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.listen, "[::1]:7000");
  EXPECT_EQ(config->server.data, "/etc/hanga/state");
  EXPECT_TRUE(config->server.reflection);
  EXPECT_EQ(config->server.grace, absl::Seconds(90));
  EXPECT_THAT(config->workers.devices, testing::ElementsAre("cpu:0", "cuda:1"));
  EXPECT_EQ(config->workers.heartbeat, absl::Milliseconds(250));
  EXPECT_EQ(config->artifacts.max_age, absl::Hours(48));
  EXPECT_EQ(config->artifacts.max_bytes, uint64_t{3} << 30);
  EXPECT_EQ(config->inputs.max_age, absl::Hours(2));
  EXPECT_EQ(config->inputs.max_tenant_bytes, uint64_t{64} << 20);
  ASSERT_EQ(config->tenants.size(), 1);
  EXPECT_EQ(config->tenants[0].weight, 2.5);
  ASSERT_EQ(config->models.size(), 1);
  EXPECT_EQ(config->models[0].path, "/etc/models/demo");
  EXPECT_EQ(config->models[0].components.at("vae"), "/weights/ae.safetensors");
  EXPECT_EQ(config->models[0].lora_dir, "/etc/hanga/loras");
  ASSERT_EQ(config->models[0].loras.size(), 2);
  EXPECT_EQ(config->models[0].loras[0].name, "style");
  EXPECT_EQ(config->models[0].loras[0].weight, 0.8);
  EXPECT_EQ(config->models[0].loras[1].weight, 1);
  EXPECT_EQ(config->models[0].embedding_dir, "/embeddings");
  EXPECT_EQ(config->models[0].defaults.steps(), 4);
  EXPECT_TRUE(config->models[0].defaults.has_guidance_scale());
  EXPECT_FALSE(config->models[0].defaults.has_width());
  EXPECT_TRUE(CheckConfig(*config).ok()) << CheckConfig(*config);
}

TEST(ConfigTest, RefusesAdaptersThatItCannotFindOrWeigh) {
  const std::string model = "[[model]]\nname = \"a\"\npath = \"p\"\n";
  EXPECT_THAT(ErrorOf(model + "loras = [\"style\"]\n"), HasSubstr("needs lora_dir"));
  for (const char* bad : {"style:much", "style:11", "style:nan", ":1", "../style"}) {
    EXPECT_THAT(ErrorOf(model + "lora_dir = \"l\"\nloras = [\"" + bad + "\"]\n"),
                HasSubstr("must be NAME or NAME:WEIGHT"))
        << bad;
  }
}

TEST(ConfigTest, NamesTheLineOfAnUnknownKeyAndTheNearestKnownOne) {
  EXPECT_EQ(ErrorOf("[server]\nlisten = \"127.0.0.1:1\"\ngrase = \"3s\"\n"),
            "/etc/hanga.toml:3: unknown key 'grase' in [server]; did you mean 'grace'?");
  EXPECT_THAT(ErrorOf("[[model]]\nname = \"a\"\npath = \"p\"\n[model.defaults]\nstep = 3\n"),
              HasSubstr(":5: unknown key 'step' in [model.defaults]; did you mean 'steps'?"));
  EXPECT_THAT(ErrorOf("[severs]\n"), HasSubstr(":1: unknown key 'severs'; did you mean 'server'?"));
  EXPECT_THAT(ErrorOf("[log]\nzzzzzzzz = 1\n"), HasSubstr("known keys: format, level"));
}

TEST(ConfigTest, TellsAllErrorsAtOnce) {
  const std::string error = ErrorOf("[server]\ninsecure = 1\n[log]\nlevel = \"loud\"\n");
  EXPECT_THAT(error, HasSubstr(":2: 'insecure' in [server] is 1; expected true or false"));
  EXPECT_THAT(error,
              HasSubstr("\n/etc/hanga.toml:4: 'level' in [log] is 'loud'; expected one of "));
}

TEST(ConfigTest, NamesValueAndLimits) {
  EXPECT_THAT(ErrorOf("[workers]\ncrash_limit = 0\n"),
              HasSubstr("is 0; expected a whole number from 1 to 1000"));
  EXPECT_THAT(ErrorOf("[workers]\nlease = \"3 parsecs\"\n"), HasSubstr("expected a duration"));
  EXPECT_THAT(ErrorOf("[workers]\nlease = 3\n"), HasSubstr("expected a duration"));
  EXPECT_THAT(ErrorOf("[server]\ngrace = \"-1s\"\n"), HasSubstr("expected a duration"));
  EXPECT_THAT(ErrorOf("[artifacts]\nmax_bytes = \"99999999TiB\"\n"), HasSubstr("expected a size"));
  EXPECT_THAT(ErrorOf("[[tenant]]\nname = \"a\"\nweight = nan\n"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorOf("[[model]]\nname = \"../etc\"\npath = \"x\"\n"),
              HasSubstr("is '../etc'; expected 1 to 64 of a-z 0-9 . _ -"));
  EXPECT_THAT(ErrorOf("[[model]]\nname = \"a\"\n"), HasSubstr("'path' in [[model]] is required"));
  EXPECT_THAT(ErrorOf("model = 3\n"), HasSubstr("written [[model]]"));
  EXPECT_THAT(ErrorOf("[server]\nlisten = \"9876\"\n"), HasSubstr("expected HOST:PORT"));
}

TEST(ConfigTest, ReportsWhatIsNotToml) {
  EXPECT_THAT(ErrorOf("[server]\nlisten = \n"), HasSubstr("/etc/hanga.toml:2: "));
  EXPECT_THAT(ErrorOf(std::string("a = 1\n\0\xff", 8)), HasSubstr("/etc/hanga.toml:2: "));
}

TEST(ConfigTest, SaysWhatToDoAboutAFileThatCannotBeRead) {
  const auto missing = ReadConfig("/nonexistent/hanga.toml");
  EXPECT_THAT(std::string(missing.status().message()),
              HasSubstr("No such file or directory; name"));
  EXPECT_THAT(std::string(ReadConfig("/").status().message()), HasSubstr("is a folder"));
}

TEST(ConfigTest, RefusesToListenBeyondLoopbackWithoutTls) {
  Config config;
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1"}) {
    config.server.listen = address;
    EXPECT_EQ(CheckConfig(config).code(), absl::StatusCode::kFailedPrecondition) << address;
  }
  config.server.insecure = true;
  EXPECT_TRUE(CheckConfig(config).ok());
  config.server.insecure = false;
  config.server.tls = {.certificate = "c", .key = "k", .client_ca = ""};
  EXPECT_TRUE(CheckConfig(config).ok());
  config.server.tls = {};
  for (const char* address : {"127.0.0.1:0", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    config.server.listen = address;
    EXPECT_TRUE(CheckConfig(config).ok()) << address;
  }
}

TEST(ConfigTest, ChecksWhatOnlyTheWholeTells) {
  Config config;
  config.server.tls.certificate = "c";
  EXPECT_THAT(std::string(CheckConfig(config).message()), HasSubstr("needs its key"));
  config = {};
  config.workers.lease = config.workers.heartbeat;
  EXPECT_THAT(std::string(CheckConfig(config).message()), HasSubstr("twice workers.heartbeat"));
  config = {};
  config.models.resize(2);
  config.models[0].name = config.models[1].name = "demo";
  EXPECT_THAT(std::string(CheckConfig(config).message()), HasSubstr("two [[model]] named 'demo'"));
  config = {};
  for (std::vector<std::string> devices : std::vector<std::vector<std::string>>{
           {"gpu:0"}, {"cpu:0", "cpu:0"}, {"auto", "cpu:0"}, {"cpu:"}, {"cpu:01"}, {"cuda:-1"}}) {
    config.workers.devices = devices;
    EXPECT_EQ(CheckConfig(config).code(), absl::StatusCode::kInvalidArgument) << devices[0];
  }
  config.workers.devices = {};
  EXPECT_TRUE(CheckConfig(config).ok()) << "remote workers alone";
}

TEST(ConfigTest, RefusesAnExpressionWithItsPlaceAndASuggestion) {
  Config config;
  config.models.emplace_back().name = "flux";
  config.models.back().placement = "cuda:0,2,5gb;cpu,*";
  const absl::Status status = CheckConfig(config);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("model 'flux', placement:"));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("column"));
  config.models.back().placement = "cuda:0,2.5gb;cpu,*";
  EXPECT_TRUE(CheckConfig(config).ok()) << CheckConfig(config);
}

TEST(ConfigTest, ReadsSizesLikeThoseOfAllocationExpressions) {
  for (const char* text : {"12gb", "12GB", "12 GiB", "12288mb"}) {
    const auto config = ParseConfig(
        absl::StrCat("[[model]]\nname = \"a\"\npath = \"/a\"\n", "vram_limit = \"", text, "\"\n"),
        "hangad.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(*config->models[0].vram_limit, uint64_t{12} << 30) << text;
  }
}

TEST(ConfigTest, AGroupNeedsASplitModelAndOneSizeForAll) {
  EXPECT_THAT(ErrorOf("[[model]]\nname = \"a\"\npath = \"/a\"\ngroup_size = 2\n"),
              HasSubstr("need mode = \"split\""));
  const auto config = ParseConfig(R"(
[[model]]
name = "a"
path = "/a"
mode = "split"
group_size = 2
[[model]]
name = "b"
path = "/b"
mode = "split"
group_size = 3
)",
                                  "/etc/hanga.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(std::string(CheckConfig(*config).message()), HasSubstr("groups of one size"));
}

TEST(ConfigTest, TheCanaryIsOfAModelThatIsOffered) {
  const std::string model = "[[model]]\nname = \"a\"\npath = \"/a\"\n";
  const auto config = ParseConfig(
      absl::StrCat("[canary]\nmodel = \"b\"\ninterval = \"2m\"\n", model), "/etc/hanga.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->canary.interval, absl::Minutes(2));
  EXPECT_THAT(std::string(CheckConfig(*config).message()),
              HasSubstr("canary.model is 'b', which is no [[model]]'s name"));
}

TEST(ConfigTest, PreloadsWhatAWorkerRunsAloneOnly) {
  EXPECT_THAT(ErrorOf("[[model]]\nname = \"a\"\npath = \"/a\"\nmode = \"split\"\n"
                      "group_size = 2\npreload = true\n"),
              HasSubstr("preload"));
}

}  // namespace
}  // namespace hanga
