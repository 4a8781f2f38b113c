"""ipyparallel's client, with its own controller and engines or others; prints one JSON object."""

import os
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Conformance"))

import ipyparallel as ipp  # noqa: E402
import workload  # noqa: E402
from harness import Cluster  # noqa: E402

NOOP, ECHO, SQUARE, GREET, COUNT_WORDS = map(
    ipp.interactive, (workload.noop, workload.echo, workload.square, workload.greet, workload.count_words)
)
TIMEOUT = 600


def wait_all(results):
    for result in results:
        result.get(timeout=TIMEOUT)


def measure(client, chosen):
    balanced, direct = client.load_balanced_view(), client[:]
    views = {"direct": client[client.ids[0]], "loadbalanced": balanced}
    metrics = {}
    if workload.wants(chosen, "latency"):
        for name, view in views.items():
            metrics |= workload.latency(name, lambda view=view: view.apply_sync(NOOP), chosen.latency_count)
    if workload.wants(chosen, "throughput"):
        for name, view in {"direct": direct, "loadbalanced": balanced}.items():
            # A call on a direct view is a task on each of its engines.
            each = len(client.ids) if view is direct else 1
            metrics |= workload.throughput(
                name,
                lambda count, view=view, each=each: wait_all([view.apply_async(NOOP) for _ in range(count // each)]),
                chosen.throughput_count,
            )
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


def main():
    own = shlex.join([sys.executable, "-m", "ipyparallel.controller"])
    chosen = workload.options(
        __doc__, 200, 1_000,
        controller=(own, "controller command (default: ipyparallel's)"),
        engine=("", "engine command (default: ipyparallel's)"),
    )
    os.environ["MARTLET_CONTROLLER_CMD"] = chosen.controller
    cluster = Cluster(verbosity=["--log-level=40"])
    try:
        cluster.start_controller()
        if chosen.engine:
            cluster.environment["MARTLET_PYTHON"] = sys.executable
            for _ in range(chosen.engines):
                cluster.start("engine", shlex.split(chosen.engine) + cluster.engine_arguments())
        else:
            cluster.start_python_engines(chosen.engines)
        metrics = measure(cluster.client(engines=chosen.engines), chosen)
    finally:
        cluster.stop()
    workload.print_metrics(metrics)


if __name__ == "__main__":
    main()
