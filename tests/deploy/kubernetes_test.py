# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Every overlay renders, fits the schemas of Kubernetes, and keeps the rules of a hardened cluster."""
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
                    self.assertIs(spec["automountServiceAccountToken"], False)
                    self.assertEqual(spec["serviceAccountName"], "hanga")
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

    def test_the_grace_period_is_longer_than_that_of_hangad(self):
        for overlay in OVERLAYS:
            resources = self.render(overlay)
            config = next(r for r in resources if r["kind"] == "ConfigMap" and
                          "hangad.toml" in r["data"])["data"]["hangad.toml"]
            grace = int(re.search(r'^grace = "(\d+)s"', config, re.M).group(1))
            for name, template in pods(resources):
                with self.subTest(f"{overlay}: {name}"):
                    self.assertGreaterEqual(template["spec"]["terminationGracePeriodSeconds"],
                                            grace + 20)

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
