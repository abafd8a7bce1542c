# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""A real hangad with workers without weights, for tests of what operators use.

CMake sets HANGA_BIN to the folder of the programs. Nothing here needs LibTorch or a network.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HANGA_BIN", SOURCE / "build/release/bin"))
PATIENCE = 120.0
sys.path.append(str(SOURCE / ".tools/python"))  # where scripts/setup puts Python packages for tests


def find_program(name):
    """Path of a program of the machine or of .tools, where scripts/setup puts some; or None."""
    inside = SOURCE / ".tools" / "usr" / "bin" / name
    return str(inside) if inside.exists() else shutil.which(name)


def needs(test, *names):
    """Skips the test unless the programs are there; returns their paths."""
    paths = [find_program(name) for name in names]
    for name, path in zip(names, paths):
        if path is None:
            test.skipTest(f"{name} is not installed")
    return paths if len(paths) > 1 else paths[0]


def eventually(condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return condition()


def get(url, timeout=10):
    """Status and text of a page; 0 and the reason where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Scrape:
    """One page of /metrics."""

    def __init__(self, text):
        self.samples = []
        self.families = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        return sum(value for sample, own, value in self.samples
                   if sample == name and all(own.get(k) == v for k, v in labels.items()))


class Hangad:
    """Started at once, stopped by stop(); `folder` holds its files."""

    def __init__(self, workers=2, step_ms=5, more="", models=("noop",), metrics=True, members=None,
                 prepare=None, program="hanga-noop-worker"):
        """`prepare` is called with the data folder before hangad is started."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hanga-deploy."))
        (self.folder / "data").mkdir()
        if prepare is not None:
            prepare(self.folder / "data")
        for model in models:
            (self.folder / model).mkdir()
            (self.folder / model / "model_index.json").write_text(
                json.dumps({"_class_name": "HangaNoopPipeline", "step_ms": step_ms, **(members or {})}))
        devices = ", ".join(f'"cpu:{i}"' for i in range(workers))
        self.config = self.folder / "hangad.toml"
        self.listen, self.metrics_listen = "127.0.0.1:0", "127.0.0.1:0" if metrics else ""
        self.text = lambda: (
            f'[server]\nlisten = "{self.listen}"\ndata = "data"\nport_file = "port"\ngrace = "20s"\n'
            f'[metrics]\nlisten = "{self.metrics_listen}"\nport_file = "metrics_port"\n'
            f'[workers]\ndevices = [{devices}]\nthreads = 1\n'
            f'program = "{BIN / program}"\n{more}\n'
            + "".join(f'[[model]]\nname = "{m}"\npath = "{m}"\n' for m in models))
        self.process = None
        self.start()

    def start(self):
        self.config.write_text(self.text())
        for name in ("port", "metrics_port"):
            (self.folder / name).unlink(missing_ok=True)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([BIN / "hangad", "--config", self.config], stderr=log)
        port = eventually(lambda: self._read_port("port") or self.process.poll() is not None)
        if port is True or not port:
            raise AssertionError("hangad did not start:\n" + self.log())
        self.address = self.listen = f"127.0.0.1:{port}"
        self.metrics_port = self._read_port("metrics_port")
        if self.metrics_port:
            self.metrics_listen = f"127.0.0.1:{self.metrics_port}"

    def _read_port(self, name):
        try:
            return int((self.folder / name).read_text())
        except (OSError, ValueError):
            return 0

    def url(self, page):
        return f"http://127.0.0.1:{self.metrics_port}{page}"

    def scrape(self):
        status, text = get(self.url("/metrics"))
        if status != 200:
            raise AssertionError(f"/metrics answers {status}: {text}")
        return Scrape(text)

    def await_ready(self):
        if not eventually(lambda: get(self.url("/readyz"))[0] == 200):
            raise AssertionError("not ready:\n" + get(self.url("/readyz"))[1] + self.log())

    def hanga(self, *arguments, check=True, popen=False):
        command = [BIN / "hanga", "--address", self.address, *arguments]
        if popen:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, cwd=self.folder)
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        if check and done.returncode != 0:
            raise AssertionError(f"hanga {' '.join(arguments)}: {done.stderr}\n{self.log()}")
        return done

    def submit(self, *more, images=1, steps=4):
        """Returns the job's name at once."""
        return self.hanga("generate", "a boat", "--no-wait", "--steps", str(steps), "--size",
                          "64x64", "--images", str(images), *more).stdout.strip()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-8000:]

    def end(self, with_signal=signal.SIGTERM):
        """Returns the exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class ServedTestCase(unittest.TestCase):
    def serve(self, **settings):
        hangad = Hangad(**settings)
        self.addCleanup(hangad.stop)
        hangad.await_ready()
        return hangad
