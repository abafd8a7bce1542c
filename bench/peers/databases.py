# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What else could keep a queue: one durable insert at a time, from as many clients.

Each runs in a folder of its own beside hangad's, as its own package installs it, and is skipped
with a sentence on standard error where it is not installed.
"""
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time

import harness

# As long as what hangad stores of the job that the benchmark submits.
PAYLOAD = "a woodblock print of the sea at sunset with a red sun, a boat".ljust(110, ".")


def _skip(what, why):
    print(f"{what} is left out: {why}", file=sys.stderr)
    return {}


def _server_user():
    """PostgreSQL refuses to run as root; the package's user does then."""
    if os.geteuid() != 0:
        return {}
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam("postgres")
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return None


def postgresql(clients, seconds):
    """Single-row inserts by pgbench, synchronous_commit on, over a Unix socket."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    bin_folder = found[-1].parent if found else None
    user = _server_user()
    if bin_folder is None or shutil.which("pgbench") is None or user is None:
        return _skip("PostgreSQL", "install the package postgresql to have it beside")
    with tempfile.TemporaryDirectory(prefix="hanga-bench-") as folder:
        if user:
            os.chown(folder, user["user"], user["group"])
        options = {"cwd": folder, "env": {**os.environ, "LC_ALL": "C"}, **user}
        data = f"{folder}/data"
        harness.output_of([str(bin_folder / "initdb"), "-D", data, "-U", "postgres", "-A", "trust"], **options)
        server = subprocess.Popen(
            [str(bin_folder / "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=",
             "-c", f"max_connections={clients + 8}", "-c", "synchronous_commit=on"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        try:
            target = ["-h", folder, "-U", "postgres"]
            ready = [str(bin_folder / "pg_isready"), *target]
            deadline = time.monotonic() + 30
            while subprocess.run(ready, stdout=subprocess.DEVNULL, **options).returncode != 0:
                if server.poll() is not None or time.monotonic() > deadline:
                    return _skip("PostgreSQL", "its server did not start")
                time.sleep(0.1)
            harness.output_of(
                [str(bin_folder / "psql"), *target, "-c",
                 "CREATE TABLE jobs (id bigserial PRIMARY KEY, state int, created timestamptz, request text)"],
                **options)
            script = pathlib.Path(folder) / "insert.sql"
            script.write_text(f"INSERT INTO jobs (state, created, request) VALUES (1, now(), '{PAYLOAD}');\n")
            output = harness.output_of(
                ["pgbench", *target, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T",
                 str(max(1, round(seconds))), "-f", str(script), "postgres"], **options)
        finally:
            server.terminate()
            server.wait(60)
    return {"peer_postgresql_per_s": float(re.search(r"tps = ([\d.]+)", output).group(1))}


def redis(clients, seconds):
    """XADD to a stream, appendfsync always, by redis-benchmark over a Unix socket."""
    if shutil.which("redis-server") is None or shutil.which("redis-benchmark") is None:
        return _skip("Redis", "install the packages redis-server and redis-tools to have it beside")
    with tempfile.TemporaryDirectory(prefix="hanga-bench-") as folder:
        socket = f"{folder}/socket"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL)

        def rate(requests):
            output = harness.output_of(
                ["redis-benchmark", "-s", socket, "-c", str(clients), "-n", str(requests), "--csv",
                 "XADD", "jobs", "*", "request", PAYLOAD])
            return float(output.strip().splitlines()[-1].split('","')[1])

        try:
            deadline = time.monotonic() + 30
            while not os.path.exists(socket):
                if server.poll() is not None or time.monotonic() > deadline:
                    return _skip("Redis", "its server did not start")
                time.sleep(0.05)
            # As many as take about the time asked for.
            return {"peer_redis_per_s": rate(round(rate(10_000) * seconds))}
        finally:
            server.terminate()
            server.wait(60)
