# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""The backup of docs/operations.md restores to a store that goes on; so does one from before an upgrade."""
import shutil
import sqlite3
import subprocess
import unittest

import served


# A store as the first version of its tables left it; attempts with what came later had no place there.
TO_SCHEMA_1 = """
    DELETE FROM attempts WHERE steps != 0;
    DROP TABLE events; DROP TABLE results; DROP TABLE inputs;
    ALTER TABLE jobs DROP COLUMN cached_from;
    ALTER TABLE attempts DROP COLUMN steps;
    ALTER TABLE attempts RENAME COLUMN step TO checkpoint_step;
    PRAGMA user_version = 1;
"""


class BackupTest(served.ServedTestCase):
    def back_up(self, hangad):
        """The two commands of the page: the store first, then the files."""
        data, backup = hangad.folder / "data", hangad.folder / "backup"
        shutil.rmtree(backup, ignore_errors=True)
        backup.mkdir()
        with sqlite3.connect(f"file:{data / 'jobs.db'}?mode=ro", uri=True) as store:
            store.execute("VACUUM INTO ?", (str(backup / "jobs.db"),))
        shutil.copytree(data, backup, dirs_exist_ok=True, ignore=lambda folder, entries: {
            e for e in entries if e.startswith("jobs.") or (folder == str(data) and e == "run")
            or not (served.pathlib.Path(folder) / e).exists()})

    def restore(self, hangad):
        data = hangad.folder / "data"
        shutil.rmtree(data)
        shutil.copytree(hangad.folder / "backup", data)
        check = self.check_store(hangad)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)

    def check_store(self, hangad):
        return subprocess.run(
            [served.BIN / "hangad", "check-store", "--data", hangad.folder / "data"],
            capture_output=True, text=True)

    def change_store(self, hangad, statements):
        with sqlite3.connect(hangad.folder / "data/jobs.db") as store:
            store.executescript(statements)
        store.close()

    def schema(self, hangad):
        with sqlite3.connect(f"file:{hangad.folder / 'data/jobs.db'}?mode=ro", uri=True) as store:
            return store.execute("PRAGMA user_version").fetchone()[0]

    def test_a_copy_taken_under_load_restores(self):
        hangad = self.serve(workers=2, step_ms=20)
        hangad.hanga("generate", "a boat", "--steps", "2", "--size", "64x64", "--seed", "7", "-o",
                     "before.png")
        names = [hangad.submit(steps=10) for _ in range(6)]
        self.back_up(hangad)
        self.assertEqual(hangad.end(), 0, hangad.log())
        self.restore(hangad)
        hangad.start()
        hangad.await_ready()
        for name in names:
            watched = hangad.hanga("watch", name, check=False)
            self.assertEqual(watched.returncode, 0, watched.stderr)
            hangad.hanga("download", name, "-o", "{job}-{index}.png")
        self.assertEqual(hangad.scrape().sum("hanga_jobs_finished_total", state="failed"), 0)

    def test_an_upgrade_goes_on_with_every_job_and_can_be_taken_back(self):
        hangad = self.serve(workers=1, step_ms=20)
        done = hangad.submit("--seed", "7", steps=2)
        self.assertEqual(hangad.hanga("watch", done, check=False).returncode, 0)
        waiting = [hangad.submit(steps=20) for _ in range(3)]
        self.assertEqual(hangad.end(), 0, hangad.log())
        current = self.schema(hangad)
        self.change_store(hangad, TO_SCHEMA_1)
        self.back_up(hangad)  # of before the upgrade

        # The new version brings the tables up to date and goes on with what waited.
        hangad.start()
        hangad.await_ready()
        for name in waiting:
            watched = hangad.hanga("watch", name, check=False)
            self.assertEqual(watched.returncode, 0, watched.stderr + hangad.log())
        hangad.hanga("download", done, "-o", "again.png")
        self.assertEqual(hangad.end(), 0)
        self.assertEqual(self.schema(hangad), current)
        self.assertEqual(self.check_store(hangad).returncode, 0)

        # The older one does not touch a store of a newer one, and says what to do.
        self.change_store(hangad, f"PRAGMA user_version = {current + 1}")
        older = subprocess.run([served.BIN / "hangad", "--config", hangad.config],
                               capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertEqual(older.returncode, 1)
        self.assertIn("restore a copy from before", older.stderr)

        # The way back is the backup: the old tables, every job that was there, the same pictures.
        self.restore(hangad)
        self.assertEqual(self.schema(hangad), 1)
        hangad.start()
        hangad.await_ready()
        for name in waiting:
            watched = hangad.hanga("watch", name, check=False)
            self.assertEqual(watched.returncode, 0, watched.stderr + hangad.log())
        self.assertEqual(hangad.scrape().sum("hanga_jobs_finished_total", state="failed"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
