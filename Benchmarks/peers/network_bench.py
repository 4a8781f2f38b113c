"""Many engines over a network: simulated ones in three namespaces, and real ones over ssh on three hosts.

Prints one JSON object. Without root all are on this machine.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Conformance"))

import workload  # noqa: E402
from harness import Cluster  # noqa: E402
from hosts import Hosts  # noqa: E402
from place import Place, clean  # noqa: E402
from simulated import raise_descriptor_limit  # noqa: E402

#: Connections of each simulated engine to the controller: to three schedulers, and of its heart.
CONNECTIONS = 4


class Simulator:
    """A process of engine-simulator on this machine or one of the hosts."""

    def __init__(self, program, *arguments, hosts=None, number=0):
        prefix = ["ip", "netns", "exec", hosts.namespace(number)] if hosts and hosts.has_namespaces else []
        self.child = subprocess.Popen(
            [*prefix, program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def expect(self, word):
        line = self.child.stdout.readline().strip()
        assert line == word, f"{self.child.args}: {line!r} instead of {word}"

    def end(self):
        self.child.stdin.close()
        self.child.wait()


def registration(program, hosts, count, arguments):
    """Milliseconds from the start of simulators on each host until a client sees all of their engines."""
    cluster = Cluster(verbosity=["--log-level=40"])
    try:
        # A registration is complete with the first beat, and the simulated engines of a process share a subscription to pings.
        # None is given up while the controller is busy with handshakes, as with the longer period that is the default.
        often = ["--ping=250", "--HeartMonitor.max_heartmonitor_misses=120"]
        cluster.start_controller(arguments=[f"--ip={hosts.address}", *often, *arguments])
        with contextlib.ExitStack() as ends:
            client = Simulator(program, "await", cluster.connection_file("client"), count)
            ends.callback(client.end)
            client.expect("connected")
            begin = time.perf_counter()
            for number in range(len(hosts.names)):
                part = count // len(hosts.names) + (number < count % len(hosts.names))
                file = cluster.connection_file("engine")
                simulator = Simulator(program, "register", file, part, hosts=hosts, number=number)
                ends.callback(simulator.end)
            client.expect("registered")
            return (time.perf_counter() - begin) * 1e3
    finally:
        cluster.stop()


def start_over_ssh(hosts, count):
    """Milliseconds that `martlet start` takes until engines on each host have registered."""
    with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as folder:
        place = Place(Path(folder))
        profile = place.directory / "profile_default"
        profile.mkdir()
        (profile / "ipcluster_config.py").write_text(
            f"c = get_config()\nc.SSHLauncher.ssh_args = ['-F', '{hosts.config}']\n"
            f"c.Cluster.controller_ip = '{hosts.address}'\n"
        )
        places = [
            f"{name}:{count // len(hosts.names) + (number < count % len(hosts.names))}"
            for number, name in enumerate(hosts.names)
        ]
        begin = time.perf_counter()
        try:
            started = place.command("start", "--daemonize", f"--engines=ssh:{','.join(places)}")
            elapsed = (time.perf_counter() - begin) * 1e3
            assert started.returncode == 0, started.stderr
            status = place.command("status", "--interval=0").stdout
            assert f"{count} engines" in status, status
        finally:
            place.command("stop")
        assert clean(place)
        return elapsed


def handshakes(program, count, times):
    """Milliseconds that as many handshakes of CURVE take as simulated engines need, without anything else."""
    found = [
        json.loads(subprocess.run([program, "handshakes", str(count)], capture_output=True, text=True, check=True).stdout)
        for _ in range(times)
    ]
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=int, default=1_000)
    parser.add_argument("--over-ssh", type=int, default=64)
    parser.add_argument("--starts", type=int, default=3, help="of which the median counts")
    parser.add_argument("folder", type=Path, help="of the programs")
    chosen = parser.parse_args()
    os.environ["MARTLET_BIN_DIR"] = str(chosen.folder)
    program = str(chosen.folder / "engine-simulator")
    raise_descriptor_limit()

    def median(call, *arguments):
        return statistics.median(call(*arguments) for _ in range(chosen.starts))

    metrics = {}
    hosts = Hosts(3)
    try:
        for name, arguments in {"": ["--no-curve"], "_with_curve": []}.items():
            metrics[f"registration_{chosen.simulated}_over_network{name}_ms"] = median(
                registration, program, hosts, chosen.simulated, arguments)
        metrics[f"start_{chosen.over_ssh}_engines_over_ssh_ms"] = median(start_over_ssh, hosts, chosen.over_ssh)
    finally:
        hosts.close()
    metrics |= handshakes(program, CONNECTIONS * chosen.simulated, chosen.starts)
    workload.print_metrics(metrics)


if __name__ == "__main__":
    main()
