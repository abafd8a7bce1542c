# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: where the programs are, a running hangad, peers, provenance."""
import contextlib
import datetime
import json
import os
import pathlib
import platform
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("HANGA_BIN", ROOT / "build/release/bin"))


class BenchmarkError(Exception):
    """A benchmark could not run; the message says what to do."""


def program(name):
    path = BIN / name
    if not path.exists():
        raise BenchmarkError(f"{name} is not built: run scripts/build, or set HANGA_BIN to a folder that has it")
    return str(path)


def output_of(command, **options):
    done = subprocess.run(command, text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise BenchmarkError(f"{shlex.join(command)} exited {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def json_of(command, **options):
    """Runs a command whose last line of output is a JSON object."""
    return json.loads(output_of(command, **options).strip().splitlines()[-1])


class Address(str):
    """HOST:PORT of a server, its process id, and the file of its log."""
    pid = None
    log = None


@contextlib.contextmanager
def hangad(devices, models, settings="", environment=None, weights="auto"):
    """Runs hangad in a temporary folder; yields its address. `models` maps names to paths."""
    with tempfile.TemporaryDirectory(prefix="hanga-bench-") as folder:
        folder = pathlib.Path(folder)
        config = ["[server]", 'listen = "127.0.0.1:0"', f'data = "{folder}/data"',
                  "[workers]", f"devices = {json.dumps(devices)}", settings]
        for name, path in models.items():
            config += ["[[model]]", f'name = "{name}"', f'path = "{path}"', f'weights = "{weights}"']
        (folder / "hangad.toml").write_text("\n".join(config) + "\n")
        port_file, log = folder / "port", open(folder / "log", "w+b")
        daemon = subprocess.Popen(
            [program("hangad"), "--config", str(folder / "hangad.toml"), "--port-file", str(port_file)],
            stderr=log, stdout=log, env={**os.environ, **(environment or {})})
        try:
            deadline = time.monotonic() + 60
            while not (port_file.exists() and port_file.read_text().strip()):
                if daemon.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise BenchmarkError("hangad did not start:\n" + log.read().decode()[-2000:])
                time.sleep(0.01)
            address = Address("127.0.0.1:" + port_file.read_text().strip())
            address.pid = daemon.pid
            address.log = str(folder / "log")
            yield address
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(60)
            except subprocess.TimeoutExpired:
                daemon.kill()


def fsync_ms(folder, count=200):
    """What making 4 KiB durable takes there, in ms: the median and the 99th of a hundred."""
    took = []
    with open(pathlib.Path(folder) / "fsync-probe", "wb", buffering=0) as file:
        for _ in range(count):
            file.write(bytes(4096))
            begun = time.monotonic()
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - begun) * 1e3)
    os.unlink(file.name)
    return {"fsync_p50_ms": percentile(took, 0.5), "fsync_p99_ms": percentile(took, 0.99)}


def busy_cores(seconds=1):
    """How many cores other programs keep busy: figures of a busy machine say little."""
    def used():
        ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split()[1:9]]
        return sum(ticks) - ticks[3] - ticks[4]  # less idle and waiting for the disk
    begun = used()
    time.sleep(seconds)
    return {"other_load_cores": (used() - begun) / os.sysconf("SC_CLK_TCK") / seconds}


def peer_python(*modules):
    """A Python that has the modules: HANGA_PEER_PYTHON, or this one; None if neither has."""
    for candidate in (os.environ.get("HANGA_PEER_PYTHON"), sys.executable):
        if candidate and subprocess.run([candidate, "-c", "import " + ",".join(modules)],
                                        capture_output=True).returncode == 0:
            return candidate
    return None


def median(values):
    return float(statistics.median(values))


def percentile(values, share):
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])


def _machine():
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    machine = f"{os.cpu_count()} x {processor}"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        gpus = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], text=True,
                              capture_output=True, check=True).stdout.strip().splitlines()
        machine += "; " + ", ".join(gpus)
    return machine


def _commit():
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], text=True,
                              capture_output=True, check=True).stdout.strip()
    return "unknown"


def provenance():
    return {
        "machine": _machine(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "command": shlex.join(["bench/run", *sys.argv[1:]]),
    }
