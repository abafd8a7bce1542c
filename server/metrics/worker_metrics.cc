// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/worker_metrics.h"

#include <algorithm>

#include "absl/strings/strip.h"

namespace hanga {
namespace {

constexpr int kMostNames = 16;  // of links and caches, a worker
constexpr int kMostModels = 64;

bool IsUp(v1::WorkerState state) {
  return state == v1::WORKER_STATE_READY || state == v1::WORKER_STATE_DRAINING ||
         state == v1::WORKER_STATE_DRAINED;
}

void AddService(const Measures& measures, Families* families) {
  families->Gauge("hanga_workers_usable", "Workers that take tasks of a model; readiness is > 0.")
      .Add(static_cast<double>(measures.workers_ready));
  families->Counter("hanga_quarantines_total", "Times that a worker was taken out of service.")
      .Add(static_cast<double>(measures.quarantines));
  auto info = families->Gauge("hanga_worker_info",
                              "1; joins a worker to its device and, by UUID, to DCGM's metrics.");
  for (const WorkerMeasures& worker : measures.workers) {
    info.Add({{"worker", worker.id},
              {"device", worker.device.id()},
              {"device_model", worker.device.model()},
              {"gpu_uuid", worker.device.uuid()}},
             1);
  }
  const auto each = [&](MetricSeries series, auto value) {
    for (const WorkerMeasures& worker : measures.workers) {
      series.Add({{"worker", worker.id}}, static_cast<double>(value(worker)));
    }
  };
  each(families->Gauge("hanga_worker_up", "1 while the worker is connected."),
       [](const auto& worker) { return IsUp(worker.state); });
  each(families->Gauge("hanga_worker_usable", "1 while the worker takes tasks of a model."),
       [](const auto& worker) { return worker.usable; });
  each(families->Gauge("hanga_worker_quarantined", "1 while it is out for failing too often."),
       [](const auto& worker) { return worker.state == v1::WORKER_STATE_QUARANTINED; });
  each(families->Counter("hanga_worker_restarts_total", "Times that its process was started anew."),
       [](const auto& worker) { return worker.restarts; });
  each(families->Gauge("hanga_worker_tasks_running", "Images that it works on."),
       [](const auto& worker) { return worker.tasks_running; });
  each(families->Counter("hanga_worker_tasks_finished_total", "Images that it has drawn."),
       [](const auto& worker) { return worker.tasks_finished; });
  each(families->Counter("hanga_worker_tasks_failed_total", "Images that failed or were lost."),
       [](const auto& worker) { return worker.tasks_failed; });
}

// Four uses that add up to the device's memory.
void AddMemory(const Measures& measures, Families* families) {
  auto memory = families->Gauge("hanga_device_memory_bytes",
                                "Memory of the worker's device by use; other: processes beside it "
                                "and what the runtime takes.");
  for (const WorkerMeasures& worker : measures.workers) {
    const uint64_t total = worker.device.memory_bytes();
    const uint64_t weights = worker.stats.weight_bytes();
    const uint64_t activations = worker.stats.activation_bytes();
    const uint64_t free = worker.device.free_bytes();
    const uint64_t known = weights + activations + free;
    for (const auto& [use, bytes] :
         {std::pair("weights", weights), std::pair("activations", activations),
          std::pair("free", free), std::pair("other", total > known ? total - known : 0)}) {
      memory.Add({{"worker", worker.id}, {"use", use}}, static_cast<double>(bytes));
    }
  }
}

// Models on their way into a device's memory; a start can be watched by them.
void AddLoading(const Measures& measures, Families* families) {
  auto examined = families->Gauge("hanga_worker_models_unexamined",
                                  "Models of which the worker has not said yet whether it can "
                                  "use them.");
  for (const WorkerMeasures& worker : measures.workers) {
    examined.Add({{"worker", worker.id}}, static_cast<double>(worker.examines.size()));
  }
  const auto each = [&](MetricSeries series, auto value) {
    for (const WorkerMeasures& worker : measures.workers) {
      const v1::LoadProgress& loading = worker.stats.loading();
      if (!measures.models.contains(loading.model())) continue;
      const std::string model(absl::StripPrefix(loading.model(), "models/"));
      series.Add({{"worker", worker.id}, {"model", model}}, static_cast<double>(value(loading)));
    }
  };
  each(families->Gauge("hanga_model_loading_seconds", "How long a model has been loading."),
       [](const auto& loading) { return loading.seconds(); });
  each(families->Gauge("hanga_model_loading_bytes", "Bytes of it that have come to the device."),
       [](const auto& loading) { return loading.bytes(); });
  each(families->Gauge("hanga_model_loading_expected_bytes", "Bytes of its weights."),
       [](const auto& loading) { return loading.expected_bytes(); });
}

void AddLinks(const Measures& measures, Families* families) {
  auto bytes = families->Counter("hanga_link_bytes_total", "Bytes copied over a link.");
  const auto each_link = [&](auto add) {
    for (const WorkerMeasures& worker : measures.workers) {
      int names = 0;
      for (const v1::LinkStats& link : worker.stats.links()) {
        const std::string name = BoundedLabel(link.link());
        if (!name.empty() && ++names <= kMostNames) add(worker.id, name, link);
      }
    }
  };
  each_link([&](const std::string& worker, const std::string& name, const v1::LinkStats& link) {
    bytes.Add({{"worker", worker}, {"link", name}}, static_cast<double>(link.bytes()));
  });
  auto busy = families->Counter("hanga_link_busy_seconds_total",
                                "Time that copies over a link were under way.");
  each_link([&](const std::string& worker, const std::string& name, const v1::LinkStats& link) {
    busy.Add({{"worker", worker}, {"link", name}}, link.busy_seconds());
  });
}

void AddCaches(const Measures& measures, Families* families) {
  auto requests =
      families->Counter("hanga_cache_requests_total", "Look-ups in a worker's cache, by outcome.");
  for (const WorkerMeasures& worker : measures.workers) {
    int names = 0;
    for (const v1::CacheStats& cache : worker.stats.caches()) {
      const std::string name = BoundedLabel(cache.cache());
      if (name.empty() || ++names > kMostNames) continue;
      requests.Add({{"worker", worker.id}, {"cache", name}, {"outcome", "hit"}},
                   static_cast<double>(cache.hits()));
      requests.Add({{"worker", worker.id}, {"cache", name}, {"outcome", "miss"}},
                   static_cast<double>(cache.misses()));
    }
  }
}

// Only of models that the server knows: a worker's word alone makes no label.
void AddPredictions(const Measures& measures, Families* families) {
  const auto each_step = [&](auto add) {
    for (const WorkerMeasures& worker : measures.workers) {
      int models = 0;
      for (const v1::StepStats& step : worker.stats.steps()) {
        if (!measures.models.contains(step.model()) || ++models > kMostModels) continue;
        add(worker.id, std::string(absl::StripPrefix(step.model(), "models/")), step);
      }
    }
  };
  auto predicted = families->Gauge("hanga_step_predicted_seconds",
                                   "A denoising step as the placement plan predicts it.");
  each_step([&](const std::string& worker, const std::string& model, const v1::StepStats& step) {
    if (step.predicted_seconds() <= 0) return;
    predicted.Add({{"worker", worker}, {"model", model}}, step.predicted_seconds());
  });
  auto measured = families->Gauge("hanga_step_measured_seconds",
                                  "A denoising step, the mean of the last ones.");
  each_step([&](const std::string& worker, const std::string& model, const v1::StepStats& step) {
    if (step.measured_seconds() <= 0) return;
    measured.Add({{"worker", worker}, {"model", model}}, step.measured_seconds());
  });
}

}  // namespace

void AddWorkerMetrics(const Measures& measures, Families* families) {
  AddService(measures, families);
  AddMemory(measures, families);
  AddLoading(measures, families);
  AddLinks(measures, families);
  AddCaches(measures, families);
  AddPredictions(measures, families);
}

}  // namespace hanga
