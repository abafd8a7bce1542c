# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The compose files name what is there, pinned and closed to other hosts."""
import re
import unittest

import served

try:
    import yaml
except ImportError:
    yaml = None

DOCKER = served.SOURCE / "deploy/docker"


@unittest.skipIf(yaml is None, "the Python package PyYAML is not installed")
class ComposeTest(unittest.TestCase):
    def setUp(self):
        self.services = yaml.safe_load((DOCKER / "compose.yml").read_text())["services"]

    def test_every_file_that_is_mounted_exists(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
                if source.startswith("."):
                    with self.subTest(name, volume=volume):
                        self.assertTrue((DOCKER / source).resolve().exists())

    def test_images_are_pinned_and_ports_are_on_loopback(self):
        for name, service in self.services.items():
            with self.subTest(name):
                self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+$")
                self.assertEqual(service["cap_drop"], ["ALL"])
                for port in service.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_hangad_is_given_longer_than_its_grace(self):
        grace = int(re.search(r'grace = "(\d+)s"', (DOCKER / "hangad.toml").read_text()).group(1))
        wait = int(self.services["hangad"]["stop_grace_period"].rstrip("s"))
        self.assertGreaterEqual(wait, grace + 20)

    def test_prometheus_asks_where_hangad_answers(self):
        target = re.search(r'targets: \["(\w+):(\d+)"\]',
                           (served.SOURCE / "deploy/prometheus/prometheus.yml").read_text())
        self.assertIn(target.group(1), self.services)
        self.assertIn(f'listen = "0.0.0.0:{target.group(2)}"', (DOCKER / "hangad.toml").read_text())

    def test_the_gpu_file_changes_services_that_exist(self):
        gpu = yaml.safe_load((DOCKER / "gpu.yml").read_text())["services"]
        self.assertLessEqual(set(gpu), set(self.services))


if __name__ == "__main__":
    unittest.main(verbosity=2)
