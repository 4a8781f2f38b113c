"""Engines in containers, started by `martlet start`."""

import json
import re
import subprocess
import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, wait_until
from images import docker
from place import Place, clean

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


def containers(place, everything=True):
    """The names of a place's containers."""
    label = f"label=martlet.profile-dir={place.directory}/profile_default"
    names = docker("ps", *(["--all"] if everything else []), "--filter", label, "--format", "{{.Names}}")
    return names.split()


@pytest.fixture
def place(images, tmp_path):
    place = Place(tmp_path)
    yield place
    place.command("stop")
    wait_until(lambda: not containers(place), "no container to be left")
    assert clean(place)
    for process in place.processes():
        process.kill()


def start(place, *options):
    started = place.command("start", "--daemonize", *options)
    assert started.returncode == 0, started.stderr
    return place.directory / "profile_default/security/ipcontroller-client.json"


def logs(place):
    return "\n".join(path.read_text() for path in (place.directory / "profile_default/log").glob("ip*.log"))


def test_word_count(place, images):
    start(place, "--engines=docker:4", "--set", f"DockerLauncher.image={images['wordcount']}")
    assert len(containers(place)) == 4
    # The files are those of the image, which this machine has, too.
    licences = [f"/usr/share/common-licenses/{name}" for name in ["GPL-2", "GPL-3", "Apache-2.0"]]
    counted = place.command("--profile", "default", *licences, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 4 engines" in counted.stdout and "Both counts agree" in counted.stdout
    stopped = place.command("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert not containers(place), "stop returns when the containers are gone"


def test_python_runs_in_the_containers(place, images):
    file = start(place, "--engines=docker:2", "--set", f"DockerLauncher.image={images['python']}")
    with ipp.Client(connection_info=str(file), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)
        names = client[:].apply_sync(lambda: __import__("socket").gethostname())
        ids = docker("ps", "--quiet").split()
        assert len(set(names)) == 2 and all(name in ids for name in names)
        assert set(client[:].apply_sync(lambda: __import__("os").getuid())) == {1000}
    listed = json.loads(place.command("list", "--json").stdout)[0]
    [engines] = listed["engines"]["sets"].values()
    assert sorted(engine["container"] for engine in engines["engines"].values()) == sorted(containers(place))
    assert "True     2" in place.command("list").stdout
    assert "2 engines" in place.command("status", "--interval=0").stdout


def test_the_key_is_nowhere_to_be_read(place, images):
    file = start(place, "--engines=docker:1", "--set", f"DockerLauncher.image={images['martlet']}")
    info = json.loads(file.read_text())
    [name] = containers(place)
    inspected = docker("inspect", name) + subprocess.run(["ps", "axwwe"], capture_output=True, text=True).stdout
    for secret in [info["curve_serverkey"], info["key"]]:
        assert not secret or secret not in inspected


def test_killed_container_is_reported_and_started_again(place, images):
    start(place, "--engines=docker:2", "--restart-engines", "--set", f"DockerLauncher.image={images['martlet']}")
    first = containers(place)
    docker("kill", first[0])
    wait_until(lambda: "exit code 137" in logs(place), "the end to be reported")
    assert f"its container {first[0]} is gone (exit code 137, as SIGKILL (signal 9) leaves it)" in logs(place)
    wait_until(lambda: len(now := containers(place)) == 2 and first[0] not in now, "another container")
    wait_until(lambda: "2 engines" in place.command("status", "--interval=0").stdout, "the engine to register")
    # Docker's own way to stop one.
    docker("stop", containers(place)[0])
    wait_until(lambda: len(containers(place)) == 1, "the container to be gone")


def test_failures_have_dockers_words(place, images):
    missing = place.command(
        "start", "--engines=docker:2", "--set", "DockerLauncher.image=no-such-image-here:1", "--set",
        "DockerLauncher.docker_args=['--pull=never']")
    assert missing.returncode == 1
    assert "exit code 125" in missing.stderr and "no-such-image-here" in missing.stderr, missing.stderr
    program = place.command(
        "start", "--engines=docker:1", "--set", f"DockerLauncher.image={images['martlet']}", "--program", "/no/such")
    assert program.returncode == 1
    assert "exit code 127" in program.stderr and "/no/such" in program.stderr
    wait_until(lambda: not containers(place), "no container to be left")


def test_containers_end_with_a_killed_cluster(place, images):
    start(place, "--engines=docker:2", "--set", f"DockerLauncher.image={images['martlet']}")
    [supervisor] = place.processes("--background")
    # One that can't notice anything has to be found by its label.
    docker("pause", containers(place)[0])
    supervisor.kill()
    wait_until(lambda: len(containers(place)) == 1, "the other container to end")
    cleaned = wait_until(
        lambda: (done := place.command("clean")) and not containers(place) and done, "clean to remove it", 2 * TIMEOUT)
    assert cleaned.returncode == 0, cleaned.stderr


def test_networks(place, images):
    network = f"martlet-test-{time.time_ns()}"
    docker("network", "create", network)
    try:
        start(place, "--engines=docker:1", "--set", f"DockerLauncher.image={images['martlet']}",
              "--set", f"DockerLauncher.network={network}")
        [name] = containers(place)
        assert network in docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", name)
        assert place.command("stop").returncode == 0
    finally:
        docker("network", "rm", network)
    start(place, "--engines=docker:1", "--set", f"DockerLauncher.image={images['martlet']}",
          "--set", "DockerLauncher.network=host", "--set", "DockerLauncher.docker_args=['--memory=512m']")
    [name] = containers(place)
    assert docker("inspect", "--format", "{{.HostConfig.Memory}}", name).strip() == str(512 << 20)


def test_dry_run_and_cluster_file(place, images, tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text(
        f"engines:\n  - launcher: docker\n    count: 2\n    image: {images['wordcount']}\n"
        "    environment: {KIND: contained}\n")
    plan = place.command("start", file, "--dry-run")
    assert plan.returncode == 0, plan.stderr
    commands = [line for line in plan.stdout.splitlines() if re.match("env .* docker run ", line)]
    assert len(commands) == 2 and "KIND=contained" in commands[0] and "--env KIND " in commands[0]
    assert not containers(place)
    with ipp.Client(connection_info=str(start(place, file)), timeout=TIMEOUT) as client:
        client.wait_for_engines(2, timeout=TIMEOUT)
        assert set(client[:].apply_sync(lambda: __import__("os").environ["KIND"])) == {"contained"}
