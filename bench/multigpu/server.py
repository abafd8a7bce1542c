# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A hangad with a worker process for each device, as a user would have it, and jobs for it."""
import contextlib
import datetime
import hashlib
import json
import pathlib
import subprocess
import tempfile
import time

import harness

PROMPT = "a woodblock print of the sea at sunset with a red sun, a boat"


class Job:
    """A job that was submitted; its pictures are fetched when it is awaited."""

    def __init__(self, process, folder, log):
        self._process, self._folder, self._log = process, folder, log

    def wait(self, seconds=300):
        try:
            out, _ = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise self._failed(f"was not over after {seconds} s") from None
        if self._process.returncode != 0:
            raise self._failed("failed: " + out.strip()[-600:])
        last = json.loads(out.strip().splitlines()[-1])
        self.job = last.get("job", last)
        drawn = sorted(pathlib.Path(self._folder.name).iterdir(), key=lambda path: int(path.stem.rsplit("-", 1)[1]))
        self.pictures = [hashlib.sha256(path.read_bytes()).hexdigest() for path in drawn]
        self._folder.cleanup()
        return self

    def _failed(self, what):
        log = pathlib.Path(self._log).read_text(errors="replace").splitlines()
        return harness.BenchmarkError("\n".join([f"a job {what}", "hangad's log ends:", *log[-20:]]))

    def seconds(self):
        return moment(self.job["end_time"]) - moment(self.job["start_time"])

    def attempts(self):
        return [int(task.get("attempt", 1)) for task in self.job["tasks"]]


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Server:
    def __init__(self, address, devices):
        self.address, self.devices = address, devices

    def call(self, *words):
        return harness.output_of([harness.program("hanga"), "--address", self.address, *words])

    def listed(self, what):
        """`hanga workers`, `hanga jobs` or `hanga models NAME` as objects."""
        lines = [json.loads(line) for line in self.call(*what.split(), "--json").splitlines()]
        return [line[line["type"]] for line in lines]

    def workers(self):
        return {worker["name"].split("/")[1]: worker for worker in self.listed("workers")}

    def pids(self):
        return [int(worker["pid"]) for worker in self.workers().values() if worker.get("pid")]

    def await_ready(self, group=False, seconds=120):
        """Until every device's worker is ready, and the group, where there is one, has met."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            workers = self.workers().values()
            ready = [w for w in workers if w["state"] == "WORKER_STATE_READY"]
            met = [w for w in workers if w.get("group", {}).get("ready")]
            if len(ready) >= len(self.devices) and (not group or len(met) >= len(self.devices)):
                return
            time.sleep(0.05)
        raise harness.BenchmarkError(f"the workers did not become ready within {seconds} s")

    def submit(self, model, size, steps, images, seed, **options):
        folder = tempfile.TemporaryDirectory(prefix="hanga-pictures-")
        words = [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value))]
        process = subprocess.Popen(
            [harness.program("hanga"), "--address", self.address, "generate", f"{PROMPT}, {seed}", "--model",
             model, "--size", size, "--steps", str(steps), "--images", str(images), "--seed", str(seed),
             "--deterministic", "--json", *words, "-o", folder.name + "/"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return Job(process, folder, self.address.log)

    def draw(self, *arguments, **options):
        return self.submit(*arguments, **options).wait()

    @contextlib.contextmanager
    def without(self, names):
        """The named workers take no tasks meanwhile."""
        for name in names:
            self.call("drain", name)
        try:
            yield
        finally:
            for name in names:
                self.call("undrain", name)
            self.await_ready()


@contextlib.contextmanager
def serving(devices, models, threads=1, group=False, program=None):
    """`models`: name -> folder. On a failure the end of the daemon's log is told."""
    settings = f'threads = {threads}\nheartbeat = "200ms"\nlease = "4s"\nrestart_least = "100ms"\n'
    if program:
        settings += f'program = "{program}"\n'
    for name, path in models.items():
        settings += f'[[model]]\nname = "{name}"\npath = "{pathlib.Path(path).resolve()}"\n'
        if group:
            settings += f'mode = "split"\ngroup_size = {len(devices)}\n'
    with harness.hangad(devices, {}, settings) as address:
        server = Server(address, devices)
        try:
            server.await_ready(group)
            yield server
        except Exception as error:
            log = pathlib.Path(address.log).read_text(errors="replace").splitlines()
            raise harness.BenchmarkError("\n".join([str(error), "hangad's log ends:", *log[-25:]])) from error
