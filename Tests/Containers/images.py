"""Docker's daemon, and the images of `Docker/` on a base of Debian's packages, where no registry need be reachable.

The programs come from a release build of this repository: the images' first stage, which builds them, is replaced by one
that has them already. All else is as in the files.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BASE = "martlet-test-base"
RELEASE = REPOSITORY / ".build" / "release"


def run(*command, timeout=600, **options):
    """The output of a command; AssertionError with what it said if it fails."""
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
        **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout[-6000:]}"
    return done.stdout


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


class Daemon:
    """Docker's daemon: the one that runs, or one for the tests."""

    def __init__(self):
        self.process = None
        if not self.answers():
            self.log = tempfile.NamedTemporaryFile("w", prefix="dockerd-", suffix=".log")
            self.process = subprocess.Popen(["dockerd"], stdout=self.log, stderr=self.log, start_new_session=True)
            deadline = time.monotonic() + 60
            while not self.answers():
                words = Path(self.log.name).read_text()[-3000:]
                assert self.process.poll() is None and time.monotonic() < deadline, f"dockerd: {words}"
                time.sleep(0.2)

    @staticmethod
    def answers():
        return subprocess.run(["docker", "version"], capture_output=True).returncode == 0

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)


def make_base():
    """Debian's smallest system, with this machine's certificates for pip. Made once, unless the image is removed."""
    if subprocess.run(["docker", "image", "inspect", BASE], capture_output=True).returncode == 0:
        return
    with tempfile.TemporaryDirectory(prefix="martlet-base-") as folder:
        root = Path(folder) / "root"
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root, timeout=1200)
        for path in (root / "var/cache/apt/archives").glob("*.deb"):
            path.unlink()
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        if certificates.exists():
            shutil.copy(certificates, root / "etc/ssl/certs/martlet-test.crt")
            (root / "etc/pip.conf").write_text("[global]\ncert = /etc/ssl/certs/martlet-test.crt\n")
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as archive:
            docker("import", "-", BASE, stdin=archive.stdout)


def with_programs(dockerfile):
    """The text of a Dockerfile whose first stage has the programs in the folder `out` instead of building them."""
    text = (REPOSITORY / "Docker" / dockerfile).read_text()
    stages = re.split(r"^(?=FROM )", text, flags=re.MULTILINE)
    assert stages[1].startswith("FROM ${BASE} AS build"), f"{dockerfile}: the first stage should be the build"
    return "".join([stages[0], "FROM scratch AS build\nCOPY out/ /out/\n\n", *stages[2:]])


class Context:
    """A folder to build an image from: a Dockerfile, and a program with its resources."""

    def __init__(self, folder, dockerfile, program, name):
        self.folder = folder
        out = folder / "out"
        out.mkdir(parents=True)
        run("strip", "-o", out / name, RELEASE / program)
        for resources in RELEASE.glob("*.resources"):
            shutil.copytree(resources, out / resources.name)
        (folder / dockerfile).write_text(with_programs(dockerfile))
        self.dockerfile = dockerfile

    def build(self, tag, *arguments):
        docker(
            "build", "-f", self.folder / self.dockerfile, "--build-arg", f"RUNTIME={BASE}", "-t", tag, *arguments,
            self.folder, timeout=1200, env=dict(os.environ, DOCKER_BUILDKIT=os.environ.get("DOCKER_BUILDKIT", "0")))
        return tag


def size(image):
    """In megabytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
