"""Runs the rows of the comparison side by side in interleaved rounds and writes their medians.

Every row is a command that prints one JSON object of metric -> number. In each round all rows run once, one after the
other, so that what disturbs the machine disturbs all of them, and then the measurements that only martlet has. Writes
results/RESULTS.md, results/results.json and plots as SVG; with --publish to this folder instead, to be committed.
"""

import argparse
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

import plots
import report

HERE = Path(__file__).resolve().parent
REFERENCE, RAW = report.MARTLET, report.RAW
MODES = ["latency", "throughput", "tutorial", "payload", "all"]
# The rounds of measurements that don't take part in all: they take long, or count instructions, which never vary.
ROUNDS = {
    "dask": 2, "configurations": 2, "capabilities": 2, "memory": 2, "scheduler": 2, "idle": 2, "copies": 1, "network": 1,
}


def rows(engines, mode, program):
    """Row name -> command line."""
    common = ["--engines", str(engines), "--mode", mode]
    # The benchmark is a cluster program: with this argument it is the same controller as `martlet controller`.
    controller, engine = (shlex.join([str(program), role]) for role in ("controller", "engine"))
    martlet = shlex.quote(str(program.parent / "martlet"))
    ipcluster = shlex.join([sys.executable, "-m", "ipyparallel.cluster"])

    def python(name, *more):
        return [sys.executable, str(HERE / "peers" / f"{name}_bench.py"), *common, *more]

    return {
        REFERENCE: [str(program), *common],
        RAW: [str(HERE / ".build" / "chain"), *common],
        report.IPYPARALLEL: python("ipyparallel", "--cluster", ipcluster),
        report.ON_MARTLET: python("ipyparallel", "--controller", controller),
        report.PYTHON_ENGINES: python(
            "ipyparallel", "--controller", controller, "--engine", engine, "--cluster", martlet
        ),
        report.FROM_PYTHON: python(
            "ipyparallel", "--controller", controller, "--engine", engine, "--function", "noop"
        ),
        "dask": python("dask"),
        "process pool": python("processpool"),
    }


def own(program):
    """Measurements of martlet only: name -> command line."""
    modes = ["configurations", "capabilities", "broadcast", "memory", "startup", "idle"]
    return {mode: [str(program), "--engines", "1", "--mode", mode] for mode in modes} | {
        "handoff": [sys.executable, str(HERE / "peers" / "worker_bench.py")],
        "scheduler": [str(program.parent / "scheduler-bench")],
        "allocation": [str(program.parent / "autoscaler-bench")],
        "network": [sys.executable, str(HERE / "peers" / "network_bench.py"), str(program.parent)],
        "copies": [sys.executable, str(HERE / "micro.py"), str(program.parent / "micro-bench"), "--copies"],
    }


def run_once(command, timeout):
    """The metrics that a command printed. If it failed, there are none, and the reason goes to stderr."""
    if not Path(command[0]).exists():
        print(f"   not built: {command[0]}", file=sys.stderr)
        return {}
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        print(f"   no result within {timeout} s", file=sys.stderr)
        return {}
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not lines:
        print(f"   status {result.returncode}: {result.stderr[-1000:]}", file=sys.stderr)
        return {}
    return json.loads(lines[-1])


def as_views(metrics):
    """The raw chain's metrics under the names of all views: it has one path for all, and no high water mark."""
    found = {}
    for metric, value in metrics.items():
        for view in ["direct", "loadbalanced", "loadbalanced_hwm0"]:
            found[metric.replace("loadbalanced", view)] = value
    # Metrics that it already prints under the name of a view are kept.
    return found | metrics


def measure(label, command, timeout):
    """The metrics of one run of a command. Its duration goes to stderr."""
    start = time.monotonic()
    metrics = run_once(command, timeout)
    print(f"{label}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    return metrics


def measure_round(label, number, compared, alone, timeout):
    """Row -> metric -> number for all rows, including this round's measurements of the reference only."""
    def measured(commands, prefix=""):
        return {
            name: measure(f"{label}  {prefix}{name}", command, timeout)
            for name, command in commands.items()
            if number <= ROUNDS.get(name, number)
        }

    found = measured(compared)
    if RAW in found:
        found[RAW] = as_views(found[RAW])
    for metrics in measured(alone, f"{REFERENCE} ").values():
        found[REFERENCE] |= metrics
    return found


def machine():
    """The system's processor and the versions of the measured programs."""
    facts = {"system": platform.platform(), "python": platform.python_version()}
    wanted = ["Model name", "CPU(s)", "Thread(s) per core", "L2 cache", "L3 cache", "Hypervisor vendor"]
    try:
        lines = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout.splitlines()
        found = dict(line.strip().split(":", 1) for line in lines if ":" in line)
        facts = {name: found[name].strip() for name in wanted if name in found} | facts
    except (OSError, subprocess.CalledProcessError):
        facts = {"CPU(s)": os.cpu_count(), "processor": platform.processor()} | facts
    return facts


def load():
    return "/".join(f"{value:.1f}" for value in os.getloadavg())


def tables(rounds, summaries):
    """Title and Markdown of each table of the report."""
    found = [("Targets", table)] if (table := report.targets(rounds)) else []
    if table := report.limits(rounds):
        found.append(("What the targets with a Python client leave room for", table))
    found.append(("Side by side", report.comparison(summaries, REFERENCE)))
    compared = {metric for name, row in summaries.items() if name != REFERENCE for metric in row}
    own_metrics = summaries.get(REFERENCE, {})
    if set(own_metrics) - compared and len(summaries) > 1:
        found.append(("Martlet alone", report.alone(own_metrics, compared)))
    return found


def write(folder, document, date, command):
    """The report, the numbers and the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    rounds = document["rounds"]
    summaries = report.summarise_all(rounds)
    drawn = plots.all_plots(summaries, REFERENCE)
    for name, (_, svg) in drawn.items():
        (folder / name).write_text(svg)
    titles = [(title, name) for name, (title, _) in drawn.items()]
    text = report.document(document["host"], command, date, len(rounds), tables(rounds, summaries), titles)
    (folder / "RESULTS.md").write_text(text)
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    print(text, end="")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", type=int, default=4)
    parser.add_argument("--mode", choices=MODES, default="all")
    parser.add_argument("--row", action="append", default=[], help="a row's name, repeated for several (default: all)")
    parser.add_argument("--program", type=Path, default=HERE.parent / ".build" / "release" / "martlet-bench")
    parser.add_argument("--timeout", type=int, default=600, help="seconds one run of a row may take")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    parser.add_argument("--publish", action="store_true", help=f"write to {HERE.name}/ as RESULTS.md and plots")
    return parser, parser.parse_args()


def main():
    parser, chosen = options()
    available = rows(chosen.engines, chosen.mode, chosen.program)
    wanted = chosen.row or list(available)
    if unknown := set(wanted) - set(available):
        parser.error(f"unknown rows {sorted(unknown)}; there are {list(available)}")

    compared = {name: available[name] for name in wanted}
    alone = own(chosen.program) if chosen.mode == "all" and REFERENCE in wanted else {}
    load_before = load()
    rounds = [
        measure_round(f"round {number}/{chosen.rounds}", number, compared, alone, chosen.timeout)
        for number in range(1, chosen.rounds + 1)
    ]
    if not any(metrics for found in rounds for metrics in found.values()):
        sys.exit("no row gave a result")

    document = {
        "host": {"machine": machine(), "load_before": load_before, "load_after": load()},
        "options": {"engines": chosen.engines, "mode": chosen.mode},
        "rounds": rounds,
    }
    command = shlex.join(["Benchmarks/run.py", *sys.argv[1:]])
    write(HERE if chosen.publish else chosen.output, document, f"{datetime.date.today():%d %B %Y}", command)


if __name__ == "__main__":
    main()
