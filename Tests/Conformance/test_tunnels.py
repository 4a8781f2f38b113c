"""Clusters behind a host that only ssh reaches: a network namespace whose controller listens at its loopback address."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from harness import TIMEOUT, binary, wait_until
from hosts import Hosts
from place import Place, clean

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hosts and schedulers are those of Linux")


@pytest.fixture(scope="module")
def hosts():
    hosts = Hosts(1)
    yield hosts
    hosts.close()


class Far:
    """A place on the other host, with its cluster, and one on this host that has copies of its connection files."""

    def __init__(self, hosts, directory):
        self.far, self.near = Place(directory / "far"), Place(directory / "near")
        for place in [self.far, self.near]:
            place.directory.mkdir()
        if hosts.has_namespaces:
            inside = ["unshare", "--uts", "sh", "-c", 'hostname node1; exec "$@"', "sh"]
            self.far.prefix = ["ip", "netns", "exec", hosts.namespace(0), *inside]
        # As ssh would be with the configuration in the user's home.
        tools = directory / "tools"
        tools.mkdir()
        (tools / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {hosts.config} "$@"\n')
        (tools / "ssh").chmod(0o755)
        self.near.environment["PATH"] = f"{tools}:{self.near.environment['PATH']}"
        self.processes = []

    def start(self, *options):
        """Starts a cluster on the other host and copies its connection files."""
        started = self.far.command("start", "--daemonize", "--program", binary("martlet-test-engine"), *options)
        assert started.returncode == 0, started.stderr
        for role in ["client", "engine"]:
            self.copy(role)
        return self.file("client")

    def file(self, role):
        return self.near.directory / f"profile_default/security/ipcontroller-{role}.json"

    def copy(self, role, **changes):
        text = (self.far.directory / f"profile_default/security/ipcontroller-{role}.json").read_text()
        self.file(role).parent.mkdir(parents=True, exist_ok=True)
        self.file(role).write_text(json.dumps(json.loads(text) | changes))

    def run(self, program, *arguments):
        """Starts a program on this host; its output goes to a file."""
        log = self.near.directory / f"{program}-{len(self.processes)}.log"
        process = subprocess.Popen(
            [binary(program), *map(str, arguments)], env=self.near.environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log.open("w"), text=True)
        process.log = log.read_text
        self.processes.append(process)
        return process

    def tunnels(self):
        return self.near.processes("-N", name="ssh")

    def folders(self):
        return list(Path("/tmp").glob("martlet-tunnel-*"))

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.far.command("stop")
        assert clean(self.far)
        wait_until(lambda: not self.tunnels() and not self.folders(), "no tunnel to be left")


@pytest.fixture
def far(hosts, tmp_path):
    far = Far(hosts, tmp_path)
    yield far
    far.close()


def ask(driver, number, **request):
    """The answer of a client-driver, which reads and writes a line for each request."""
    driver.stdin.write(json.dumps({"id": number} | request) + "\n")
    driver.stdin.flush()
    return json.loads(driver.stdout.readline())


def engines(far, count):
    def registered():
        status = far.near.command("status", "--interval=0", "--ssh=node1")
        return f"{count} engine" in status.stdout

    return wait_until(registered, f"{count} engines")


LOOPBACK = ["--ip=127.0.0.1", "-n", "2"]


def test_commands(far, hosts):
    far.start(*LOOPBACK)
    if hosts.has_namespaces:
        direct = far.near.command("status", "--interval=0")
        assert direct.returncode == 1 and "no answer from the hub" in direct.stderr
    status = far.near.command("status", "--interval=0", "--ssh=node1")
    assert status.returncode == 0, status.stderr
    assert "2 engines" in status.stdout
    why = far.near.command("why", "no-such-task", "--ssh", "node1")
    assert "no-such-task" in why.stdout + why.stderr and "ssh" not in why.stderr
    stopped = far.near.command("stop", "--ssh=node1")
    assert stopped.returncode == 0, stopped.stderr
    wait_until(lambda: not far.far.processes(), "the cluster to end")


def test_word_count_on_sockets_of_the_other_host(far, tmp_path):
    """The usual cluster of one machine, which has no ports at all."""
    text = tmp_path / "text"
    text.write_text("the quick brown fox over the lazy dog\n")
    started = far.far.command("start", "--daemonize", "-n", "2", "--program", binary("MartletWordCount"))
    assert started.returncode == 0, started.stderr
    far.copy("client")
    counted = far.near.command("--profile=default", "--ssh=node1", text, program="MartletWordCount")
    assert counted.returncode == 0, counted.stderr
    assert "on 2 engines" in counted.stdout and "Both counts agree: 8 words" in counted.stdout
    wait_until(lambda: not far.tunnels() and not far.folders(), "a client to take its tunnel with it")


def test_the_connection_file_names_the_host(far, hosts):
    far.start(*LOOPBACK, "--", "--ssh=node1")
    assert json.loads(far.file("client").read_text())["ssh"] == "node1"
    driver = far.run("client-driver", far.file("client"))
    assert len(ask(driver, 1, do="connect")["ok"]) == 2
    # On the controller's own machine there is none.
    assert len(far.tunnels()) == (1 if hosts.has_namespaces else 0)


def test_a_tunnel_that_breaks_is_opened_again(far):
    far.start(*LOOPBACK)
    # Explicit even where the host is this one.
    far.copy("client", ssh="node1", location="node1.invalid")
    driver = far.run("client-driver", far.file("client"))
    assert len(ask(driver, 1, do="connect")["ok"]) == 2
    for number in [2, 3]:
        [tunnel] = far.tunnels()
        tunnel.kill()
        answer = ask(driver, number, do="apply", to="any", function="add", args=[number, 1])
        assert answer == {"id": number, "ok": number + 1}
        assert tunnel not in far.tunnels()
    assert "tunnel is open again" in driver.log()


def test_engines_behind_a_login(far):
    # On a busy machine, ssh may take longer than the usual heart is waited for.
    far.start("--ip=127.0.0.1", "-n", "1", "--", "--ping=15000")
    engine = far.run("martlet-test-engine", "engine", "--ssh=node1", f"--file={far.file('engine')}")
    engines(far, 2)
    far.copy("client", ssh="node1", location="node1.invalid")
    driver = far.run("client-driver", far.file("client"))
    ids = ask(driver, 1, do="connect")["ok"]
    assert len(ids) == 2
    [tunnel] = [found for found in far.tunnels() if found in psutil.Process(engine.pid).children(recursive=True)]
    tunnel.kill()
    wait_until(lambda: "tunnel is open again" in engine.log(), "the engine's tunnel")
    answer = ask(driver, 2, do="apply", to=sorted(map(int, ids)), function="add", args=[2, 3])
    assert answer == {"id": 2, "ok": [5, 5]}
    assert engine.poll() is None
    engine.send_signal(signal.SIGTERM)
    assert engine.wait(TIMEOUT) == 0
    wait_until(lambda: len(far.tunnels()) == 1, "the end of the engine's tunnel")
    engines(far, 1)


def test_a_tunnel_ends_with_a_killed_process(far):
    far.start(*LOOPBACK)
    far.copy("client", ssh="node1", location="node1.invalid")
    driver = far.run("client-driver", far.file("client"))
    assert "ok" in ask(driver, 1, do="connect")
    assert len(far.tunnels()) == 1 and len(far.folders()) == 1
    assert far.folders()[0].stat().st_mode & 0o777 == 0o700
    driver.kill()
    wait_until(lambda: not far.tunnels() and not far.folders(), "the end of ssh")


def test_a_controller_that_moves_is_followed(far):
    """The connection file changes while a client is connected, and its tunnel with it."""
    far.start(*LOOPBACK, "--", "--ports=20101-20120")
    far.copy("client", ssh="node1", location="node1.invalid")
    driver = far.run("client-driver", far.file("client"))
    assert "ok" in ask(driver, 1, do="connect")
    # One that is stopped in order closes its clients.
    for process in far.far.processes():
        process.kill()
    wait_until(lambda: not far.far.processes(), "everything to end")
    far.start(*LOOPBACK, "--", "--ports=20201-20220")
    far.copy("client", ssh="node1", location="node1.invalid")

    def works():
        answer = ask(driver, works.number, do="apply", to="any", function="add", args=[2, 3])
        works.number += 1
        return answer.get("ok") == 5

    works.number = 2
    wait_until(works, "the client to find the new controller")
    words = far.tunnels()[0].cmdline()
    assert re.search(r"127\.0\.0\.1:202\d\d", " ".join(words)) and "127.0.0.1:201" not in " ".join(words)


def test_failures_have_sshs_own_words(far):
    far.start(*LOOPBACK)
    nowhere = far.near.command("status", "--ssh=me@nowhere.invalid")
    assert nowhere.returncode == 1
    assert "ssh to me@nowhere.invalid has opened no tunnel" in nowhere.stderr
    assert "Could not resolve hostname" in nowhere.stderr
    stranger = far.near.command("status", "--ssh=nobody@node1")
    assert "Permission denied" in stranger.stderr
    wrong = far.near.command("status", "--ssh=-oProxyCommand=x")
    assert wrong.returncode != 0 and "not a host to tunnel through" in wrong.stderr
    engine = far.near.command("engine", "--ssh=nowhere.invalid", f"--file={far.file('engine')}")
    assert engine.returncode == 1 and "Could not resolve hostname" in engine.stderr
    # A host that can be reached while nothing listens there.
    assert far.far.command("stop").returncode == 0
    gone = far.near.command("status", "--ssh=node1")
    assert gone.returncode == 1
    assert "through ssh to node1: is the controller running?" in gone.stderr
    assert "Connection refused" in gone.stderr
