# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that several GPUs are for, in one run: replicas, donors, hand-over, lost ranks, plans.

Real processes, a hangad and a worker for each device; FLUX.1-dev and SDXL of full size with random
weights unless --flux and --sdxl give folders. Each section prints its figures as it ends, and they
are in the --json file from then on; one that fails or takes too long leaves the others. On CPU
devices (--devices cpu:0,cpu:1 --flux models/demo --sdxl '') it is a rehearsal.
"""
import contextlib
import json
import pathlib
import signal
import time

import harness
from multigpu import donor, hand_over, models, peers, plans, replicas, rig, sanitized, server


def add_arguments(parser):
    parser.add_argument("--devices", help="with commas; left out: every GPU")
    parser.add_argument("--threads", type=int, default=1, help="of each CPU device")
    parser.add_argument("--flux", help="folder; left out: one of full size is made")
    parser.add_argument("--sdxl", help="folder, or '' to leave it out; left out: one of full size is made")
    parser.add_argument("--size", default="1024x1024")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--images", type=int, default=8, help="of a job on one worker")
    parser.add_argument("--rounds", type=int, default=3, help="of the mixed queue")
    parser.add_argument("--donor-budget-gb", type=float, default=4, help="of weights that are resident")
    parser.add_argument("--strict", action="store_true", help="fail if a section failed or bytes differ")
    parser.add_argument("--only", help="sections, with commas: links,replicas,mixed,unequal,hand-over,faults,donor,memcheck,peers")


class _TookTooLong(Exception):
    pass


class _Report:
    """Sections one after another, each with its own time; what one measures is kept at once."""

    def __init__(self, arguments):
        self._file = arguments.json
        self._only = arguments.only.split(",") if arguments.only else None
        self._begun = time.monotonic()
        self.figures = {}

    @contextlib.contextmanager
    def section(self, name, seconds):
        if self._only and name not in self._only:
            yield None
            return
        found, begun = {}, time.monotonic()

        def over(*_):
            raise _TookTooLong(f"not over after {seconds} s")

        signal.signal(signal.SIGALRM, over)
        signal.alarm(seconds)
        try:
            yield found
        except Exception as error:  # whatever it is, the other sections are measured
            found[f"{name}_problem"] = f"{type(error).__name__}: {error}"
        finally:
            signal.alarm(0)
        found[f"{name}_section_s"] = time.monotonic() - begun
        print(f"-- {name}, at {time.monotonic() - self._begun:.0f} s", flush=True)
        for key, value in found.items():
            print(f"{key:<44} {value:.6g}" if isinstance(value, float) else f"{key:<44} {value}", flush=True)
        self.figures.update(found)
        if self._file:
            written = {**self.figures, **harness.provenance()}
            pathlib.Path(self._file).write_text(json.dumps(written, indent=1) + "\n")


def _links(found, devices):
    found["devices"] = len(devices)
    if not rig.is_gpu(devices[0]):
        return
    found["links"] = harness.output_of(["nvidia-smi", "topo", "-m"])
    found["topology"] = harness.output_of([harness.program("hanga-worker"), "topology"])
    found.update({f"flux_{key}": value for key, value in harness.json_of(
        [harness.program("hanga-bench"), "flux-step", "--runs", "10"]).items()})


def _replicas(report, devices, folders, arguments):
    """What one worker does alone is kept for hand-over's ratios."""
    alone = {}
    with contextlib.ExitStack() as stack:
        with report.section("replicas", 200) as found:
            if found is None:
                return alone
            running = stack.enter_context(server.serving(devices, folders, arguments.threads))
            for model, folder in folders.items():
                figures, of_model = replicas.replicate(running, model, arguments)
                found.update(figures)
                alone[model] = of_model
                found.update(plans.word(running, model, folder, "replicate", arguments,
                                        of_model["replicas_per_s"]))
        if "flux" not in alone:
            return alone
        with report.section("mixed", 90) as found:
            if found is not None:
                found.update(replicas.mixed(running, list(folders), arguments))
        with report.section("unequal", 110) as found:
            if found is not None:
                found.update(replicas.unequal(running, "flux", arguments))
    return alone


def _hand_over(report, devices, folder, alone, arguments):
    before = rig.used_mib(devices)
    with contextlib.ExitStack() as stack:
        with report.section("hand-over", 120) as found:
            if found is None:
                return
            running = stack.enter_context(
                server.serving(devices, {"flux": folder}, arguments.threads, group=True))
            found.update(hand_over.throughput(running, "flux", arguments, alone))
            found.update(plans.word(running, "flux", folder, "hand-over", arguments,
                                    found["hand_over_images_per_s"]))
        if "hand_over_picture_s" not in report.figures:
            return
        step_s = report.figures["hand_over_picture_s"] / arguments.steps
        for kind in ("kill", "stop"):
            with report.section("faults", 100) as found:
                if found is not None:
                    found.update(hand_over.fault(running, "flux", arguments, kind, step_s))
                    found[f"{kind}_zombies"] = hand_over.zombies(running.address.pid)
    if before:
        with report.section("left-behind", 20) as found:
            if found is not None:
                left = [after - earlier for earlier, after in zip(before, rig.used_mib(devices))]
                found["gpu_memory_left_mib"] = max(left)


def run(arguments):
    devices = arguments.devices.split(",") if arguments.devices else [f"cuda:{gpu}" for gpu in rig.gpus()]
    if len(devices) < 2:
        raise harness.BenchmarkError("it takes two devices at least; --devices names them")
    report = _Report(arguments)
    with report.section("links", 60) as found:
        if found is not None:
            _links(found, devices)
    folders = {}
    with report.section("models", 120) as found:
        folders["flux"] = arguments.flux or models.full_size("flux")
        if arguments.sdxl != "":
            folders["sdxl"] = arguments.sdxl or models.full_size("sdxl")
    if "flux" not in folders:
        raise harness.BenchmarkError("without a model there is nothing to measure")
    alone = _replicas(report, devices, folders, arguments)
    _hand_over(report, devices, folders["flux"], alone.get("flux"), arguments)
    if rig.is_gpu(devices[0]):
        with report.section("donor", 120) as found:
            if found is not None:
                found.update(donor.stream(arguments))
        with report.section("memcheck", 100) as found:
            if found is not None:
                found.update(sanitized.memcheck(devices))
        with report.section("peers", 90) as found:
            if found is not None:
                found.update(peers.processes(devices, folders["flux"], arguments))
                if "flux" in alone:
                    found["all_to_peer"] = alone["flux"]["replicas_per_s"] / found["peer_all_images_per_s"]
    wrong = [key for key, value in report.figures.items()
             if key.endswith("_problem") or (key.endswith(("_bytes_equal_on_every_device", "_one_worker",
                                                           "_to_undisturbed")) and value != 1)]
    if arguments.strict and wrong:
        raise harness.BenchmarkError(f"not as it should be: {', '.join(wrong)}")
    return report.figures
