"""ipyparallel's client, with its own controller and engines or others; prints one JSON object."""

import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Conformance"))

import ipyparallel as ipp  # noqa: E402
import psutil  # noqa: E402
import workload  # noqa: E402
from harness import Cluster  # noqa: E402

NOOP, ECHO, SQUARE, GREET, COUNT_WORDS = map(
    ipp.interactive, (workload.noop, workload.echo, workload.square, workload.greet, workload.count_words)
)
TIMEOUT = 600
# Clusters started for the median of `startup`.
STARTS = 3


def wait_all(results):
    for result in results:
        result.get(timeout=TIMEOUT)


def measure(client, chosen):
    noop = ipp.Reference(chosen.function) if chosen.function else NOOP
    balanced, direct = client.load_balanced_view(), client[:]
    views = {"direct": client[client.ids[0]], "loadbalanced": balanced}
    metrics = {}
    if workload.wants(chosen, "latency"):
        for name, view in views.items():
            metrics |= workload.latency(name, lambda view=view: view.apply_sync(noop), chosen.latency_count)
    if workload.wants(chosen, "throughput"):
        for name, view in {"direct": direct, "loadbalanced": balanced}.items():
            # A call on a direct view is a task on each of its engines.
            each = len(client.ids) if view is direct else 1
            metrics |= workload.throughput(
                name,
                lambda count, view=view, each=each: wait_all([view.apply_async(noop) for _ in range(count // each)]),
                chosen.throughput_count,
            )
    if chosen.function:
        return metrics
    if workload.wants(chosen, "tutorial"):
        metrics |= workload.tutorial(
            chosen.engines,
            lambda: direct.apply_sync(GREET),
            {
                "direct": lambda values: direct.map_sync(SQUARE, values),
                "loadbalanced": lambda values: balanced.map_sync(SQUARE, values),
            },
            lambda paths: balanced.map_sync(COUNT_WORDS, paths),
        )
    if workload.wants(chosen, "payload"):
        metrics |= workload.payload(lambda data: views["direct"].apply_sync(ECHO, data), chosen.max_payload)
    return metrics


def startup(command, engines):
    """Milliseconds from the start of a command that starts a whole cluster to the first result of every engine."""
    times = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory(prefix="mb-", dir="/tmp") as folder:
            surroundings = dict(os.environ, IPYTHONDIR=folder)
            begin = time.perf_counter()
            process = subprocess.Popen(
                [*command, "start", "-n", str(engines)], env=surroundings, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            file = Path(folder, "profile_default", "security", "ipcontroller-client.json")
            try:
                client = connect(file)
                client.wait_for_engines(engines, timeout=TIMEOUT, interactive=False)
                assert client[:].apply_sync(GREET) == ["hi~"] * engines
                times.append((time.perf_counter() - begin) * 1e3)
                client.close()
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(TIMEOUT)
    return {"startup_first_result_ms": statistics.median(times)}


def connect(file):
    """A client of the cluster whose connection file is about to appear."""
    while True:
        try:
            if file.stat().st_size:
                return ipp.Client(connection_info=str(file), timeout=TIMEOUT)
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.005)


def memory_of_engines(client, roots):
    """Megabytes that an idle engine takes that has run Python code, with the processes that belong to it."""
    client[:].apply_sync(GREET)
    found = {}
    for root in roots:
        for process in [root, *root.children(recursive=True)]:
            found[process.pid] = process.memory_full_info().pss
    return {"idle_engine_pss_mb": sum(found.values()) / len(roots) / 1e6}


def main():
    own = shlex.join([sys.executable, "-m", "ipyparallel.controller"])
    chosen = workload.options(
        __doc__, 200, 1_000,
        controller=(own, "controller command (default: ipyparallel's)"),
        engine=("", "engine command (default: ipyparallel's)"),
        function=("", "a function of the engines' program to call, rather than Python's; latency and throughput only"),
        cluster=("", "command of a cluster whose start is measured, too (default: none)"),
    )
    os.environ["MARTLET_PYTHON"] = sys.executable
    metrics = {}
    if chosen.cluster and workload.wants(chosen, "startup"):
        metrics |= startup(shlex.split(chosen.cluster), chosen.engines)
    if chosen.mode != "startup":
        metrics |= with_cluster(chosen)
    workload.print_metrics(metrics)


def with_cluster(chosen):
    os.environ["MARTLET_CONTROLLER_CMD"] = chosen.controller
    cluster = Cluster(verbosity=["--log-level=40"])
    try:
        cluster.start_controller()
        if chosen.engine:
            for _ in range(chosen.engines):
                cluster.start("engine", shlex.split(chosen.engine) + cluster.engine_arguments())
        else:
            cluster.start_python_engines(chosen.engines)
        client = cluster.client(engines=chosen.engines)
        metrics = measure(client, chosen)
        if workload.wants(chosen, "memory"):
            engines = [psutil.Process(process.child.pid) for process in cluster.processes if "engine" in process.name]
            metrics |= memory_of_engines(client, engines)
        return metrics
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
