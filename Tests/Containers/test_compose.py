"""`Docker/compose.yaml`: a cluster in four containers, a program that counts words on it, and a notebook; and
`Docker/compose.secrets.yaml`."""

import json
import os
import shutil
import subprocess
import time

import nbformat
import pytest
from images import REPOSITORY, docker, run

PROJECT = "martlet-test"

NOTEBOOK = [
    "import ipyparallel as ipp\nrc = ipp.Client()\nrc.wait_for_engines(4, timeout=30)\nview = rc.load_balanced_view()",
    "def count_words(path):\n"
    "    from collections import Counter\n"
    "    with open(path) as file:\n"
    "        return Counter(file.read().split())",
    "from collections import Counter\nfrom pathlib import Path\n"
    "paths = [str(path) for path in Path('/usr/share/common-licenses').iterdir()]\n"
    "total = sum(view.map_sync(count_words, paths), Counter())",
    "assert total == sum(map(count_words, paths), Counter()) and total['the'] > 1000\ntotal['the']",
    "rc[:].apply_sync(lambda: __import__('socket').gethostname())",
]


def compose_command():
    """Compose's second version if it is there, else its first."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return [shutil.which("docker-compose") or "docker-compose"]


class Compose:
    def __init__(self, file=REPOSITORY / "Docker" / "compose.yaml"):
        self.command = [*compose_command(), "-p", PROJECT, "-f", str(file)]

    def __call__(self, *arguments, **options):
        return run(*self.command, *arguments, **options)

    def container(self, service):
        """The id of a service's container, also of one that has ended."""
        label = f"label=com.docker.compose.project={PROJECT}"
        return docker(
            "ps", "--all", "--quiet", "--filter", label, "--filter", f"label=com.docker.compose.service={service}"
        ).split()


@pytest.fixture
def compose(images):
    compose = Compose()
    compose("down", "--volumes")
    yield compose
    compose("down", "--volumes", "--timeout", "10")
    assert not compose.container("engine")


def output_after(start, identifier):
    """The lines of a container's output, each with the seconds since a time."""
    lines = []
    for line in docker("logs", "--timestamps", identifier).splitlines():
        stamp, _, text = line.partition(" ")
        seconds = time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        lines.append((seconds + float("0" + stamp[19:-1]) - start, text))
    return lines


def test_words_are_counted_and_a_notebook_finds_the_cluster(compose):
    start = time.time()
    # The images are there: what is measured is the cluster's start.
    compose("up", "--detach", "--no-build", "--scale", "engine=4")
    returned = time.time() - start
    [client] = compose.container("client")
    assert docker("wait", client).strip() == "0", docker("logs", client)
    output = output_after(start, client)
    print(
        f"\n{' '.join(compose_command())} up: returned after {returned:.1f} s, first output of the program "
        f"{output[0][0]:.1f} s, its end {output[-1][0]:.1f} s after the start")
    assert any("Both counts agree" in text for _, text in output)
    assert len(compose.container("engine")) == 4

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in NOTEBOOK])
    [jupyter] = compose.container("jupyter")
    docker("exec", "-i", jupyter, "sh", "-c", "cat > words.ipynb", input=nbformat.writes(notebook))
    docker("exec", jupyter, "jupyter", "execute", "--inplace", "words.ipynb")
    executed = nbformat.reads(docker("exec", jupyter, "cat", "words.ipynb"), as_version=4)
    values = [cell.outputs[-1].data["text/plain"] for cell in executed.cells[-2:]]
    assert int(values[0]) > 1000
    assert len(set(json.loads(values[1].replace("'", '"')))) == 4, "each container counts"
    # The server is up, and lets nobody in without its token.
    words = docker("exec", jupyter, "python", "-c", (
        "import urllib.request, urllib.error\n"
        "try: urllib.request.urlopen('http://127.0.0.1:8888/api/contents')\n"
        "except urllib.error.HTTPError as error: print(error.code)"))
    assert words.strip() == "403"


def test_an_engine_that_is_stopped_leaves(compose):
    compose("up", "--detach", "--no-build", "--scale", "engine=2", "controller", "engine")
    [controller] = compose.container("controller")

    def status():
        return docker("exec", controller, "martlet", "status", "--interval=0")

    deadline = time.monotonic() + 60
    while "2 engines" not in status():
        assert time.monotonic() < deadline, status()
    docker("stop", "--time", "30", compose.container("engine")[0])
    assert "1 engine," in status()
    state = json.loads(docker("inspect", compose.container("engine")[0]))[0]["State"]
    assert state["ExitCode"] == 0, "SIGTERM is an order, not a failure"
    docker("stop", "--time", "30", controller)
    assert json.loads(docker("inspect", controller))[0]["State"]["ExitCode"] == 0


@pytest.fixture
def secret(images, tmp_path):
    """The cluster whose keys are secrets, with its controller running."""
    for name in ["compose.secrets.yaml", "secrets.sh"]:
        shutil.copy(REPOSITORY / "Docker" / name, tmp_path)
    (tmp_path / "secrets").mkdir()
    for name in ["engine.json", "client.json"]:
        (tmp_path / "secrets" / name).touch()
    compose = Compose(tmp_path / "compose.secrets.yaml")
    compose("down", "--volumes")
    try:
        run(tmp_path / "secrets.sh", env=dict(os.environ, COMPOSE=" ".join([*compose_command(), "-p", PROJECT])))
        yield compose
    finally:
        print(compose("logs", "--no-color"))
        compose("down", "--volumes", "--timeout", "10")


def test_words_are_counted_with_keys_as_secrets(secret):
    secret("up", "--detach", "--no-build", "--scale", "engine=2")
    [client] = secret.container("client")
    assert docker("wait", client).strip() == "0", docker("logs", client)
    assert "Both counts agree" in docker("logs", client)
    [controller] = secret.container("controller")
    listed = docker("exec", controller, "martlet", "keys", "list")
    for name in ["engine", "client"]:
        [line] = [line for line in listed.splitlines() if line.startswith(f"{name} ")]
        assert line.split()[1] == name and line.split()[3].endswith("Z"), "the key was used"
    for engine in secret.container("engine"):
        assert docker("exec", engine, "ls", "/run/secrets").split() == ["engine"]
        assert not docker("exec", engine, "find", "/home/martlet/.ipython", "-name", "*.json").split()
    docker("exec", controller, "martlet", "keys", "revoke", "engine")
    deadline = time.monotonic() + 60
    while "0 engines" not in (status := docker("exec", controller, "martlet", "status", "--interval=0")):
        assert time.monotonic() < deadline, status
