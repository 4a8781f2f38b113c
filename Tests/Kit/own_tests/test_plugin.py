"""The pytest plugin, with small tests in a folder of a role."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import KIT

PASSING = """
import pytest

@pytest.mark.requirement("R-10.9")
def test_it():
    pass
"""
FAILING = PASSING.replace("pass\n", "assert False, 'no id'\n")
DEVIATION = '[[deviation]]\nrequirement = "R-10.9"\nreason = "ids are random"\nissue = "#1"\n'


def _run(folder: Path, source: str, *arguments: str, deviations: str = "") -> tuple[int, str, list[dict]]:
    tests = folder / "controller"
    tests.mkdir()
    (tests / "test_sample.py").write_text(source)
    known, results = folder / "known.toml", folder / "results.json"
    known.write_text(deviations)
    ini = KIT / "parallel_conformance" / "pytest.ini"
    command = [sys.executable, "-m", "pytest", "-c", str(ini), f"--rootdir={folder}", str(tests)]
    command += [f"--deviations={known}", f"--results={results}", *arguments]
    done = subprocess.run(command, cwd=KIT, capture_output=True, text=True, check=False)
    return (
        done.returncode,
        done.stdout + done.stderr,
        json.loads(results.read_text())["results"] if results.exists() else [],
    )


def _outcomes(results: list[dict]) -> list[str]:
    return [result["outcome"] for result in results]


def test_outcomes_are_noted_for_requirements(tmp_path: Path) -> None:
    """And summed up by section."""
    status, output, results = _run(tmp_path, PASSING)
    assert status == 0 and _outcomes(results) == ["passed"]
    assert "10. Registration and heartbeats" in output and "1 passed" in output


def test_failures_name_their_requirement(tmp_path: Path) -> None:
    """With what was wrong."""
    status, output, results = _run(tmp_path, FAILING)
    assert status == 1 and _outcomes(results) == ["failed"]
    assert "R-10.9 (must, controller)" in output and "no id" in results[0]["reason"]


def test_known_deviations_may_fail(tmp_path: Path) -> None:
    """Their reason is noted."""
    status, _, results = _run(tmp_path, FAILING, deviations=DEVIATION)
    assert status == 0
    assert [(result["outcome"], result["reason"]) for result in results] == [("deviation", "ids are random #1")]


def test_known_deviations_must_fail(tmp_path: Path) -> None:
    """One that is met after all fails."""
    status, _, results = _run(tmp_path, PASSING, deviations=DEVIATION)
    assert status == 1 and _outcomes(results) == ["failed"]


def test_a_deviation_of_other_tests_does_not_count(tmp_path: Path) -> None:
    """Or of another transport."""
    for number, limit in enumerate(('tests = ["test_other"]', 'transports = ["ipc"]')):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert _outcomes(_run(folder, FAILING, deviations=DEVIATION + limit)[2]) == ["failed"]


@pytest.mark.parametrize("marker", ['requirement("R-10.999")', 'requirement("R-12.1")', "skipif(False)"])
def test_tests_must_name_requirements_of_their_role(tmp_path: Path, marker: str) -> None:
    """An unknown one, one of engines, and none at all are refused."""
    status, output, _ = _run(tmp_path, PASSING.replace('requirement("R-10.9")', marker))
    assert status == 4 and "requirement" in output


def test_extensions_are_skipped_unless_asked_for(tmp_path: Path) -> None:
    """An implementation without them conforms."""
    source = FAILING.replace("R-10.9", "R-10.12")
    for number, (arguments, outcome) in enumerate([((), "skipped"), (("--extensions",), "failed")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert _outcomes(_run(folder, source, *arguments)[2]) == [outcome]
