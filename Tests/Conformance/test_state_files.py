"""Files that clusters leave: damaged ones, and those from other hosts, process namespaces and ipyparallel."""

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from harness import REPOSITORY, TIMEOUT, binary, wait_until
from place import Place, clean

DAMAGE = ["empty", "cut short", "wrong types", "other JSON", "zeros", "directory", "unreadable", "newer"]
FILES = {
    "record": "pid/martlet-x.json",
    "lock": "pid/martlet-x.lock",
    "controller lock": "pid/ipcontroller-x.lock",
    "python": "security/cluster-x.json",
    "client": "security/ipcontroller-x-client.json",
    "engine": "security/ipcontroller-x-engine.json",
    "engine table": "log/enginesx.json",
}
#: A user without access to root's private files.
NOBODY = 65534


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Return the content of each file left by a killed cluster."""
    place = Place(tmp_path_factory.mktemp("samples"))
    profile = place.directory / "profile_default"
    started = place.command("start", "-n", 1, "--cluster-id", "x", "--daemonize")
    assert started.returncode == 0, started.stderr
    found = {name: (profile / path).read_text() for name, path in FILES.items()}
    assert place.command("stop", "--cluster-id", "x").returncode == 0
    # Simulate a reboot of this machine, which makes the process ids meaningless.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return {name: text.replace(boot, "an earlier one") for name, text in found.items()}


def mistyped(text):
    """Return the JSON with every string replaced by a number and every number by a string, at all levels."""

    def change(value):
        if isinstance(value, dict):
            return {key: change(member) for key, member in value.items()}
        return 17 if isinstance(value, str) else "17"

    return json.dumps(change(json.loads(text)))


def damaged(path, kind, text):
    """Write a file with one kind of damage."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "directory":
        path.mkdir()
        return
    path.write_text(
        {
            "empty": "", "cut short": text[: len(text) // 2], "wrong types": mistyped(text), "other JSON": "[1]",
            "zeros": "\0" * len(text), "unreadable": text, "newer": text.replace('"format":1', '"format":1000'),
        }[kind]
    )
    if kind == "unreadable":
        path.chmod(0)


@pytest.fixture
def open_place():
    """Provide a place that other users can enter."""
    directory = Path(tempfile.mkdtemp(prefix="mt-", dir="/tmp"))
    directory.chmod(0o755)
    place = Place(directory)
    yield place
    for process in place.processes():
        process.kill()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_damage_is_named_and_blocks_nothing(open_place, samples, name, kind):
    """Run each command in turn with one damaged file of a killed cluster."""
    if kind == "newer" and name != "record":
        pytest.skip("only the record has a format")
    place = open_place
    path = place.directory / "profile_default" / FILES[name]
    selection = ["--cluster-id", "x"]

    def damage():
        place.run_as(None)
        shutil.rmtree(place.directory / "profile_default", ignore_errors=True)
        for other, text in samples.items():
            target = place.directory / "profile_default" / FILES[other]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        path.unlink()
        damaged(path, kind, samples[name])
        if kind == "unreadable":
            place.run_as(NOBODY)

    # A lock file's mode is repaired instead, because replacing the file would lose the lock.
    is_mended = kind == "unreadable" and "lock" in name
    damage()
    listed = place.command("list")
    assert listed.returncode == 0 and re.search(r" x +False ", listed.stdout), listed
    if not is_mended:
        assert str(path) in listed.stderr and "martlet clean" in listed.stderr, listed
    for command in (["status"], ["stop"], ["engines", "-n", 1]):
        done = place.command(*command, *selection)
        assert done.returncode == 11 and done.stderr.count("\n") == 1, done
        assert is_mended or (str(path) in done.stderr and "martlet clean" in done.stderr), done
    started = place.command("start", "-n", 1, "--daemonize", *selection)
    assert started.returncode == 0, started
    assert place.command("stop", *selection).returncode == 0
    place.run_as(None)
    assert clean(place)

    damage()
    cleaned = place.command("clean")
    assert cleaned.returncode == 0 and cleaned.stderr == "", cleaned
    assert f"removed {path}\n" in cleaned.stdout
    listed = place.command("list")
    assert listed.stderr == "" and listed.stdout.count("\n") == 1, listed
    assert clean(place)


@pytest.mark.parametrize("kind", ["empty", "cut short", "wrong types", "directory"])
def test_a_running_cluster_whose_record_is_damaged(place, kind):
    assert place.command("start", "-n", 1, "--cluster-id", "x", "--daemonize").returncode == 0
    path = place.directory / "profile_default" / FILES["record"]
    text = path.read_text()
    path.unlink()
    damaged(path, kind, text)
    listed = place.command("list")
    assert "True" in listed.stdout and str(path) in listed.stderr
    assert "removed" not in place.command("clean").stdout
    again = place.command("start", "-n", 1, "--cluster-id", "x", "--daemonize")
    assert again.returncode == 10, again.stderr
    assert place.command("status", "--cluster-id", "x", "--interval", 0.1).returncode == 0
    stopped = place.command("stop", "--cluster-id", "x")
    assert stopped.returncode == 0, stopped.stderr
    assert clean(place)


def test_a_killed_cluster_is_a_leftover(place):
    assert place.command("start", "-n", 1, "--daemonize").returncode == 0
    supervisor = json.loads((place.directory / "profile_default/pid/martlet-.json").read_text())["martlet"]["pid"]
    os.kill(supervisor, signal.SIGKILL)
    # The system takes a moment to end it.
    wait_until(lambda: " False " in place.command("list").stdout, "the lock to be free")
    again = place.command("start", "-n", 1, "--daemonize")
    assert again.returncode == 0, again.stderr
    assert place.command("stop").returncode == 0
    assert clean(place)


def test_a_recycled_process_id_is_never_signalled(place):
    """The record and the lock name a live process that started at a different time."""
    assert place.command("start", "-n", 1, "--daemonize").returncode == 0
    pid = place.directory / "profile_default/pid"
    record = pid / "martlet-.json"
    document = json.loads(record.read_text())
    os.kill(document["martlet"]["pid"], signal.SIGKILL)
    wait_until(lambda: not place.processes(), "the end of the killed cluster")
    innocent = subprocess.Popen(["sleep", "1000"])
    try:
        document["martlet"]["pid"] = innocent.pid
        record.write_text(json.dumps(document))
        (pid / "martlet-.lock").write_text(json.dumps(document["martlet"]))
        assert "False" in place.command("list").stdout
        assert place.command("stop").returncode == 11
        assert place.command("start", "-n", 1, "--daemonize").returncode == 0
        assert place.command("stop").returncode == 0
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()
    assert clean(place)


class TestOtherNamespaces:
    """A container with its own process ids that shares the home and temporary folders."""

    @pytest.fixture
    def running(self, place):
        started = place.command("start", "-n", 1, "--daemonize")
        assert started.returncode == 0, started.stderr
        yield place
        assert place.command("status", "--interval", 0.1).returncode == 0, "the cluster lost its files"
        assert place.command("stop").returncode == 0
        assert clean(place)

    #: Containers with their own /proc, with the outer namespace's /proc, and with a different host name.
    CONTAINERS = {
        "own proc": ["--pid", "--fork", "--mount-proc"],
        "outer proc": ["--pid", "--fork"],
        "host name": ["--pid", "--fork", "--mount-proc", "--uts"],
    }

    @pytest.fixture(params=CONTAINERS)
    def inside(self, request, running):
        prefix = ["unshare", *self.CONTAINERS[request.param]]
        name = "hostname elsewhere; " if request.param == "host name" else ""

        def command(*arguments):
            line = name + shlex.join([binary("martlet"), *map(str, arguments)])
            return subprocess.run(
                [*prefix, "sh", "-c", line], env=running.environment, capture_output=True, text=True, timeout=4 * TIMEOUT
            )

        return command

    def test_clean_removes_nothing(self, inside):
        before = {path.name for path in Path("/tmp").glob("martlet-*")}
        cleaned = inside("clean")
        assert cleaned.returncode == 0 and cleaned.stdout == "", cleaned
        assert before <= {path.name for path in Path("/tmp").glob("martlet-*")}

    def test_list_shows_that_it_runs(self, inside):
        assert " True " in inside("list").stdout

    def test_start_refuses(self, inside):
        again = inside("start", "-n", 1, "--daemonize")
        while again.stderr.endswith("ended by signal 4\n") and "/proc/" in again.stderr:
            # Swift's libdispatch looks at its threads in /proc, and ends the process if they are not there: one start in
            # twenty where /proc is that of the outer namespace.
            again = inside("start", "-n", 1, "--daemonize")
        assert again.returncode == 10 and again.stderr.count("\n") == 1, again

    def test_stop_says_where_it_runs(self, inside):
        stopped = inside("stop")
        assert stopped.returncode == 1 and os.uname().nodename in stopped.stderr, stopped

    def test_a_cluster_in_the_container_is_seen_from_outside(self, place):
        line = shlex.join([binary("martlet"), "start", "-n", "1"])
        container = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", f"exec {line}"],
            env=place.environment, stdout=subprocess.PIPE, text=True,
        )
        try:
            assert "1 engine is up" in container.stdout.readline()
            assert " True " in place.command("list").stdout
            assert place.command("clean").stdout == ""
            assert place.command("start", "-n", 1).returncode == 10
            assert place.command("status", "--interval", 0.1).returncode == 0
            stopped = place.command("stop")
            assert stopped.returncode == 1 and "can't be reached from here" in stopped.stderr
            assert container.poll() is None
        finally:
            # This ends the namespace and all its processes.
            container.kill()
            container.communicate()
        wait_until(lambda: " False " in place.command("list").stdout, "the lock to be free")
        assert place.command("clean").returncode == 0
        assert clean(place)


class TestOtherHosts:
    @pytest.fixture
    def far(self, place):
        """Provide another host's cluster in a shared folder that does not propagate locks."""
        assert place.command("start", "-n", 1, "--daemonize").returncode == 0
        pid = place.directory / "profile_default/pid"
        texts = {path: path.read_text() for path in pid.iterdir()}
        os.kill(json.loads(texts[pid / "martlet-.json"])["martlet"]["pid"], signal.SIGKILL)
        wait_until(lambda: not place.processes(), "the end of the killed cluster")
        for path, text in texts.items():
            document = json.loads(text)
            holder = document.get("martlet", document)
            holder.update(host="far", machine_id="another", boot_id="another")
            path.write_text(json.dumps(document))
        yield place
        place.command("clean", "--force")
        assert clean(place)

    def test_nothing_is_done_without_force(self, far):
        files = far.leftovers()
        listed = far.command("list")
        assert " unknown " in listed.stdout and " far" in listed.stdout, listed
        for command in (["start", "-n", 1, "--daemonize"], ["stop"]):
            done = far.command(*command)
            assert done.returncode == 10 and "unknown: on host far" in done.stderr and "--force" in done.stderr, done
        cleaned = far.command("clean")
        assert cleaned.returncode == 0 and "host far" in cleaned.stderr
        assert set(far.leftovers()) >= {file for file in files if "/tmp/martlet" not in file and "profile" in file}
        assert "removed" in far.command("clean", "--force").stdout

    def test_a_lock_that_is_seen_is_a_running_cluster(self, far):
        """NFS shows other hosts' locks like this."""
        with (far.directory / "profile_default/pid/martlet-.lock").open("r+") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            assert " True " in far.command("list").stdout
            assert far.command("start", "-n", 1).returncode == 10
            stopped = far.command("stop")
            assert stopped.returncode == 1 and "host far" in stopped.stderr


SUITE = REPOSITORY / "Tests/Conformance/ipyparallel_suite"


def python_environment(place, ours):
    """Return an environment in which ipyparallel's launchers start our controller or theirs."""
    environment = dict(place.environment)
    if ours:
        environment["MARTLET_CONTROLLER_CMD"] = shlex.join([binary("martlet"), "controller"])
        environment["PYTHONPATH"] = os.pathsep.join([str(SUITE / "subprocess"), str(SUITE)])
    return environment


@pytest.mark.parametrize("ours", [True, False], ids=["our controller", "their controller"])
class TestPythonClusters:
    """Clusters started by ipyparallel."""

    def check(self, place, cluster_id):
        selection = ["--cluster-id", cluster_id] if cluster_id else []
        wait_until(lambda: " 2 " in place.command("list").stdout, "two engines in the list")
        listed = place.command("list")
        assert " True " in listed.stdout, listed
        clusters = json.loads(place.command("list", "--json").stdout)
        assert [cluster["martlet"]["state"] for cluster in clusters] == ["running"]
        wait_until(
            lambda: "2 engines" in place.command("status", "--interval", 0.1, *selection).stdout, "two engines registered"
        )
        assert place.command("clean").stdout == ""
        assert place.command("start", "-n", 1, *selection).returncode == 10
        more = subprocess.Popen(
            [binary("martlet"), "engines", "-n", "1", *selection], env=place.environment, stdout=subprocess.PIPE, text=True
        )
        assert more.stdout.readline().startswith("1 engine started")
        wait_until(
            lambda: "3 engines" in place.command("status", "--interval", 0.1, *selection).stdout, "a third engine"
        )
        more.terminate()
        more.communicate(timeout=TIMEOUT)
        stopped = place.command("stop", *selection)
        assert stopped.returncode == 0, stopped.stderr
        assert place.command("stop", *selection).returncode == 11
        assert place.command("list").stdout.count("\n") == 1

    @pytest.mark.parametrize("cluster_id", ["", "a b"])
    def test_ipcluster(self, place, ours, cluster_id):
        command = [sys.executable, "-m", "ipyparallel.cluster", "start", "-n", "2", f"--cluster-id={cluster_id}"]
        child = subprocess.Popen(
            command, env=python_environment(place, ours), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: " True " in place.command("list").stdout, "the cluster in the list")
            self.check(place, cluster_id)
            child.wait(timeout=TIMEOUT)
        finally:
            child.kill()
            child.wait()
        assert clean(place)

    def test_a_program(self, place, ours):
        program = (
            "import ipyparallel as ipp, sys, time\n"
            + ("import martlet_plugin as p; p.replace_parts()\n" if ours else "")
            + "cluster = ipp.Cluster(n=2, cluster_id='p')\ncluster.start_cluster_sync()\nprint('up', flush=True)\n"
            + "time.sleep(1000)"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", program], env=python_environment(place, ours), stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert child.stdout.readline() == "up\n"
            self.check(place, "p")
        finally:
            child.kill()
            child.communicate()
        assert clean(place)

    def test_a_controller_by_itself(self, place, ours):
        command = [binary("martlet"), "controller"] if ours else [sys.executable, "-m", "ipyparallel.controller"]
        child = subprocess.Popen(
            [*command, "--ip=127.0.0.1"], env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: " True " in place.command("list").stdout, "the controller in the list")
            wait_until(lambda: place.command("status", "--interval", 0.1).returncode == 0, "its status")
            assert place.command("clean").stdout == ""
            assert place.command("start", "-n", 1).returncode == 10
            stopped = place.command("stop")
            if ours:
                assert stopped.returncode == 0, stopped.stderr
                child.wait(timeout=TIMEOUT)
                assert clean(place)
            else:
                # No file records its process id.
                assert stopped.returncode == 1 and stopped.stderr.count("\n") == 1
        finally:
            child.terminate()
            child.wait(timeout=TIMEOUT)
