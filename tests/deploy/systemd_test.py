# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The units are sandboxed, and what they start exists."""
import re
import subprocess
import tempfile
import unittest

import served

UNITS = served.SOURCE / "deploy/systemd"
MOST_EXPOSURE = 2.5


class SystemdTest(unittest.TestCase):
    def test_the_sandbox_is_tight(self):
        analyze = served.needs(self, "systemd-analyze")
        for unit in ("hangad.service", "hanga-worker@.service"):
            with self.subTest(unit):
                done = subprocess.run([analyze, "security", "--offline=true", UNITS / unit],
                                      capture_output=True, text=True)
                if "offline" in done.stderr:
                    self.skipTest("this systemd-analyze cannot judge files")
                exposure = float(re.search(r"exposure level for .*: ([\d.]+)", done.stdout).group(1))
                print(f"{unit}: exposure {exposure}")
                self.assertLessEqual(exposure, MOST_EXPOSURE)

    def test_systemd_waits_longer_than_the_grace_of_hangad(self):
        grace = int(re.search(r'grace = "(\d+)s"', (UNITS / "hangad.toml").read_text()).group(1))
        wait = int(re.search(r"TimeoutStopSec=(\d+)", (UNITS / "hangad.service").read_text())[1])
        self.assertGreaterEqual(wait, grace + 20)

    def test_the_packaged_configuration_is_sound(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write((UNITS / "hangad.toml").read_text())
            config.flush()
            done = subprocess.run([served.BIN / "hangad", "check-config", "--config", config.name],
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
