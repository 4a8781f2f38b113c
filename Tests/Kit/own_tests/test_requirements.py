"""The requirements in Protocol.md, their packaged copy, and their coverage."""

import subprocess
import sys

import pytest
from conftest import KIT

from parallel_conformance import coverage, requirements

DOCUMENT = """# Protocol

## 1. First

Peers say hello [R-1.1 must, any]. They may wave
[R-1.2 may, engine].

- A list. **Controllers** answer [R-1.3 must, controller].

| a | b [R-1.4 extension, controller, client] |

## 2. Sources

| Requirement | Source |
|---|---|
| R-1.1, R-1.2 | etiquette |
| R-1.3 | `hub.answer` |
| R-1.4 | nothing |
"""


def test_tags_are_read() -> None:
    """With strength, roles, text and source."""
    rules = requirements.parse(DOCUMENT).rules
    assert list(rules) == ["R-1.1", "R-1.2", "R-1.3", "R-1.4"]
    assert rules["R-1.1"].roles == requirements.ROLES
    assert (rules["R-1.2"].strength, rules["R-1.2"].text) == ("may", "They may wave")
    assert (rules["R-1.3"].text, rules["R-1.3"].source) == ("Controllers answer", "`hub.answer`")
    assert (rules["R-1.4"].roles, rules["R-1.4"].text) == (("controller", "client"), "a: b")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("R-1.2 may", "R-1.1 may"),
        ("R-1.2 may", "R-2.2 may"),
        ("R-1.2 may", "R-1.2 might"),
        ("R-1.2 may, engine", "R-1.2 may, motor"),
        ("R-1.1, R-1.2 |", "R-1.1 |"),
        ("R-1.1, R-1.2 |", "R-1.1, R-1.2, R-1.9 |"),
    ],
)
def test_wrong_tags_are_refused(old: str, new: str) -> None:
    """Twice, in another section, of unknown strength or role, without a source, or a source without a requirement."""
    with pytest.raises(ValueError):
        requirements.parse(DOCUMENT.replace(old, new))


def test_the_packaged_copy_is_current() -> None:
    """``python -m parallel_conformance.requirements --update`` renews it."""
    current = requirements.packaged_text(requirements.load(requirements.DOCUMENT))
    assert requirements.PACKAGED.read_text() == current


def test_what_has_no_test_is_found() -> None:
    """In each role that it binds."""
    rules = requirements.parse(DOCUMENT)
    tested = {"controller": {"R-1.1"}, "engine": set(), "client": {"R-1.1"}}
    assert [line.split(":")[0] for line in coverage.untested(rules, tested)] == ["R-1.3 (controller)", "R-1.1 (engine)"]


def test_every_must_is_covered() -> None:
    """The check that a *must* has a test in each role, and that tests name what exists."""
    command = [sys.executable, "-m", "parallel_conformance", "coverage"]
    done = subprocess.run(command, cwd=KIT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
