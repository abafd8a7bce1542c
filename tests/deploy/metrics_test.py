# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""/metrics of a real hangad while jobs run."""
import concurrent.futures
import json
import re
import socket
import time
import unittest

import served

FINISHED = ("succeeded", "failed", "cancelled", "expired")


def metric_names(expression):
    """Names of families in a PromQL expression."""
    names = set(re.findall(r"\b((?:hanga|process|DCGM)_[A-Za-z0-9_]+)\b", expression))
    return {re.sub(r"(_bucket|_count|_sum)$", "", name) if "_seconds_" in name else name
            for name in names}


class MetricsTest(served.ServedTestCase):
    def test_submitted_is_queued_and_running_and_finished_at_every_scrape(self):
        hangad = self.serve(workers=2, step_ms=2)
        jobs = 60
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(hangad.submit, steps=5, images=1 + i % 3) for i in range(jobs)]
            scrapes = moving = 0
            cancelled = False
            deadline = time.monotonic() + served.PATIENCE
            while True:
                scrape = hangad.scrape()
                scrapes += 1
                submitted = scrape.sum("hanga_jobs_submitted_total")
                queued = scrape.sum("hanga_jobs_queued")
                running = scrape.sum("hanga_jobs_running")
                finished = scrape.sum("hanga_jobs_finished_total")
                self.assertEqual(submitted, queued + running + finished)
                moving += queued + running > 0
                if not cancelled and submitted > 10:
                    hangad.hanga("cancel", waiting[-1].result(), waiting[-2].result(), check=False)
                    cancelled = True
                if finished == jobs or time.monotonic() > deadline:
                    break
        self.assertEqual(finished, jobs, hangad.log())
        self.assertGreater(moving, 5, f"{scrapes} scrapes saw no job on its way")
        self.assertEqual(scrape.sum("hanga_queue_tasks"), 0)
        self.assertEqual(scrape.sum("hanga_tasks_running"), 0)
        self.assertGreaterEqual(scrape.sum("hanga_steps_total"),
                                5 * scrape.sum("hanga_jobs_finished_total", state="succeeded"))
        self.assertEqual(scrape.sum("hanga_job_duration_seconds_count"), jobs)

    def test_jobs_that_an_earlier_result_answers_keep_the_sum(self):
        hangad = self.serve(workers=1)
        for name in ("first", "second"):
            hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "--seed", "7",
                         "--allow-cached", "-o", f"{name}.png")
        scrape = hangad.scrape()
        self.assertEqual(scrape.sum("hanga_jobs_cached_total"), 1)
        self.assertEqual(scrape.sum("hanga_jobs_submitted_total"), 2)
        self.assertEqual(scrape.sum("hanga_jobs_finished_total", state="succeeded"), 2)

    def scrape_again_and_again(self, port, count):
        """As a scraper would, with nothing in between; how many answers were whole and agreed."""
        good = 0
        for i in range(count):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: hanga\r\n\r\n")
                answer = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
            head, _, page = answer.partition("\r\n\r\n")
            good += " 200 " in head.splitlines()[0] and page.endswith("\n")
            if i % 50 == 0:  # to read one costs more than to make one
                scrape = served.Scrape(page)
                self.assertEqual(scrape.sum("hanga_jobs_submitted_total"),
                                 scrape.sum("hanga_jobs_queued") + scrape.sum("hanga_jobs_running") +
                                 scrape.sum("hanga_jobs_finished_total"))
        return good

    def test_a_storm_of_scrapes_does_not_stop_the_jobs(self):
        clients, each = 8, 500
        hangad = self.serve(workers=1, step_ms=1)
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            begun = time.monotonic()
            scrapes = [pool.submit(self.scrape_again_and_again, hangad.metrics_port, each)
                       for _ in range(clients)]
            for _ in range(5):
                hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "-o",
                             "{job}.png")
            good = sum(scrape.result() for scrape in scrapes)
            took = time.monotonic() - begun
        self.assertEqual(good, clients * each)
        scrape = hangad.scrape()
        self.assertEqual(scrape.sum("hanga_jobs_finished_total", state="succeeded"), 5)
        print(f"{clients * each} scrapes, {good / took:.0f} a second, and 5 jobs in {took:.2f} s")

    def test_a_worker_that_dies_is_seen(self):
        hangad = self.serve(workers=1, more='restart_least = "10ms"')
        worker = json.loads(hangad.hanga("workers", "--json").stdout)["worker"]
        served.os.kill(worker["pid"], served.signal.SIGKILL)
        self.assertTrue(served.eventually(
            lambda: hangad.scrape().sum("hanga_worker_restarts_total", worker="cpu-0") >= 1))
        self.assertTrue(served.eventually(
            lambda: hangad.scrape().sum("hanga_worker_up", worker="cpu-0") == 1))

    def test_a_device_that_faults_is_seen_and_its_worker_is_taken_out(self):
        hangad = self.serve(workers=1, members={"fail": "fault"},
                            more='restart_least = "10ms"\ncrash_limit = 3\nquarantine = "1h"')
        job = hangad.submit(steps=2)
        self.assertEqual(hangad.hanga("watch", job, check=False).returncode, 1)
        self.assertTrue(served.eventually(
            lambda: hangad.scrape().sum("hanga_worker_quarantined", worker="cpu-0") == 1),
            hangad.log())
        scrape = hangad.scrape()
        self.assertGreaterEqual(scrape.sum("hanga_attempt_failures_total"), 3)
        self.assertEqual(scrape.sum("hanga_worker_usable", worker="cpu-0"), 0)
        self.assertEqual(scrape.sum("hanga_workers_usable"), 0)
        status, text = served.get(hangad.url("/readyz"))
        self.assertEqual(status, 503)
        self.assertIn("cpu-0: quarantined", text)

    def test_it_is_alive_from_the_start_and_ready_with_its_first_worker(self):
        hangad = served.Hangad(workers=1)
        self.addCleanup(hangad.stop)
        for _ in range(20):
            self.assertEqual(served.get(hangad.url("/livez")), (200, "ok\n"))
        hangad.await_ready()
        self.assertIn("cpu-0: ready", served.get(hangad.url("/readyz"))[1])

    def test_every_metric_of_a_dashboard_or_a_rule_exists(self):
        hangad = self.serve(workers=1)
        hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "-o", "a.png")
        known = hangad.scrape().families
        # Of other exporters: those that docs/metrics.md names.
        documented = (served.SOURCE / "docs/metrics.md").read_text()
        known |= set(re.findall(r"`(DCGM_[A-Z_0-9]+)`", documented))
        deploy = served.SOURCE / "deploy"
        expressions = {}
        for path in sorted(deploy.glob("grafana/*.json")):
            for panel in json.loads(path.read_text())["panels"]:
                for target in panel["targets"]:
                    expressions[f'{path.name}: {panel["title"]}'] = target["expr"]
        rules = (deploy / "prometheus/hanga.rules.yml").read_text()
        expressions["hanga.rules.yml"] = rules
        recorded = set(re.findall(r"record: (hanga:\S+)", rules))
        self.assertGreater(len(expressions), 30)
        for where, expression in expressions.items():
            with self.subTest(where):
                self.assertEqual(metric_names(expression) - known, set(), "not in a real scrape")
                self.assertEqual(set(re.findall(r"hanga:\w+", expression)) - recorded, set())

    def test_every_family_is_documented_and_every_documented_one_exists(self):
        hangad = self.serve(workers=1)
        hangad.hanga("models")  # calls are counted from the first one on
        text = (served.SOURCE / "docs/metrics.md").read_text()
        documented = set(re.findall(r"^\| `((?:hanga|process)_\w+)`", text, re.M))
        self.assertEqual(documented, hangad.scrape().families)


if __name__ == "__main__":
    unittest.main(verbosity=2)
