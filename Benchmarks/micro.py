"""Counts the instructions of small operations under valgrind's callgrind and compares them with thresholds.json.

Instructions, unlike time, hardly depend on what else the machine does. An operation's count is the difference between
a run of many iterations and one of few, over the difference in iterations. Fails when one takes more than its threshold
and the tolerance. Thresholds belong to a kind of processor; where there are none the counts are printed only.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
FEW, MANY = 20, 220
# Use the same hash tables in every run, and the same variants of copying and hashing on every processor.
ENVIRONMENT = os.environ | {
    "SWIFT_DETERMINISTIC_HASHING": "1",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM",
    "OPENSSL_ia32cap": "~0x0:~0x20",
}


def instructions(program, name, iterations):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), name, str(iterations)]
    result = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    found = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not found:
        sys.exit(f"micro: {name}: status {result.returncode}: {result.stderr[-1000:]}")
    return int(found[1])


def count(program, name):
    """The instructions of one iteration."""
    return round((instructions(program, name, MANY) - instructions(program, name, FEW)) / (MANY - FEW))


def judge(counted, expected, tolerance):
    """A verdict on a count, and whether it passes."""
    if expected is None:
        return "no threshold", True
    ratio = counted / expected
    if ratio > 1 + tolerance:
        return f"{ratio:.2f} of its threshold {expected}: TOO MANY", False
    if ratio < 1 - tolerance:
        return f"{ratio:.2f} of its threshold {expected}: lower the threshold (--update)", True
    return f"{ratio:.2f}", True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the built micro-bench")
    parser.add_argument("--thresholds", type=Path, default=HERE / "thresholds.json")
    parser.add_argument("--update", action="store_true", help="make the present counts the thresholds")
    parser.add_argument("--only", default="", help="comma-separated names")
    parser.add_argument("--copies", action="store_true", help="print how often payload is copied, as JSON")
    chosen = parser.parse_args()

    names = subprocess.run([chosen.program], capture_output=True, text=True, check=True).stdout.split()
    wanted = [name for name in chosen.only.split(",") if name] or names
    if chosen.copies:
        wanted = [name for name in names if name.startswith("payload-")]
    if unknown := set(wanted) - set(names):
        parser.error(f"unknown operations {sorted(unknown)}; there are {names}")

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        # Older versions of valgrind fail on Swift's debug information.
        stripped = Path(folder) / "micro-bench"
        subprocess.run(["strip", "--strip-debug", "-o", stripped, chosen.program], check=True)
        counts = dict(zip(wanted, pool.map(lambda name: count(stripped, name), wanted)))
    if chosen.copies:
        print(json.dumps(copies(counts)))
    else:
        compare(counts, chosen)


def copies(counts):
    """Metric -> how often an operation copies its payload: its additional cost for more payload over a plain copy's."""

    def growth(name):
        return counts[f"payload-{name}-1000000"] - counts[f"payload-{name}-10000"]

    found = [name.split("-", 1)[1].rsplit("-", 1)[0] for name in counts if name.endswith("-10000")]
    return {
        f"payload_copies_{name.replace('-', '_')}": round(growth(name) / growth("copy"), 2) + 0.0  # no -0
        for name in found
        if name != "copy"
    }


def compare(counts, chosen):
    """Prints the counts beside their thresholds, or updates the thresholds. Exits with an error if a count is too high."""
    document = json.loads(chosen.thresholds.read_text()) if chosen.thresholds.exists() else {"tolerance": 0.1}
    thresholds = document.setdefault(platform.machine(), {})
    passed = True
    for name, counted in counts.items():
        text, good = judge(counted, thresholds.get(name), document["tolerance"])
        passed = passed and good
        print(f"micro: {name:<28} {counted:>8} instructions  {text}")
    if chosen.update:
        thresholds |= counts
        chosen.thresholds.write_text(json.dumps(document, indent=2) + "\n")
    elif not passed:
        sys.exit("micro: too many instructions; when that is meant, run Benchmarks/micro.py with --update")


if __name__ == "__main__":
    main()
