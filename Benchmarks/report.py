"""Medians, spread and ratios of the measurements as Markdown."""

import statistics
from typing import NamedTuple

MARTLET, RAW, IPYPARALLEL, ON_MARTLET = "martlet", "raw libzmq", "ipyparallel", "ipyparallel on martlet"
PYTHON_ENGINES, FROM_PYTHON = "martlet, Python engines", "martlet from Python"

# A number with a larger spread (highest minus lowest, over the median) is marked: the machine was busy otherwise.
NOISY = 0.3


class Target(NamedTuple):
    """A bound for a number of a round, or for the ratio of two numbers, each given as (row, metric)."""

    name: str
    number: tuple
    base: tuple | None
    sign: str
    bound: float


def times(metric, row, base, sign, bound, base_metric=None):
    """A row's metric as a multiple of another row's."""
    name = f"{metric}: {row} ÷ {base}" + (f"’s {base_metric}" if base_metric else "")
    return Target(name, (row, metric), (base, base_metric or metric), sign, bound)


def absolute(metric, sign, bound):
    return Target(metric, (MARTLET, metric), None, sign, bound)


DIRECT, BALANCED = "throughput_direct_tasks_per_s", "throughput_loadbalanced_tasks_per_s"
# No limit of tasks per engine. The other metric uses each side's default, which is one for ipyparallel.
UNLIMITED = "throughput_loadbalanced_hwm0_tasks_per_s"
EARLY, LATE = "controller_rss_after_100000_mb", "controller_rss_after_1000000_mb"

TARGETS = [
    *(times(metric, MARTLET, RAW, "≥", 0.4) for metric in [DIRECT, UNLIMITED, BALANCED]),
    times(DIRECT, MARTLET, IPYPARALLEL, "≥", 100),
    times(UNLIMITED, MARTLET, IPYPARALLEL, "≥", 100, BALANCED),
    times(BALANCED, MARTLET, IPYPARALLEL, "≥", 100),
    times("latency_loadbalanced_p50_ms", MARTLET, RAW, "≤", 1.8),
    *(times(f"latency_{view}_p50_ms", IPYPARALLEL, MARTLET, "≥", 15) for view in ["direct", "loadbalanced"]),
    *(times(metric, ON_MARTLET, IPYPARALLEL, "≥", 1.3) for metric in [DIRECT, BALANCED]),
    *(times(metric, PYTHON_ENGINES, IPYPARALLEL, "≥", 2.5) for metric in [DIRECT, BALANCED]),
    *(times(f"latency_{view}_p50_ms", IPYPARALLEL, PYTHON_ENGINES, "≥", 2) for view in ["direct", "loadbalanced"]),
    absolute("python_handoff_p50_ms", "≤", 0.15),
    *(times(metric, PYTHON_ENGINES, IPYPARALLEL, "≤", 1) for metric in ["startup_first_result_ms", "idle_engine_pss_mb"]),
    times("payload_10000000_gb_per_s", PYTHON_ENGINES, IPYPARALLEL, "≥", 2),
    *(times(f"payload_{size}000000_gb_per_s", MARTLET, RAW, "≥", 0.8) for size in [1, 10, 100]),
    absolute("map32_loadbalanced_ms", "≤", 3),
    absolute("registration_1000_over_network_ms", "≤", 5_000),
    absolute("registration_1000_over_network_with_curve_ms", "≤", 5_000),
    absolute("start_64_engines_over_ssh_ms", "≤", 10_000),
    absolute("allocation_of_1000_idle_engines_us", "≤", 1_000),
    absolute("idle_controller_cpu_percent", "≤", 0.5),
    absolute("idle_controller_rss_mb", "≤", 40),
    Target("throughput with a journal ÷ without", (MARTLET, "throughput_journal_tasks_per_s"),
           (MARTLET, "throughput_defaults_tasks_per_s"), "≥", 0.8),
    # Flat: the memory after a million tasks is within a tenth of that after a tenth of them.
    Target(f"{LATE} ÷ {EARLY}", (MARTLET, LATE), (MARTLET, EARLY), "≤", 1.1),
]

# What the targets of rows with a Python client leave room for: a controller and engines that take no time, and a chain of
# sockets in C with no Python at either end.
LIMITS = [
    *(Target(f"{metric}: what {PYTHON_ENGINES}’ client computes ÷ {IPYPARALLEL}", (PYTHON_ENGINES, computed),
             (IPYPARALLEL, metric), "", 0)
      for metric, computed in [(DIRECT, "client_direct_tasks_per_cpu_s"), (BALANCED, "client_loadbalanced_tasks_per_cpu_s")]),
    times("payload_10000000_gb_per_s", RAW, IPYPARALLEL, "", 0),
]


def summarise(samples):
    return {"median": statistics.median(samples), "low": min(samples), "high": max(samples), "rounds": len(samples)}


def summarise_all(rounds):
    """Row -> metric -> summary of the rounds' results, each row -> metric -> number."""
    values = {}
    for found in rounds:
        for name, row in found.items():
            for metric, value in row.items():
                values.setdefault(name, {}).setdefault(metric, []).append(value)
    return {name: {m: summarise(samples) for m, samples in row.items()} for name, row in values.items()}


def number(value):
    if value == 0 or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def is_noisy(summary):
    return summary["rounds"] > 1 and summary["high"] - summary["low"] > NOISY * abs(summary["median"])


def spread(summary):
    """The median and, for several rounds, the lowest and highest number; `~` in front if they are far apart."""
    text = number(summary["median"])
    if summary["rounds"] > 1:
        text = f"{text} ({number(summary['low'])}–{number(summary['high'])})"
    return f"~{text}" if is_noisy(summary) else text


def cell(summary, reference):
    """The spread and, except for the reference, the multiple of the reference's median."""
    if summary is None:
        return "–"
    if reference and reference is not summary and reference["median"]:
        return f"{spread(summary)} ×{summary['median'] / reference['median']:.2g}"
    return spread(summary)


def reached(target, found):
    """One round's number for a target, or None."""

    def number_of(source):
        row, metric = source
        return found.get(row, {}).get(metric)

    value, base = number_of(target.number), number_of(target.base) if target.base else 1
    return value / base if value is not None and base else None


def reached_in(rounds, target):
    """The summary of a target's numbers, or None. Ratios are formed within a round, so what slows both halves cancels out."""
    samples = [value for found in rounds if (value := reached(target, found)) is not None]
    return summarise(samples) if samples else None


def limits(rounds):
    """The measured limits, or None."""
    rows = [(target, summary) for target in LIMITS if (summary := reached_in(rounds, target))]
    lines = ["| | at most |", "|---|---:|", *(f"| {target.name} | {spread(summary)} |" for target, summary in rows)]
    return "\n".join(lines) + "\n" if rows else None


def targets(rounds):
    """The measured targets, or None."""
    lines = ["| | measured | target | met |", "|---|---:|---:|---|"]
    for target in TARGETS:
        summary = reached_in(rounds, target)
        if not summary:
            continue
        median, bound = summary["median"], target.bound
        met = median >= bound if target.sign == "≥" else median <= bound
        row = [target.name, spread(summary), f"{target.sign} {number(bound)}", "yes" if met else "**no**"]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else None


def comparison(summaries, reference):
    """All rows side by side."""
    names = [name for name in summaries if summaries[name]]
    metrics = list(dict.fromkeys(metric for name in names for metric in summaries[name]))
    # Metrics that no other row has appear in the reference's own table only.
    shared = [m for m in metrics if len(names) == 1 or sum(m in summaries[name] for name in names) > 1]
    lines = ["| | " + " | ".join(names) + " |", "|---" + "|---:" * len(names) + "|"]
    for metric in shared:
        base = summaries.get(reference, {}).get(metric)
        lines.append(f"| {metric} | " + " | ".join(cell(summaries[n].get(metric), base) for n in names) + " |")
    return "\n".join(lines) + "\n"


def alone(summaries, shown):
    """A row's remaining metrics; `shown` are those in the comparison."""
    lines = ["| | |", "|---|---:|"]
    lines += [f"| {metric} | {spread(summary)} |" for metric, summary in summaries.items() if metric not in shown]
    return "\n".join(lines) + "\n"


def document(host, command, date, rounds, tables, plots):
    """The whole report; `tables` are titles with Markdown, `plots` titles with the plots' file names."""
    lines = [
        "# Results",
        "",
        f"{date}, `{command}`. {rounds} interleaved rounds: median (lowest–highest); `~` marks a spread of more than "
        f"{NOISY:.0%}; × is the multiple of martlet's median. For `_ms` and `_mb` less is better, for `_per_s` more.",
        "",
        f"Load average before the first round {host['load_before']}, after the last {host['load_after']}.",
        "",
        *(f"- {name}: {value}" for name, value in host["machine"].items()),
        "",
    ]
    for title, table in tables:
        lines += [f"## {title}", "", table]
    for title, name in plots:
        lines += [f"![{title}]({name})", ""]
    return "\n".join(lines)
