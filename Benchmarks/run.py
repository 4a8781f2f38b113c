"""Runs the rows of the comparison side by side in interleaved rounds and writes their medians.

Every row is a command that prints one JSON object of metric -> number. In each round all rows run once, one after the
other, so that what disturbs the machine disturbs all of them. Writes results/table.md and results/results.json.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
REFERENCE = "martlet"


def rows(engines, mode):
    """Row name -> command line."""
    release = REPOSITORY / ".build" / "release"
    swift = HERE / ".build" / "release" / "martlet-bench"
    controller = shlex.join([str(release / "martlet"), "controller"])
    common = ["--engines", str(engines), "--mode", mode]

    def python(name, *more):
        return [sys.executable, str(HERE / "peers" / f"{name}_bench.py"), *common, *more]

    return {
        REFERENCE: [str(swift), *common, "--view", "all"],
        "raw libzmq": [str(HERE / ".build" / "chain"), *common],
        "ipyparallel": python("ipyparallel"),
        "ipyparallel on martlet": python("ipyparallel", "--controller", controller),
        "dask": python("dask"),
        "process pool": python("processpool"),
    }


def run_once(command, timeout):
    """The metrics a command printed, or None with the reason on stderr."""
    if not Path(command[0]).exists():
        print(f"   not built: {command[0]}", file=sys.stderr)
        return None
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        print(f"   no result within {timeout} s", file=sys.stderr)
        return None
    lines = result.stdout.strip().splitlines()
    if result.returncode != 0 or not lines:
        print(f"   status {result.returncode}: {result.stderr[-1000:]}", file=sys.stderr)
        return None
    return json.loads(lines[-1])


def measure(selected, rounds, timeout):
    """Row -> metric -> one value for each round in which the row succeeded."""
    values = {name: {} for name in selected}
    for number in range(1, rounds + 1):
        for name, command in selected.items():
            start = time.monotonic()
            metrics = run_once(command, timeout)
            print(f"round {number}/{rounds}  {name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
            for metric, value in (metrics or {}).items():
                values[name].setdefault(metric, []).append(value)
    return values


def summarise(samples):
    return {"median": statistics.median(samples), "low": min(samples), "high": max(samples), "rounds": len(samples)}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cell(summary, reference):
    """Median, spread and, beside another row than the reference, how many times the reference's median it is."""
    if summary is None:
        return "–"
    text = f"{number(summary['median'])} ({number(summary['low'])}–{number(summary['high'])})"
    if reference and reference is not summary and reference["median"]:
        text += f" ×{summary['median'] / reference['median']:.2g}"
    return text


def machine():
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.split(":")[1].strip() for line in cpuinfo.open() if line.startswith("model name")), model)
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def table(summaries, host, rounds):
    names = [name for name in summaries if summaries[name]]
    metrics = list(dict.fromkeys(metric for name in names for metric in summaries[name]))
    lines = [
        f"{host['cores']} cores, {host['cpu']}; {rounds} interleaved rounds; median (lowest–highest); "
        f"× is the multiple of {REFERENCE}'s median. For `_ms` less is better, for `_per_s` more.",
        "",
        "| | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for metric in metrics:
        reference = summaries.get(REFERENCE, {}).get(metric)
        cells = [cell(summaries[name].get(metric), reference) for name in names]
        lines.append(f"| {metric} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", type=int, default=4)
    parser.add_argument("--mode", choices=["latency", "throughput", "tutorial", "payload", "all"], default="all")
    parser.add_argument("--rows", default="", help="comma-separated names (default: all)")
    parser.add_argument("--timeout", type=int, default=900, help="seconds one run of a row may take")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    chosen = parser.parse_args()

    available = rows(chosen.engines, chosen.mode)
    if chosen.mode == "tutorial":
        del available["raw libzmq"]
    wanted = [name.strip() for name in chosen.rows.split(",") if name.strip()] or list(available)
    if unknown := set(wanted) - set(available):
        parser.error(f"unknown rows {sorted(unknown)}; there are {list(available)}")

    values = measure({name: available[name] for name in wanted}, chosen.rounds, chosen.timeout)
    summaries = {name: {m: summarise(samples) for m, samples in row.items()} for name, row in values.items()}
    host = machine()
    text = table(summaries, host, chosen.rounds)
    chosen.output.mkdir(parents=True, exist_ok=True)
    document = {"machine": host, "options": {"engines": chosen.engines, "mode": chosen.mode}, "rows": values}
    (chosen.output / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    (chosen.output / "table.md").write_text(text)
    print(text, end="")
    if not any(summaries.values()):
        sys.exit("no row gave a result")


if __name__ == "__main__":
    main()
