// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What Prometheus and the probes are told.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <map>
#include <regex>

#include "absl/strings/str_split.h"
#include "server/file_descriptor.h"
#include "server/metrics/families.h"
#include "server/metrics/probes.h"
#include "tests/server/served_test.h"

namespace hanga {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class MetricsTest : public ServedTest {
 protected:
  MetricsTest() { config_.metrics.listen = "127.0.0.1:0"; }

  // The whole answer, head and body.
  std::string Ask(const std::string& request) const {
    FileDescriptor peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(daemon_->metrics_port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "";
    send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL);
    std::string answer;
    char piece[4096];
    for (ssize_t n; (n = recv(peer.get(), piece, sizeof piece, 0)) > 0;) {
      answer.append(piece, static_cast<size_t>(n));
    }
    return answer;
  }
  std::string Get(const std::string& path) const {
    return Ask("GET " + path + " HTTP/1.1\r\nHost: hanga\r\n\r\n");
  }
};

TEST_F(MetricsTest, CountsAJobFromItsSubmitToItsEnd) {
  Start();
  DrawingWorker worker(Channel(), "box");
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok()) << job.status();
  WaitForEnd(job->name());
  const std::string page = Get("/metrics");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(page, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(page, HasSubstr("hanga_jobs_submitted_total{model=\"demo\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hanga_jobs_queued{model=\"demo\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("hanga_jobs_running{model=\"demo\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("hanga_jobs_finished_total{model=\"demo\",state=\"succeeded\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hanga_workers_usable 1\n"));
  EXPECT_THAT(page, HasSubstr("hanga_worker_up{worker=\"box\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hanga_queue_wait_seconds_count 1\n"));
  EXPECT_THAT(page,
              HasSubstr("hanga_grpc_calls_total{code=\"OK\",method=\"GenerationService/SubmitJob\"}"
                        " 1\n"));
  EXPECT_THAT(page, HasSubstr("hanga_stage_duration_seconds_count{model=\"demo\",stage=\"publish\"}"
                              " 1\n"));
}

TEST_F(MetricsTest, CountsRefusedCallsByTheirCode) {
  Start();
  EXPECT_FALSE(Submit(Request("")).ok());
  EXPECT_THAT(Get("/metrics"),
              HasSubstr("code=\"INVALID_ARGUMENT\",method=\"GenerationService/SubmitJob\"} 1\n"));
}

TEST_F(MetricsTest, FollowsTheRulesForNames) {
  Start();
  DrawingWorker worker(Channel(), "box");
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok());
  WaitForEnd(job->name());
  const std::regex name("(hanga|process)_[a-z0-9_]*[a-z0-9]");
  std::map<std::string, std::string> types;
  for (const auto line : absl::StrSplit(Get("/metrics"), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() == 4 && words[1] == "TYPE") types[words[2]] = words[3];
  }
  EXPECT_GT(types.size(), 40U);
  for (const auto& [family, type] : types) {
    EXPECT_TRUE(std::regex_match(family, name)) << family;
    EXPECT_EQ(type == "counter", family.ends_with("_total")) << family << " is a " << type;
    EXPECT_TRUE(type != "histogram" || family.ends_with("_seconds")) << family;
    EXPECT_THAT(family, Not(AllOf(HasSubstr("_ms"), HasSubstr("_milli"))));
  }
}

TEST_F(MetricsTest, SaysThatItLivesAndWhatItWaitsFor) {
  Start();
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("0 of 0 workers")));
  DrawingWorker worker(Channel(), "box");
  const auto job = Submit(Request("a boat"));
  ASSERT_TRUE(job.ok());
  WaitForEnd(job->name());
  EXPECT_THAT(Get("/readyz"), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("box: ready")));
}

TEST_F(MetricsTest, TheCanaryGoesThroughTheQueueAgainAndAgain) {
  config_.canary.model = "demo";
  config_.canary.interval = absl::Milliseconds(10);
  Start();
  DrawingWorker worker(Channel(), "box");
  const std::regex third("hanga_canary_runs_total\\{outcome=\"succeeded\"\\} [3-9]");
  std::string page;
  do {
    page = Get("/metrics");
  } while (!std::regex_search(page, third));
  EXPECT_THAT(page, HasSubstr("hanga_canary_last_success_timestamp_seconds 1"));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(MetricsTest, ACanaryThatNoWorkerDrawsIsLateAndItsJobIsCancelled) {
  config_.canary.model = "demo";
  config_.canary.interval = config_.canary.patience = absl::Milliseconds(20);
  Start();
  DrawingWorker worker(Channel(), "box", "", /*held=*/true);
  std::string page;
  do {
    page = Get("/metrics");
  } while (page.find("hanga_jobs_finished_total{model=\"demo\",state=\"cancelled\"} 0") !=
               std::string::npos ||
           page.find("hanga_canary_runs_total{outcome=\"late\"} 0") != std::string::npos);
  EXPECT_THAT(page, HasSubstr("hanga_canary_runs_total{outcome=\"succeeded\"} 0"));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(ProbesTest, ASubmitWithoutAnAnswerIsNoLife) {
  CanaryMeasures canary;
  EXPECT_EQ(Liveness(Measures(), canary, true).code, 200);
  canary.failed = canary.late = 100;
  EXPECT_EQ(Liveness(Measures(), canary, true).code, 200);
  canary.unanswered = kLongestRound + absl::Seconds(1);
  EXPECT_EQ(Liveness(Measures(), canary, true).code, 503);
  EXPECT_THAT(Liveness(Measures(), canary, true).text, HasSubstr("canary"));
}

TEST(ProbesTest, AStartCanBeFollowed) {
  Measures measures;
  measures.workers_in_all = 2;
  WorkerMeasures& examining = measures.workers.emplace_back();
  examining.id = "cuda-0";
  examining.state = v1::WORKER_STATE_READY;
  examining.examines = {"models/flux"};
  WorkerMeasures& loading = measures.workers.emplace_back();
  loading.id = "cuda-1";
  loading.state = v1::WORKER_STATE_READY;
  loading.usable = true;
  v1::LoadProgress& progress = *loading.stats.mutable_loading();
  progress.set_model("models/flux");
  progress.set_seconds(12);
  progress.set_bytes(3'100'000'000);
  progress.set_expected_bytes(23'800'000'000);
  EXPECT_EQ(Readiness(measures, false).text,
            "0 of 2 workers take tasks\n"
            "cuda-0: ready, takes no tasks yet, examines models/flux\n"
            "cuda-1: ready, loads models/flux for 12 s, 3.1 of 23.8 GB\n");
}

TEST_F(MetricsTest, AnswersNothingButGetOfItsPages) {
  Start();
  EXPECT_THAT(Get("/../etc/passwd"), Not(StartsWith("HTTP/1.1 200")));
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("hanga_build_info"))));
}

TEST_F(MetricsTest, SaysThatItsPortIsTaken) {
  Start();
  Config second = config_;
  second.server.data = folder_ + "/second";
  second.metrics.listen = absl::StrCat("127.0.0.1:", daemon_->metrics_port());
  const auto started = Daemon::Start(second);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(std::string(started.status().message()),
              AllOf(HasSubstr(second.metrics.listen), HasSubstr("metrics.listen")));
}

TEST_F(MetricsTest, TellsKedaWhatWaits) {
  config_.metrics.scaler_listen = "127.0.0.1:0";
  Start();
  ASSERT_TRUE(Submit(Request("a boat")).ok());
  const auto scaler = externalscaler::ExternalScaler::NewStub(grpc::CreateChannel(
      absl::StrCat("127.0.0.1:", daemon_->scaler_port()), grpc::InsecureChannelCredentials()));
  externalscaler::ScaledObjectRef object;
  (*object.mutable_scalermetadata())["targetTasks"] = "3";
  {
    grpc::ClientContext call;
    externalscaler::IsActiveResponse response;
    ASSERT_TRUE(scaler->IsActive(&call, object, &response).ok());
    EXPECT_TRUE(response.result());
  }
  {
    grpc::ClientContext call;
    externalscaler::GetMetricSpecResponse response;
    ASSERT_TRUE(scaler->GetMetricSpec(&call, object, &response).ok());
    ASSERT_EQ(response.metricspecs_size(), 1);
    EXPECT_EQ(response.metricspecs(0).targetsize(), 3);
  }
  {
    grpc::ClientContext call;
    externalscaler::GetMetricsResponse response;
    ASSERT_TRUE(scaler->GetMetrics(&call, {}, &response).ok());
    ASSERT_EQ(response.metricvalues_size(), 1);
    EXPECT_EQ(response.metricvalues(0).metricvalue(), 1);
  }
  grpc::ClientContext call;
  externalscaler::GetMetricSpecResponse response;
  (*object.mutable_scalermetadata())["targetTasks"] = "none";
  EXPECT_EQ(scaler->GetMetricSpec(&call, object, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(ProbesTest, AStuckDispatcherIsNotAlive) {
  Measures measures;
  EXPECT_EQ(Liveness(measures, CanaryMeasures(), true).code, 200);
  EXPECT_EQ(Liveness(measures, CanaryMeasures(), false).code, 503);
  measures.since_last_round = 2 * kLongestRound;
  EXPECT_EQ(Liveness(measures, CanaryMeasures(), true).code, 503);
}

TEST(ProbesTest, ReadinessFollowsUsableWorkersAndTheEnd) {
  Measures measures;
  EXPECT_EQ(Readiness(measures, false).code, 503);
  measures.workers_ready = 1;
  EXPECT_EQ(Readiness(measures, false).code, 200);
  EXPECT_EQ(Readiness(measures, true).code, 503);
}

TEST(FamiliesTest, NamesFamiliesWithoutSeriesToo) {
  Families families;
  families.Gauge("hanga_a", "Nothing yet.");
  families.Gauge("hanga_b", "One.").Add(1);
  EXPECT_THAT(families.Text(), AllOf(HasSubstr("# HELP hanga_a Nothing yet.\n"),
                                     HasSubstr("hanga_b 1\n"), Not(HasSubstr("\nhanga_a "))));
}

TEST(FamiliesTest, GivesHistogramsTheirCumulativeBuckets) {
  DurationHistogram histogram;
  histogram.Observe(absl::Milliseconds(1));
  histogram.Observe(absl::Seconds(3));
  histogram.Observe(absl::Hours(1));
  Families families;
  families.Histogram("hanga_x_seconds", "X.").Add({}, histogram);
  EXPECT_THAT(families.Text(), AllOf(HasSubstr("le=\"0.001\"} 1\n"), HasSubstr("le=\"2\"} 1\n"),
                                     HasSubstr("le=\"5\"} 2\n"), HasSubstr("le=\"+Inf\"} 3\n")));
}

TEST(FamiliesTest, TakesNoNameFromAWorkerThatIsLongOrStrange) {
  EXPECT_EQ(BoundedLabel("host_to_device"), "host_to_device");
  EXPECT_EQ(BoundedLabel("\"} 1\nx"), "");
  EXPECT_EQ(BoundedLabel(std::string(33, 'a')), "");
}

}  // namespace
}  // namespace hanga
