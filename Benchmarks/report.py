"""Medians, spread and ratios of what was measured, as Markdown."""

import statistics

# Beyond this spread (highest to lowest, over the median) a number is marked: the machine had other things to do.
NOISY = 0.3


def summarise(samples):
    return {"median": statistics.median(samples), "low": min(samples), "high": max(samples), "rounds": len(samples)}


def summarise_all(rounds):
    """Row -> metric -> summary, of what each round gave: row -> metric -> number."""
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
    """Median and, of several rounds, lowest and highest; `~` in front where they are far apart."""
    text = number(summary["median"])
    if summary["rounds"] > 1:
        text = f"{text} ({number(summary['low'])}–{number(summary['high'])})"
    return f"~{text}" if is_noisy(summary) else text


def cell(summary, reference):
    """The spread and, beside another row than the reference, how many times the reference's median it is."""
    if summary is None:
        return "–"
    if reference and reference is not summary and reference["median"]:
        return f"{spread(summary)} ×{summary['median'] / reference['median']:.2g}"
    return spread(summary)


def comparison(summaries, reference):
    """All rows side by side."""
    names = [name for name in summaries if summaries[name]]
    metrics = list(dict.fromkeys(metric for name in names for metric in summaries[name]))
    # What no other row measures has a place in the table of the reference alone.
    shared = [m for m in metrics if len(names) == 1 or sum(m in summaries[name] for name in names) > 1]
    lines = ["| | " + " | ".join(names) + " |", "|---" + "|---:" * len(names) + "|"]
    for metric in shared:
        base = summaries.get(reference, {}).get(metric)
        lines.append(f"| {metric} | " + " | ".join(cell(summaries[n].get(metric), base) for n in names) + " |")
    return "\n".join(lines) + "\n"


def alone(summaries, shown):
    """One row's further metrics, `shown` being those that stand in the comparison."""
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
