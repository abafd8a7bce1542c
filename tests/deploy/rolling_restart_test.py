# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""hangad and every worker are replaced one after the other while clients draw: no job fails, none is
drawn twice, and every picture is the one that an undisturbed server draws."""
import hashlib
import json
import re
import threading
import time
import unittest
import uuid

import served

NO_SERVER = 3  # exit code
CLIENTS = 4
ROUNDS = 2


class RollingRestartTest(served.ServedTestCase):
    def draw(self, hangad, number, folder):
        """As a client should: where no server answers, the same request again under the same id."""
        request_id = str(uuid.uuid4())
        deadline = time.monotonic() + served.PATIENCE
        while True:
            result = hangad.hanga("generate", "a boat", "--steps", "8", "--size", "64x64", "--seed",
                                  str(number), "--request-id", request_id, "--json", "-o",
                                  f"{folder}/{{job}}-{{index}}.png", check=False)
            if result.returncode != NO_SERVER or time.monotonic() > deadline:
                return result
            time.sleep(0.05)

    def test_no_job_fails_and_no_picture_is_repeated(self):
        hangad = self.serve(workers=3, step_ms=15,
                            more='restart_least = "10ms"\nheartbeat = "200ms"\nlease = "5s"')
        done, stop, lock = [], threading.Event(), threading.Lock()

        def client(number):
            seed = number
            while not stop.is_set():
                result = self.draw(hangad, seed, "out")
                with lock:
                    done.append((seed, result))
                seed += CLIENTS

        clients = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)]
        for thread in clients:
            thread.start()
        try:
            self.assertTrue(served.eventually(lambda: len(done) >= CLIENTS))
            for round_number in range(ROUNDS):
                self.roll(hangad, round_number)
        finally:
            stop.set()
            for thread in clients:
                thread.join(served.PATIENCE)

        self.assertEqual([r.stderr + r.stdout for _, r in done if r.returncode != 0], [])
        pictures = {}
        for seed, result in done:
            artifacts = [json.loads(line) for line in result.stdout.splitlines()
                         if '"artifact"' in line]
            paths = [a["path"] for a in artifacts if a["type"] == "artifact"]
            self.assertEqual(len(paths), 1, f"seed {seed} gave {len(paths)} pictures")
            bytes_ = (hangad.folder / paths[0]).read_bytes()
            pictures[seed] = hashlib.sha256(bytes_).hexdigest()
        # The server knows as many jobs as there were requests: none was submitted twice.
        names = re.findall(r"jobs/[\w-]+", hangad.hanga("jobs", "--limit", "1000", "--json").stdout)
        self.assertEqual(len({n for n in names if "/" in n}), len(done))
        for seed in sorted(pictures)[:3] + sorted(pictures)[-3:]:
            again = self.draw(hangad, seed, "again")
            path = [json.loads(line)["path"] for line in again.stdout.splitlines()
                    if json.loads(line)["type"] == "artifact"][0]
            digest = hashlib.sha256((hangad.folder / path).read_bytes()).hexdigest()
            self.assertEqual(digest, pictures[seed], f"seed {seed} was drawn otherwise")
        print(f"{len(done)} jobs, {ROUNDS} restarts of hangad and of each of 3 workers: 0 failed, "
              "0 repeated")

    def roll(self, hangad, round_number):
        for worker in ("cpu-0", "cpu-1", "cpu-2"):
            before = self.worker(hangad, worker)
            hangad.hanga("drain", worker, "--grace", "1s")
            self.assertTrue(served.eventually(lambda: self.worker(hangad, worker)["state"] ==
                                              "WORKER_STATE_DRAINED"), hangad.log())
            served.os.kill(before["pid"], served.signal.SIGTERM)
            self.assertTrue(served.eventually(
                lambda: not served.os.path.exists(f"/proc/{before['pid']}")))
            hangad.hanga("undrain", worker)
            self.assertTrue(served.eventually(
                lambda: self.worker(hangad, worker)["state"] == "WORKER_STATE_READY" and
                self.worker(hangad, worker)["pid"] != before["pid"]), hangad.log())
        self.assertEqual(hangad.end(), 0, hangad.log())
        hangad.start()
        hangad.await_ready()

    @staticmethod
    def worker(hangad, name):
        for line in hangad.hanga("workers", "--json").stdout.splitlines():
            worker = json.loads(line)["worker"]
            if worker["name"] == f"workers/{name}":
                return worker
        return {"state": "", "pid": 0}


if __name__ == "__main__":
    unittest.main(verbosity=2)
