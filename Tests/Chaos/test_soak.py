"""Full load for a long time, while engines and clients come and go: what the controller takes must not grow.

SOAK_MINUTES chooses how long.
"""

import itertools
import os
import statistics
import sys
import time
from pathlib import Path

import psutil
import pytest
from harness import Cluster, wait_until
from simulated import raw_client, wait_for_engines

MINUTES = float(os.environ.get("SOAK_MINUTES") or 0.5)

LOAD = Path(__file__).parent / "programs" / "load.py"
ENGINES, CLIENTS = 3, 2

#: Seconds between two looks, and looks between two departures of an engine.
INTERVAL, TURN = 1, 4

#: Bytes that the memory may grow from the second quarter of the run to the last.
ALLOWED_GROWTH = 16e6

#: Until so many tasks the tables grow that remember a limited number of them.
TASKS_REMEMBERED = 300_000
ALLOWED_GROWTH_BEFORE = 96e6


class Sample:
    """What the controller takes at one moment."""

    def __init__(self, controller, began):
        self.time = time.monotonic() - began
        with controller.oneshot():
            self.memory = controller.memory_info().rss
            self.descriptors = controller.num_fds()
            self.threads = controller.num_threads()

    def __str__(self):
        return f"{self.time:6.0f} s {self.memory / 1e6:7.1f} MB {self.descriptors:4} descriptors {self.threads:3} threads"


@pytest.fixture
def cluster():
    cluster = Cluster(verbosity=["--log-level=30"])
    cluster.start_controller()
    yield cluster
    cluster.stop()


def replace_engine(cluster, engines, is_killed):
    """Ends the oldest engine, by force or in order, and starts another."""
    engine = engines.pop(0)
    if is_killed:
        engine.kill()
    else:
        engine.terminate()
        wait_until(lambda: not engine.running, "the end of an engine")
    cluster.processes.remove(engine)
    engines += cluster.start_swift_engines(1)


def look(controller, cluster, engines, began):
    """The samples of the whole run."""
    samples = []
    for turn in itertools.count():
        samples.append(Sample(controller, began))
        if turn % 60 == 0:
            print(samples[-1])
        if samples[-1].time > MINUTES * 60:
            return samples
        if turn % TURN == TURN - 1:
            replace_engine(cluster, engines, is_killed=turn // TURN % 2 == 0)
            # A client comes and goes.
            with raw_client(cluster) as client:
                client.ask("connection_request")
        time.sleep(INTERVAL)


@pytest.mark.timeout(60 * MINUTES + 240)
def test_soak(cluster):
    engines = cluster.start_swift_engines(ENGINES)
    with raw_client(cluster) as client:
        wait_for_engines(client, ENGINES)
    stop = cluster.directory / "stop"
    command = [sys.executable, str(LOAD), str(cluster.connection_file("client")), str(stop)]
    clients = [cluster.start("load", command) for _ in range(CLIENTS)]
    controller = psutil.Process(cluster.processes[0].child.pid)
    print()
    samples = look(controller, cluster, engines, time.monotonic())
    print(samples[-1])
    stop.touch()
    wait_until(lambda: not any(client.running for client in clients), "the last answers", 90)
    cluster.processes = [process for process in cluster.processes if process not in clients]
    assert not any(client.child.returncode for client in clients), "\n".join(client.log() for client in clients)
    answers = sum(int(client.log().split()[-1]) for client in clients)
    replaced = len(samples) // TURN
    print(f"soak: {answers} right answers, {answers / MINUTES / 60:.0f} a second; {replaced} engines were replaced")

    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    growth = statistics.median(s.memory for s in late) - statistics.median(s.memory for s in early)
    allowed = ALLOWED_GROWTH if answers / 4 > TASKS_REMEMBERED else ALLOWED_GROWTH_BEFORE
    assert growth < allowed, f"the memory grew by {growth / 1e6:.1f} MB"
    # Each engine that comes or goes has some connections more or fewer for a moment.
    assert max(s.descriptors for s in late) <= max(s.descriptors for s in early) + 8
    assert max(s.threads for s in late) <= max(s.threads for s in early)
