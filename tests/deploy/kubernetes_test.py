# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Every overlay renders, fits the schemas of Kubernetes, and keeps the rules of a hardened cluster."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import served

try:
    import kubernetes_validate
    import yaml
except ImportError:
    kubernetes_validate = yaml = None

KUBERNETES = served.SOURCE / "deploy/kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
VERSIONS = ("1.29", "1.32")
CUSTOM = {"PrometheusRule", "ServiceMonitor", "ScaledObject", "LeaderWorkerSet"}


def pods(resources):
    """Name and pod spec of everything that starts pods."""
    for resource in resources:
        spec = resource.get("spec", {})
        if resource["kind"] in ("StatefulSet", "Deployment"):
            yield resource["metadata"]["name"], spec["template"]
        if resource["kind"] == "LeaderWorkerSet":
            yield resource["metadata"]["name"], spec["leaderWorkerTemplate"]["workerTemplate"]


class KubernetesTest(unittest.TestCase):
    def setUp(self):
        self.kubectl = served.needs(self, "kubectl")

    def render(self, overlay):
        text = subprocess.run([self.kubectl, "kustomize", KUBERNETES / "overlays" / overlay],
                              check=True, capture_output=True, text=True).stdout
        if yaml is None:
            self.skipTest("the Python package kubernetes-validate is not installed")
        return list(yaml.safe_load_all(text))

    def test_each_overlay_fits_the_schemas(self):
        for overlay in OVERLAYS:
            for resource in self.render(overlay):
                if resource["kind"] in CUSTOM:
                    continue
                for version in VERSIONS:
                    with self.subTest(f"{overlay}: {resource['kind']}", version=version):
                        kubernetes_validate.validate(resource, version, strict=True)

    def test_every_pod_is_restricted(self):
        for overlay in OVERLAYS:
            for name, template in pods(self.render(overlay)):
                with self.subTest(f"{overlay}: {name}"):
                    spec = template["spec"]
                    # One alone talks to the API; the next test says what it may do there.
                    talks = name == "hanga-deletion-cost"
                    self.assertIs(spec["automountServiceAccountToken"], talks)
                    self.assertEqual(spec["serviceAccountName"], name if talks else "hanga")
                    self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
                    self.assertEqual(spec["securityContext"]["seccompProfile"]["type"],
                                     "RuntimeDefault")
                    for container in spec["containers"]:
                        security = container["securityContext"]
                        self.assertIs(security["allowPrivilegeEscalation"], False)
                        self.assertIs(security["readOnlyRootFilesystem"], True)
                        self.assertEqual(security["capabilities"]["drop"], ["ALL"])
                        self.assertIn("memory", container["resources"]["limits"])
                        self.assertRegex(container["image"], r":\d", "the image is pinned")

    def test_no_account_may_do_more_than_write_the_cost_of_pods(self):
        for overlay in OVERLAYS:
            for resource in self.render(overlay):
                with self.subTest(f"{overlay}: {resource['metadata']['name']}"):
                    self.assertNotIn(resource["kind"], ("ClusterRole", "ClusterRoleBinding"))
                    if resource["kind"] == "Role":
                        self.assertEqual(resource["rules"], [
                            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "patch"]}])

    def test_the_policies_name_pods_and_ports_that_exist(self):
        for overlay in OVERLAYS:
            resources = self.render(overlay)
            labels = [t["metadata"]["labels"] for _, t in pods(resources)]
            ports = {p["name"] for _, t in pods(resources) for c in t["spec"]["containers"]
                     for p in c.get("ports", [])}
            policies = [r for r in resources if r["kind"] == "NetworkPolicy"]
            covered = [p["spec"]["podSelector"]["matchLabels"].items() for p in policies]
            for resource in policies:
                for rule in resource["spec"].get("ingress", []):
                    for port in rule.get("ports", []):
                        with self.subTest(f"{overlay}: {resource['metadata']['name']}"):
                            self.assertIn(port["port"], ports)
            for own in labels:
                if own["app.kubernetes.io/name"] != "hanga-deletion-cost":
                    self.assertTrue(any(c <= own.items() for c in covered), own)

    def test_the_grace_period_is_longer_than_that_of_hangad(self):
        for overlay in OVERLAYS:
            resources = self.render(overlay)
            config = next(r for r in resources if r["kind"] == "ConfigMap" and
                          "hangad.toml" in r["data"])["data"]["hangad.toml"]
            grace = int(re.search(r'^grace = "(\d+)s"', config, re.M).group(1))
            for name, template in pods(resources):
                if name == "hanga-deletion-cost":
                    continue  # has nothing to finish
                before = sum(int(c["lifecycle"]["preStop"]["exec"]["command"][-1])
                             for c in template["spec"]["containers"] if "lifecycle" in c)
                with self.subTest(f"{overlay}: {name}"):
                    self.assertGreaterEqual(template["spec"]["terminationGracePeriodSeconds"],
                                            before + grace + 20)

    def test_services_and_budgets_find_their_pods(self):
        for overlay in OVERLAYS:
            resources = self.render(overlay)
            labels = [t["metadata"]["labels"] for _, t in pods(resources)]
            for resource in resources:
                if resource["kind"] != "Service":
                    continue
                selector = resource["spec"]["selector"].items()
                with self.subTest(f"{overlay}: {resource['metadata']['name']}"):
                    self.assertTrue(any(selector <= own.items() for own in labels))

    def test_probes_ask_ports_that_exist(self):
        for overlay in OVERLAYS:
            for name, template in pods(self.render(overlay)):
                for container in template["spec"]["containers"]:
                    ports = {p["name"] for p in container.get("ports", [])}
                    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                        if kind in container:
                            self.assertIn(container[kind]["httpGet"]["port"], ports)

    def test_hangad_accepts_the_configuration_of_each_overlay(self):
        for overlay in OVERLAYS:
            config = next(r for r in self.render(overlay) if r["kind"] == "ConfigMap" and
                          "hangad.toml" in r["data"])["data"]["hangad.toml"]
            # Secrets are not here; what they are for is checked by hangad's own tests.
            config = re.sub(r"^token_file.*$|^\[server.tls\]$|^(certificate|key) =.*$", "", config,
                            flags=re.M).replace("[server]", "[server]\ninsecure = true", 1)
            config = re.sub(r"(insecure = true.*\n)((?:.*\n)*?)insecure = true.*\n", r"\1\2",
                            config)
            with self.subTest(overlay), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "hangad.toml"
                path.write_text(config)
                done = subprocess.run([served.BIN / "hangad", "check-config", "--config", path],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_rules_of_the_operator_are_those_of_the_file(self):
        rules = (served.SOURCE / "deploy/prometheus/hanga.rules.yml").read_text()
        expected = re.sub(r"^(?=.)", "  ", rules[rules.index("groups:"):], flags=re.M)
        rendered = (KUBERNETES / "monitoring/prometheus-rule.yaml").read_text()
        self.assertEqual(rendered[rendered.index("  groups:"):], expected)

    def test_the_documented_overlays_are_those_that_exist(self):
        text = (served.SOURCE / "docs/kubernetes.md").read_text()
        self.assertEqual(set(re.findall(r"^\| `overlays/([\w-]+)`", text, re.M)), set(OVERLAYS))


class DeletionCostTest(served.ServedTestCase):
    def test_the_images_that_a_worker_has_are_the_cost_of_its_pod(self):
        served.needs(self, "curl")
        hangad = self.serve(workers=2, step_ms=200)
        job = hangad.submit(steps=200)
        self.assertTrue(served.eventually(
            lambda: hangad.scrape().sum("hanga_worker_tasks_running") == 1))
        busy = next(f"cpu-{i}" for i in (0, 1) if
                    hangad.scrape().sum("hanga_worker_tasks_running", worker=f"cpu-{i}") == 1)
        bin_ = hangad.folder / "bin"
        bin_.mkdir()
        (bin_ / "kubectl").write_text(f'#!/bin/sh\necho "$@" >> {hangad.folder}/calls\n')
        (bin_ / "kubectl").chmod(0o755)
        environment = os.environ | {
            "PATH": f"{bin_}:{os.environ['PATH']}", "ONCE": "1",
            "SEEN": str(hangad.folder / "seen"), "METRICS": hangad.url("/metrics")}
        script = KUBERNETES / "deletion-cost/costs.sh"
        for _ in range(2):  # what has not changed is not written again
            subprocess.run(["sh", script], env=environment, check=True)
        calls = (hangad.folder / "calls").read_text().splitlines()
        idle = "cpu-1" if busy == "cpu-0" else "cpu-0"
        self.assertEqual(sorted(calls), sorted(
            f"annotate pod {pod} --overwrite controller.kubernetes.io/pod-deletion-cost={cost}"
            for pod, cost in ((busy, 1), (idle, 0))))
        hangad.hanga("cancel", job)


if __name__ == "__main__":
    unittest.main(verbosity=2)
