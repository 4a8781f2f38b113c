"""The tables made of several runs."""

import json
from pathlib import Path

from conftest import KIT

from parallel_conformance import report, requirements

RULES = requirements.load()


def _run(path: Path, name: str, *results: tuple[str, str, str]) -> Path:
    entries = [
        {"requirement": rule, "role": "controller", "test": "t", "outcome": outcome, "reason": reason}
        for rule, outcome, reason in results
    ]
    path.write_text(json.dumps({"implementation": name, "transport": "tcp", "results": entries}))
    return path


def test_the_worst_outcome_counts(tmp_path: Path) -> None:
    """Of several tests and runs; what one run skips another may show."""
    runs = report.read_runs(
        [
            _run(
                tmp_path / "1", "A", ("R-10.9", "passed", ""), ("R-10.9", "failed", "no"), ("R-4.2", "skipped", "tcp")
            ),
            _run(tmp_path / "2", "A", ("R-10.9", "passed", ""), ("R-4.2", "passed", ""), ("R-4.2", "skipped", "tcp")),
            _run(tmp_path / "3", "B", ("R-10.9", "deviation", "known")),
        ]
    )
    assert runs["A"][("R-10.9", "controller")] == ("failed", "no")
    assert runs["A"][("R-4.2", "controller")] == ("passed", "")
    assert runs["B"][("R-10.9", "controller")] == ("deviation", "known")


def test_tables_have_a_row_for_each_requirement(tmp_path: Path) -> None:
    """And role, and a column for each implementation."""
    runs = report.read_runs([_run(tmp_path / "1", "A <1>", ("R-10.9", "deviation", "a & b"))])
    text, page = report.markdown(RULES, runs), report.page(RULES, runs)
    for rule in RULES.rules.values():
        for role in rule.roles:
            assert f"| {rule.identifier} | {rule.strength} | {role} |" in text
            assert f'id="{rule.identifier}-{role}"' in page
    assert "- **R-10.9**, A <1>'s controller: a & b" in text
    assert "A &lt;1&gt;" in page and "a &amp; b" in page


def test_the_committed_table_is_complete() -> None:
    """It has all requirements, and nothing in it failed; ``make kit KIT=--publish`` renews it."""
    text = (KIT / "RESULTS.md").read_text()
    rows = {f"| {rule.identifier} | {rule.strength} | {role} |" for rule in RULES.rules.values() for role in rule.roles}
    assert {row for row in rows if row not in text} == set()
    assert text.count("\n| R-") == len(rows)
    assert "FAILED" not in text
