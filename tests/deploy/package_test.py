# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""`cmake --install`, the Debian package, and an image made of it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import served

BUILD = pathlib.Path(os.environ.get("HANGA_BUILD", served.SOURCE / "build/release"))
MIRROR = "http://deb.debian.org/debian"


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class PackageTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hanga-package."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def package(self):
        served.needs(self, "dpkg-shlibdeps", "dpkg-deb")
        run("cpack", "-G", "DEB", "-D", "CPACK_COMPONENTS_ALL=server", "-B", self.folder / "packages",
            cwd=BUILD)
        return next((self.folder / "packages").glob("*.deb"))

    def test_the_installed_daemon_runs_from_any_folder(self):
        run("cmake", "--install", BUILD, "--component", "server", "--prefix", self.folder / "usr")
        self.assertRegex(run(self.folder / "usr/bin/hangad", "--version"), r"hangad \d+\.\d+\.\d+")
        self.assertRegex(run(self.folder / "usr/bin/hanga", "--version"), r"\d+\.\d+\.\d+")
        self.assertTrue((self.folder / "usr/share/hanga/models/demo/model_index.json").exists())
        for unit in ("hangad.service", "hanga-worker@.service"):
            self.assertTrue((self.folder / "usr/lib/systemd/system" / unit).exists())

    def test_the_package_names_what_it_needs_and_holds_the_units(self):
        deb = self.package()
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

    def test_the_image_builds_and_hangad_answers_in_it(self):
        buildah, debootstrap = served.needs(self, "buildah", "debootstrap")
        if os.geteuid() != 0:
            self.skipTest("building an image without a daemon needs root")
        if os.environ.get("HANGA_IMAGE_TEST") != "1":
            self.skipTest("HANGA_IMAGE_TEST=1 builds an image, with packages from a mirror")
        deb = self.package()
        context = self.folder / "context"
        shutil.copytree(served.SOURCE / "deploy", context / "deploy")
        (context / "build/image-packages").mkdir(parents=True)
        shutil.copy(deb, context / "build/image-packages")
        environment = os.environ | {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
        root = self.folder / "root"
        run(debootstrap, "--variant=minbase", "bookworm", root, MIRROR)
        base = run(buildah, "from", "scratch", env=environment).strip()
        self.addCleanup(lambda: subprocess.run(
            f"{buildah} rm --all; {buildah} rmi --force hanga-test hanga-base; "
            f"{buildah} rmi --prune", shell=True, env=environment, capture_output=True))
        run(buildah, "add", base, root, "/", env=environment)
        run(buildah, "commit", base, "hanga-base", env=environment)
        run(buildah, "bud", "--isolation", "chroot", "--build-arg", "BASE=localhost/hanga-base",
            "--build-arg", "BUILD_BASE=localhost/hanga-base", "--build-arg", "PROGRAMS=prebuilt",
            "-f", context / "deploy/docker/Dockerfile", "-t", "hanga-test", context, env=environment)
        container = run(buildah, "from", "localhost/hanga-test", env=environment).strip()

        def inside(*command):
            return run(buildah, "run", "--isolation", "chroot", container, "--", *command,
                       env=environment)

        self.assertIn("hangad", inside("hangad", "--version"))
        self.assertEqual(inside("id", "-u").strip(), "10001")
        self.assertRegex(inside("cat", "/usr/share/doc/hanga/sbom.spdx"),
                         r"PackageName: hanga\n")
        # Workers come from a package of their own, so here hangad stands alone.
        answer = inside("bash", "-c", r"""
            sed 's/^devices = .*/devices = []/' /etc/hanga/hangad.toml > /tmp/hangad.toml
            hangad --config /tmp/hangad.toml --data /tmp/data 2> /tmp/log & daemon=$!
            for i in $(seq 200); do
              (exec 3<>/dev/tcp/127.0.0.1/9877) 2>/dev/null && break; sleep 0.1
            done
            exec 3<>/dev/tcp/127.0.0.1/9877
            printf 'GET /livez HTTP/1.0\r\n\r\n' >&3; head -n 1 <&3
            hanga models
            kill $daemon; wait $daemon; echo "ended with $?"; cat /tmp/log""")
        self.assertIn("200 OK", answer)
        self.assertIn("demo", answer)
        self.assertIn("ended with 0", answer)
        print(run(buildah, "images", env=environment))


if __name__ == "__main__":
    unittest.main(verbosity=2)
