// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

using testing::HasSubstr;

TokenTable Tokens() {
  TokenTable table;
  const auto status = table.AddLines(
      absl::StrCat("# who may what\n\n", HashToken("s3cret"), " submit studio  # the studio\n",
                   HashToken("reader"), "\tread studio\r\n", HashToken("root"), " admin ops\n",
                   HashToken("gpu-box"), " worker farm\n", HashToken("one"), " worker farm box-1"),
      "tokens");
  EXPECT_TRUE(status.ok()) << status;
  return table;
}

absl::StatusCode CodeOf(const Authorizer& authorizer, Role role, absl::string_view header) {
  return authorizer.Require(role, header).status().code();
}

TEST(AuthTest, HashesAsSha256) {
  EXPECT_EQ(HashToken("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_NE(NewToken(), NewToken());
  EXPECT_GE(NewToken().size(), 43);
}

TEST(AuthTest, TellsTenantAndRoleOfAToken) {
  const Authorizer authorizer(true, Tokens(), {});
  const auto identity = authorizer.Require(Role::kSubmit, "Bearer s3cret");
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->tenant, "studio");
  EXPECT_EQ(identity->role, Role::kSubmit);
}

TEST(AuthTest, RefusesUnknownTokensAndOtherSchemes) {
  const Authorizer authorizer(true, Tokens(), {});
  for (const char* header : {"", "s3cret", "bearer s3cret", "Basic s3cret", "Bearer ",
                             "Bearer s3cre", "Bearer s3cret "}) {
    EXPECT_EQ(CodeOf(authorizer, Role::kRead, header), absl::StatusCode::kUnauthenticated)
        << header;
  }
}

TEST(AuthTest, LetsRolesReachAsFarAsTheyShould) {
  const Authorizer authorizer(true, Tokens(), {});
  const auto kDenied = absl::StatusCode::kPermissionDenied;
  const auto kOk = absl::StatusCode::kOk;
  EXPECT_EQ(CodeOf(authorizer, Role::kRead, "Bearer reader"), kOk);
  EXPECT_EQ(CodeOf(authorizer, Role::kSubmit, "Bearer reader"), kDenied);
  EXPECT_EQ(CodeOf(authorizer, Role::kRead, "Bearer s3cret"), kOk);
  EXPECT_EQ(CodeOf(authorizer, Role::kAdmin, "Bearer s3cret"), kDenied);
  EXPECT_EQ(CodeOf(authorizer, Role::kWorker, "Bearer s3cret"), kDenied);
  EXPECT_EQ(CodeOf(authorizer, Role::kWorker, "Bearer gpu-box"), kOk);
  EXPECT_EQ(CodeOf(authorizer, Role::kRead, "Bearer gpu-box"), kDenied);
  EXPECT_EQ(CodeOf(authorizer, Role::kAdmin, "Bearer gpu-box"), kDenied);
  EXPECT_EQ(CodeOf(authorizer, Role::kWorker, "Bearer root"), kOk);
  EXPECT_EQ(authorizer.Require(Role::kWorker, "Bearer one")->worker_id, "box-1");
}

TEST(AuthTest, TakesEverybodyForTheAdministratorWithoutATokenFile) {
  TokenTable local;
  local.Add("local", {.role = Role::kWorker, .tenant = "", .worker_id = "cpu-0"});
  const Authorizer authorizer(false, {}, std::move(local));
  EXPECT_EQ(authorizer.Require(Role::kAdmin, "")->tenant, "");
  EXPECT_EQ(CodeOf(authorizer, Role::kAdmin, "Bearer whatever"), absl::StatusCode::kOk);
  EXPECT_EQ(authorizer.Require(Role::kWorker, "Bearer local")->worker_id, "cpu-0");
}

TEST(AuthTest, NamesTheLineThatIsWrong) {
  const std::string hash = HashToken("x");
  for (const auto& [line, problem] :
       std::vector<std::pair<std::string, std::string>>{{"secret submit a", "no SHA-256"},
                                                        {hash, "role"},
                                                        {hash + " king a", "role"},
                                                        {hash + " submit", "tenant is missing"},
                                                        {hash + " submit A!", "tenant is not"},
                                                        {hash + " submit a b", "too many"}}) {
    TokenTable table;
    const auto status = table.AddLines("# first\n" + line, "tokens");
    EXPECT_THAT(std::string(status.message()), HasSubstr("tokens:2: ")) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(problem)) << line;
  }
  EXPECT_THAT(std::string(ReadTokens("/nonexistent").status().message()),
              HasSubstr("name a readable file"));
}

TEST(AuthTest, TakesNewTokensWhileItRuns) {
  TokenTable before, after;
  before.Add("old", {.role = Role::kSubmit, .tenant = "t", .worker_id = ""});
  after.Add("new", {.role = Role::kRead, .tenant = "t", .worker_id = ""});
  TokenTable workers;
  workers.Add("worker", {.role = Role::kWorker, .tenant = "", .worker_id = "cpu-0"});
  Authorizer authorizer(true, before, workers);
  EXPECT_TRUE(authorizer.Require(Role::kSubmit, "Bearer old").ok());
  authorizer.ReplaceClients(after);
  EXPECT_EQ(authorizer.Require(Role::kSubmit, "Bearer old").status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(authorizer.Require(Role::kRead, "Bearer new").ok());
  EXPECT_TRUE(authorizer.Require(Role::kWorker, "Bearer worker").ok()) << "local ones stay";
}

}  // namespace
}  // namespace hanga
