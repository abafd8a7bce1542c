# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The rules by promtool, and a real Prometheus that watches a real hangad."""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

import served

DEPLOY = served.SOURCE / "deploy"
RULES = DEPLOY / "prometheus/hanga.rules.yml"


class RulesTest(unittest.TestCase):
    def test_rules_parse(self):
        promtool = served.needs(self, "promtool")
        subprocess.run([promtool, "check", "rules", RULES], check=True)

    def test_each_alert_fires_when_it_should_and_only_then(self):
        promtool = served.needs(self, "promtool")
        subprocess.run([promtool, "test", "rules", "rules_test.yml"], check=True,
                       cwd=pathlib.Path(__file__).parent)

    def test_each_alert_has_a_case_that_fires_and_one_that_does_not(self):
        alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
        cases = (pathlib.Path(__file__).parent / "rules_test.yml").read_text()
        for alert in alerts:
            with self.subTest(alert):
                self.assertIn(f'name: "{alert} fires"', cases)
                self.assertIn(f'name: "{alert} is quiet"', cases)

    def test_each_alert_has_its_page_and_each_page_its_alert(self):
        alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
        pages = {path.stem for path in (served.SOURCE / "docs/runbooks").glob("Hanga*.md")}
        self.assertEqual(alerts, pages)
        named = set(re.findall(r"runbook_url: docs/runbooks/(\w+)\.md", RULES.read_text()))
        self.assertEqual(alerts, named)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """A Prometheus that scrapes `target` every second."""

    def __init__(self, program, target):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hanga-prometheus."))
        shutil.copy(RULES, self.folder)
        (self.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [hanga.rules.yml]\n"
            "scrape_configs:\n"
            f"  - {{job_name: hanga, static_configs: [{{targets: ['{target}']}}]}}\n")
        self.port = free_port()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [program, f"--config.file={self.folder}/prometheus.yml",
                 f"--storage.tsdb.path={self.folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stderr=log, stdout=log)

    def api(self, path, **arguments):
        query = urllib.parse.urlencode(arguments)
        status, text = served.get(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}")
        return json.loads(text) if status == 200 else {"status": "none", "error": text}

    def query(self, expression, **arguments):
        return self.api("query", query=expression, **arguments)

    def value(self, expression):
        result = self.query(expression).get("data", {}).get("result", [])
        return float(result[0]["value"][1]) if result else None

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def with_variables(expression):
    return expression.replace("$model", ".*").replace("$worker", ".*")


class ScrapeTest(served.ServedTestCase):
    def test_a_real_prometheus_scrapes_hangad_and_evaluates_rules_and_dashboards(self):
        program = served.needs(self, "prometheus")
        hangad = self.serve(workers=2, step_ms=2)
        prometheus = Prometheus(program, f"127.0.0.1:{hangad.metrics_port}")
        self.addCleanup(prometheus.stop)
        self.assertTrue(served.eventually(lambda: prometheus.value('up{job="hanga"}') == 1),
                        (prometheus.folder / "log").read_text())
        for _ in range(4):
            hangad.hanga("generate", "a boat", "--steps", "4", "--size", "64x64", "--images", "2",
                         "-o", "{job}-{index}.png")
        self.assertTrue(served.eventually(
            lambda: prometheus.value('sum(hanga_jobs_finished_total{state="succeeded"})') == 4))

        rules = served.eventually(lambda: self.evaluated(prometheus))
        self.assertTrue(rules, "the rules were not evaluated")
        self.assertEqual([r["name"] for r in rules if r["health"] != "ok"], [])
        # A healthy server wakes nobody.
        firing = prometheus.api("alerts")["data"]["alerts"]
        self.assertEqual([a for a in firing if a["state"] == "firing"], [])

        empty = []
        for path in sorted(DEPLOY.glob("grafana/*.json")):
            for panel in json.loads(path.read_text())["panels"]:
                for target in panel["targets"]:
                    answer = prometheus.query(with_variables(target["expr"]))
                    with self.subTest(panel["title"], expression=target["expr"]):
                        self.assertEqual(answer["status"], "success", answer)
                        if not answer["data"]["result"]:
                            empty.append(f'{path.stem}: {panel["title"]}')
        print("panels without data here:", sorted(set(empty)))
        self.assertFalse([e for e in empty if e.startswith("hanga-fleet: Jobs")])

    @staticmethod
    def evaluated(prometheus):
        groups = prometheus.api("rules").get("data", {}).get("groups", [])
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if rules and all(r["health"] != "unknown" for r in rules) else None

    def test_a_real_prometheus_sees_that_no_worker_is_left(self):
        program = served.needs(self, "prometheus")
        hangad = self.serve(workers=1)
        prometheus = Prometheus(program, f"127.0.0.1:{hangad.metrics_port}")
        self.addCleanup(prometheus.stop)
        self.assertTrue(served.eventually(lambda: prometheus.value("hanga_workers_usable") == 1))
        hangad.hanga("drain", "cpu-0")
        self.assertTrue(served.eventually(lambda: prometheus.value("hanga_workers_usable") == 0))
        pending = served.eventually(lambda: [
            a for a in prometheus.api("alerts").get("data", {}).get("alerts", [])
            if a["labels"]["alertname"] == "HangaNoUsableWorkers"])
        self.assertTrue(pending)
        self.assertEqual(served.get(hangad.url("/readyz"))[0], 503)
        self.assertEqual(served.get(hangad.url("/livez"))[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
