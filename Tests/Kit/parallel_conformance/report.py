"""Reports of runs: a summary by section, and tables with requirements in rows and implementations in columns."""

import html
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .requirements import ROLES, Requirement, Requirements

#: Outcomes by weight: of several tests the heaviest counts. What one run skips another may show.
WEIGHTS = ("skipped", "passed", "deviation", "failed")
SIGNS = {"passed": "✓", "skipped": "–", "deviation": "✗ known", "failed": "✗ FAILED", "": ""}

Outcome = tuple[str, str]
Column = dict[tuple[str, str], Outcome]


def outcomes(results: Iterable[Mapping[str, Any]]) -> Column:
    """Outcome and reason for each requirement and role."""
    found: Column = {}
    for result in results:
        place = (result["requirement"], result["role"])
        outcome, reason = found.get(place, ("", ""))
        if not outcome or WEIGHTS.index(result["outcome"]) > WEIGHTS.index(outcome):
            found[place] = (result["outcome"], result["reason"])
    return found


def summary(rules: Requirements, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines for the terminal: how many requirements of each section passed, and those that did not."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    lines = []
    for (identifier, role), (outcome, reason) in sorted(outcomes(results).items()):
        rule = rules.rules[identifier]
        counts[rule.section][outcome] += 1
        if outcome in ("failed", "deviation"):
            lines.append(f"{SIGNS[outcome]:9} {identifier} ({rule.strength}, {role}) {rule.text:.90} -- {reason:.160}")
    table = [
        f"{number:3}. {rules.sections[number]:46.46} "
        + ", ".join(f"{count[name]} {name}" for name in WEIGHTS if count[name])
        for number, count in sorted(counts.items())
    ]
    return table + lines


def read_runs(paths: Iterable[Path]) -> dict[str, Column]:
    """The outcomes of runs by implementation, all transports and roles together."""
    results: dict[str, list[Mapping[str, Any]]] = {}
    for path in paths:
        run = json.loads(path.read_text())
        results.setdefault(run["implementation"], []).extend(run["results"])
    return {name: outcomes(found) for name, found in results.items()}


def _rows(rules: Requirements) -> Iterable[tuple[Requirement, str]]:
    return ((rule, role) for rule in rules.rules.values() for role in ROLES if role in rule.roles)


_LEGEND = (
    "Made by `parallel-conformance report`; this repository's by `make kit KIT=--publish`. ✓ met; ✗ known: a deviation, whose reason is below the table; – not applicable;",
    "empty: no test. [Protocol.md](../../Protocol.md) has the rules in their context.",
)


def markdown(rules: Requirements, runs: Mapping[str, Column]) -> str:
    """The table for the repository."""
    names = list(runs)
    lines = ["# Results of the conformance kit", "", *_LEGEND, ""]
    lines += [
        f"| Requirement | Strength | Role | {' | '.join(names)} | Rule |",
        "|---|---|---|" + "---|" * len(names) + "---|",
    ]
    notes = []
    for rule, role in _rows(rules):
        cells = []
        for name in names:
            outcome, reason = runs[name].get((rule.identifier, role), ("", ""))
            cells.append(SIGNS[outcome])
            if outcome in ("deviation", "failed"):
                notes.append(f"- **{rule.identifier}**, {name}'s {role}: {reason}")
        text = rule.text.replace("|", "\\|")
        lines.append(f"| {rule.identifier} | {rule.strength} | {role} | {' | '.join(cells)} | {text} |")
    return "\n".join([*lines, "", "## Deviations", "", *notes, ""])


_STYLE = """body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:3px 8px;
text-align:left;vertical-align:top}.passed{background:#dfd}.failed{background:#fbb}.deviation{background:#fec}"""


def page(rules: Requirements, runs: Mapping[str, Column]) -> str:
    """The table as an HTML page."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in runs)
    body = []
    section = 0
    for rule, role in _rows(rules):
        if rule.section != section:
            section = rule.section
            title = html.escape(rules.sections[section])
            body.append(f'<tr><th colspan="{5 + len(runs)}">{section}. {title}</th></tr>')
        cells = ""
        for column in runs.values():
            outcome, reason = column.get((rule.identifier, role), ("", ""))
            cells += f'<td class="{outcome}" title="{html.escape(reason)}">{SIGNS[outcome]}</td>'
        rest = f"<td>{html.escape(rule.text)}</td><td>{html.escape(rule.source)}</td>"
        name = f"<td>{rule.identifier}</td><td>{rule.strength}</td><td>{role}</td>"
        body.append(f'<tr id="{rule.identifier}-{role}">{name}{cells}{rest}</tr>')
    head = f"<tr><th>Requirement</th><th>Strength</th><th>Role</th>{head}<th>Rule</th><th>Source</th></tr>"
    start = f'<!doctype html><meta charset="utf-8"><title>Conformance</title><style>{_STYLE}</style>'
    return f"{start}<h1>Conformance</h1><table>{head}{''.join(body)}</table>\n"
