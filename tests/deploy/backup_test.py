# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The backup of docs/operations.md, taken while jobs run, restores to a store that goes on."""
import shutil
import sqlite3
import subprocess
import unittest

import served


class BackupTest(served.ServedTestCase):
    def test_a_copy_taken_under_load_restores(self):
        hangad = self.serve(workers=2, step_ms=20)
        finished = hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "--seed",
                                "7", "-o", "before.png")
        self.assertEqual(finished.returncode, 0)
        names = [hangad.submit(steps=10) for _ in range(6)]

        data, backup = hangad.folder / "data", hangad.folder / "backup"
        backup.mkdir()
        # The two commands of the page: the store first, then the files.
        with sqlite3.connect(f"file:{data / 'jobs.db'}?mode=ro", uri=True) as store:
            store.execute("VACUUM INTO ?", (str(backup / "jobs.db"),))
        shutil.copytree(data, backup, dirs_exist_ok=True, ignore=lambda folder, entries: {
            e for e in entries if e.startswith("jobs.") or (folder == str(data) and e == "run")
            or not (served.pathlib.Path(folder) / e).exists()})

        self.assertEqual(hangad.end(), 0, hangad.log())
        shutil.rmtree(data)
        shutil.copytree(backup, data)
        check = subprocess.run([served.BIN / "hangad", "check-store", "--data", data],
                               capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        hangad.start()
        hangad.await_ready()
        for name in names:
            watched = hangad.hanga("watch", name, check=False)
            self.assertEqual(watched.returncode, 0, watched.stderr)
            hangad.hanga("download", name, "-o", "{job}-{index}.png")
        self.assertEqual(hangad.scrape().sum("hanga_jobs_finished_total", state="failed"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
