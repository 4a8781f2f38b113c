"""The work of every peer and how it is timed. `Benchmarks/README.md` explains the names of metrics."""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy

VOCABULARY = [f"word{number}" for number in range(2_000)]


def noop():
    return None


def echo(data):
    return data


def square(x):
    return x**2


def greet():
    return "hi~"


def count_words(path):
    counts = {}
    with open(path, encoding="utf-8") as file:
        for word in file.read().lower().split():
            counts[word] = counts.get(word, 0) + 1
    return counts


def word_files(directory, count=10, words=50_000):
    """Write ``count`` texts, the same in every run, and return their paths."""
    paths = []
    for index in range(count):
        source = random.Random(index)
        path = Path(directory) / f"text-{index}.txt"
        path.write_text(" ".join(source.choices(VOCABULARY, k=words)), encoding="utf-8")
        paths.append(str(path))
    return paths


def latency(name, call, count):
    """p50 and p99 in milliseconds of ``call()``, one at a time, after a warm-up of a tenth."""
    for _ in range(max(count // 10, 10)):
        call()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    return {f"latency_{name}_p50_ms": times[count // 2], f"latency_{name}_p99_ms": times[int(count * 0.99)]}


def throughput(name, run, count):
    """Tasks per second of ``run(count)``, which submits ``count`` no-ops and returns when all are done; and how many it would
    be if nothing took time but what this process computes."""
    run(max(count // 10, 10))
    start, processor = time.perf_counter(), time.process_time()
    run(count)
    computed = time.process_time() - processor
    return {
        f"throughput_{name}_tasks_per_s": count / (time.perf_counter() - start),
        f"client_{name}_tasks_per_cpu_s": count / computed,
    }


def milliseconds(call, expected, rounds=5):
    """The median duration of ``call()``, whose result must be ``expected``. The first call is not counted."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        result = call()
        times.append((time.perf_counter() - start) * 1e3)
        assert result == expected, f"wrong result: {result!r:.200}"
    return statistics.median(times[1:])


def tutorial(engines, apply, maps, count_files):
    """The cells of a first tutorial.

    ``apply()`` calls `greet` on every engine (None when the peer has no such call); ``maps`` has for each kind of view
    a function that maps `square` over its argument; ``count_files(paths)`` maps `count_words`.
    """
    metrics = {}
    if apply:
        metrics["apply_all_ms"] = milliseconds(apply, ["hi~"] * engines)
    for name, run in maps.items():
        metrics[f"map32_{name}_ms"] = milliseconds(lambda run=run: list(run(range(32))), [x**2 for x in range(32)])
    with tempfile.TemporaryDirectory() as directory:
        paths = word_files(directory)
        expected = sum((Counter(count_words(path)) for path in paths), Counter())
        metrics["word_count_ms"] = milliseconds(lambda: sum(map(Counter, count_files(paths)), Counter()), expected)
    return metrics


def payload(call, largest):
    """GB/s (bytes sent plus bytes received) of ``call(array)``, which returns its argument, a NumPy array."""
    metrics, size = {}, 1_000
    while size <= largest:
        data = numpy.frombuffer(os.urandom(size), dtype=numpy.uint8)
        rounds = max(3, min(50, 50_000_000 // size))
        assert numpy.array_equal(call(data), data)
        start = time.perf_counter()
        for _ in range(rounds):
            call(data)
        metrics[f"payload_{size}_gb_per_s"] = 2 * size * rounds / (time.perf_counter() - start) / 1e9
        size *= 10
    return metrics


def options(description, latency_count, throughput_count, **more):
    """The command line of a peer; ``more`` are additional options with their defaults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--mode", choices=["latency", "throughput", "tutorial", "payload", "startup", "memory", "all"], default="all")
    parser.add_argument("--engines", type=int, default=4)
    parser.add_argument("--latency-count", type=int, default=latency_count)
    parser.add_argument("--throughput-count", type=int, default=throughput_count)
    parser.add_argument("--max-payload", type=int, default=10_000_000)
    for name, (default, text) in more.items():
        parser.add_argument("--" + name.replace("_", "-"), default=default, help=text)
    return parser.parse_args()


def wants(chosen, mode):
    return chosen.mode in (mode, "all")


def print_metrics(metrics):
    print(json.dumps({name: round(value, 6) for name, value in metrics.items()}))
