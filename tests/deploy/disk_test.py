# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, and one that may not be written: clear words, and no job is lost."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import served

QUEUE_FULL = 6  # exit code of RESOURCE_EXHAUSTED


class DiskTest(served.ServedTestCase):
    def mount(self, folder, options):
        """A small file system of its own; needs root."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "hanga-test", folder],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"mounting a small disk needs root: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)

    def fill(self, folder):
        """Takes all that is free; giving it back is removing the file."""
        ballast = folder / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass
        self.assertEqual(os.statvfs(folder).f_bavail, 0)
        return ballast

    def test_a_full_disk_refuses_new_jobs_and_keeps_those_that_it_has(self):
        hangad = self.serve(workers=1, step_ms=50,
                            prepare=lambda data: self.mount(data, "size=160m"))
        data = hangad.folder / "data"
        unlucky, waiting = hangad.submit(steps=40), hangad.submit(steps=80)
        ballast = self.fill(data)
        # What is asked for is refused, and it is said why; nothing pretends to be stored.
        def refused():
            done = hangad.hanga("--json", "generate", "a boat", "--no-wait", check=False)
            return done if done.returncode != 0 else None
        done = served.eventually(refused)
        error = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((done.returncode, error["reason"]), (QUEUE_FULL, "NO_SPACE"), done.stdout)
        self.assertIn("no space left on the disk", error["message"])
        # Degraded, not dead: it answers, says what is wrong, and goes on trying.
        self.assertTrue(served.eventually(
            lambda: hangad.scrape().sum("hanga_store_writes_pending") > 0), hangad.log())
        self.assertEqual(served.get(hangad.url("/livez"))[0], 200)
        self.assertEqual(hangad.hanga("jobs", check=False).returncode, 0)
        self.assertIn("tried again every second", hangad.log())
        self.assertIsNone(hangad.process.poll())
        # Room again: what waited is written. A picture that was done meanwhile had nowhere to go,
        # and its job says so; everything else that was accepted is drawn.
        ballast.unlink()
        watched = hangad.hanga("--json", "watch", unlucky, check=False)
        self.assertEqual(json.loads(watched.stdout.splitlines()[-1])["job"]["error"]["reason"],
                         "NO_SPACE", watched.stdout)
        self.assertEqual(hangad.hanga("watch", waiting, check=False).returncode, 0, hangad.log())
        hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "-o", "after.png")
        scrape = hangad.scrape()
        self.assertEqual(scrape.sum("hanga_store_writes_pending"), 0)
        self.assertEqual(scrape.sum("hanga_jobs_finished_total", state="failed"), 1)
        self.assertEqual(hangad.end(), 0)
        check = subprocess.run([served.BIN / "hangad", "check-store", "--data", data],
                               capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def test_a_folder_that_may_not_be_written_is_named_at_start(self):
        folder = served.pathlib.Path(tempfile.mkdtemp(prefix="hanga-deploy."))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.mount(folder, "size=1m,ro")
        done = subprocess.run([served.BIN / "hangad", "--data", folder, "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(folder), done.stderr)
        self.assertRegex(done.stderr, "(?i)read-only")

    def test_a_store_that_may_only_be_read_can_be_examined(self):
        hangad = self.serve(workers=1)
        hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "-o", "a.png")
        self.assertEqual(hangad.end(), 0)
        data = hangad.folder / "data"
        mounted = subprocess.run(["mount", "--bind", data, data], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mounting needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", data], check=False)
        subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
        done = subprocess.run([served.BIN / "hangad", "check-store", "--data", data],
                              capture_output=True, text=True)
        self.assertIn(str(data), done.stdout + done.stderr)
        self.assertIn(done.returncode, (0, 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
