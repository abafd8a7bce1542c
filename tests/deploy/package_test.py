# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install`, the Debian package, and an image made of it."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import served

BUILD = pathlib.Path(os.environ.get("HANGA_BUILD", served.SOURCE / "build/release"))
MIRROR = os.environ.get("HANGA_DEBIAN_MIRROR", "http://deb.debian.org/debian")


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class Packaged(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hanga-package."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def package(self, *components):
        """The Debian packages of these components, by name."""
        served.needs(self, "dpkg-shlibdeps", "dpkg-deb")
        run("cpack", "-G", "DEB", "-D", f"CPACK_COMPONENTS_ALL={';'.join(components)}", "-B",
            self.folder / "packages", cwd=BUILD)
        return {deb.name.split("_")[0]: deb for deb in (self.folder / "packages").glob("*.deb")}

    def has_worker_for_cpus(self):
        """One for GPUs brings CUDA's libraries along, 4 GB of them: too much for a test."""
        program = BUILD / "bin/hanga-worker"
        return program.exists() and "libtorch_cuda" not in run("readelf", "-d", program)


class PackageTest(Packaged):
    def test_the_installed_daemon_runs_from_any_folder(self):
        run("cmake", "--install", BUILD, "--component", "server", "--prefix", self.folder / "usr")
        self.assertRegex(run(self.folder / "usr/bin/hangad", "--version"), r"hangad \d+\.\d+\.\d+")
        self.assertRegex(run(self.folder / "usr/bin/hanga", "--version"), r"\d+\.\d+\.\d+")
        self.assertTrue((self.folder / "usr/share/hanga/models/demo/model_index.json").exists())
        for unit in ("hangad.service", "hanga-worker@.service"):
            self.assertTrue((self.folder / "usr/lib/systemd/system" / unit).exists())

    def test_the_package_names_what_it_needs_and_holds_the_units(self):
        deb = self.package("server")["hanga"]
        self.assertRegex(deb.name, r"^hanga_\d+\.\d+\.\d+_\w+\.deb$")
        control = run("dpkg-deb", "--field", deb)
        for library in ("libgrpc++", "libsqlite3-0", "libprometheus-cpp-core", "libssl3"):
            self.assertIn(library, control)
        names = run("dpkg-deb", "--contents", deb)
        for name in ("usr/bin/hangad", "usr/bin/hanga", "usr/lib/systemd/system/hangad.service",
                     "usr/share/hanga/hangad.toml", "usr/share/hanga/grafana/hanga-fleet.json"):
            self.assertIn(f"./{name}\n", names)
        print(f"{deb.name}: {deb.stat().st_size / 1e6:.1f} MB")
        scripts = self.folder / "control"
        run("dpkg-deb", "--control", deb, scripts)
        for script in ("postinst", "prerm"):
            run("sh", "-n", scripts / script)

    def test_the_package_of_workers_draws_from_where_it_is_unpacked(self):
        if not self.has_worker_for_cpus():
            self.skipTest("needs a build of hanga-worker without CUDA (HANGA_CUDA=OFF)")
        deb = self.package("worker")["hanga-worker"]
        self.assertIn("hanga (=", run("dpkg-deb", "--field", deb, "Depends"))
        run("dpkg-deb", "--extract", deb, self.folder / "root")
        picture = self.folder / "boat.png"
        run(self.folder / "root/usr/bin/hanga-worker", "draw", served.SOURCE / "models/demo",
            "a boat", "--steps", "2", "-o", picture, cwd="/", env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        print(f"{deb.name}: {deb.stat().st_size / 1e6:.1f} MB")


@unittest.skipIf(os.geteuid() != 0, "building an image without a daemon needs root")
class ImageTest(Packaged):
    """An image as the Dockerfile makes it, and what the documents say of containers, in it."""
    ENVIRONMENT = os.environ | {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}

    def buildah(self, *command):
        return run(self.builder, *command, env=self.ENVIRONMENT)

    def make_base(self):
        """Debian's smallest set of packages; its mirror may be out of reach."""
        root = self.folder / "root"
        done = subprocess.run([self.bootstrap, "--variant=minbase", "bookworm", root, MIRROR],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"debootstrap: {(done.stdout + done.stderr)[-300:]}")
        base = self.buildah("from", "scratch").strip()
        self.buildah("add", base, root, "/")
        self.buildah("commit", base, "hanga-base")
        shutil.rmtree(root)

    def setUp(self):
        super().setUp()
        self.builder, self.bootstrap = served.needs(self, "buildah", "debootstrap")
        self.addCleanup(lambda: subprocess.run(
            f"{self.builder} rm --all; {self.builder} rmi --force hanga-test hanga-base; "
            f"{self.builder} rmi --prune", shell=True, env=self.ENVIRONMENT, capture_output=True))

    def test_the_image_builds_and_draws(self):
        components = ["server"] + (["worker"] if self.has_worker_for_cpus() else [])
        debs = self.package(*components)
        context = self.folder / "context"
        shutil.copytree(served.SOURCE / "deploy", context / "deploy")
        (context / "build/image-packages").mkdir(parents=True)
        for deb in debs.values():
            shutil.move(deb, context / "build/image-packages")
        self.make_base()
        self.buildah("bud", "--isolation", "chroot", "--build-arg", "BASE=localhost/hanga-base",
                     "--build-arg", "BUILD_BASE=localhost/hanga-base", "--build-arg",
                     "PROGRAMS=prebuilt", "-f", context / "deploy/docker/Dockerfile", "-t",
                     "hanga-test", context)
        shutil.rmtree(context)
        container = self.buildah("from", "localhost/hanga-test").strip()

        def inside(*command):
            return self.buildah("run", "--isolation", "chroot", container, "--", *command)

        self.assertEqual(inside("id", "-u").strip(), "10001")
        for name in debs:
            self.assertIn(f"PackageName: {name}\n", inside("cat", "/usr/share/doc/hanga/sbom.spdx"))
        print("MB in the image:\n" + inside(
            "bash", "-c", "du -xsm /usr/lib/hanga /usr/bin/hang* /usr/share/hanga / 2>/dev/null; true"))
        self.answers_and_draws(inside, has_worker="hanga-worker" in debs)

    def answers_and_draws(self, inside, has_worker):
        dockerfile = (served.SOURCE / "deploy/docker/Dockerfile").read_text()
        probe = json.loads(re.search(r"^HEALTHCHECK.*\n  CMD (.*)$", dockerfile, re.M)[1])
        page = (served.SOURCE / "docs/operations.md").read_text()
        draw = re.search(r"^hanga generate .*$", page[page.index("### In containers"):], re.M)[0]
        if not has_worker:
            print("without a hanga-worker for CPUs hangad stands alone in the image")
        script = "\n".join([
            "cd /tmp",
            ("sed 's/^devices = .*/devices = []/' " if not has_worker else "cat ") +
            "/etc/hanga/hangad.toml > /tmp/hangad.toml",
            "hangad --config /tmp/hangad.toml --data /tmp/data 2> /tmp/log & daemon=$!",
            "for i in $(seq 600); do " + shlex.join(probe) + " 2>/dev/null && break; sleep 0.1; done",
            shlex.join(probe) + " && echo healthy",
            *([draw, "od -An -tx1 -N8 out/*"] if has_worker else ["hanga models"]),
            "kill $daemon; wait $daemon; echo \"ended with $?\"; cat /tmp/log"])
        answer = inside("bash", "-c", script)
        self.assertIn("healthy", answer)
        self.assertIn("ended with 0", answer)
        self.assertIn("89 50 4e 47 0d 0a 1a 0a" if has_worker else "demo", answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
