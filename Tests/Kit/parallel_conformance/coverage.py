"""Whether every *must* has a test in each role that it binds."""

from pathlib import Path

import pytest

from . import plugin, requirements
from .requirements import ROLES, Requirements

TESTS = Path(__file__).parent / "tests"


class _Collector:
    """Notes which requirements the collected tests name, by role."""

    def __init__(self) -> None:
        self.tested: dict[str, set[str]] = {role: set() for role in ROLES}
        self.tests = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Called when pytest knows all tests."""
        for item in session.items:
            if role := plugin.role_of(item.path):
                self.tests += 1
                self.tested[role].update(plugin.requirements_of(item))


def untested(rules: Requirements, tested: dict[str, set[str]], strength: str = "must") -> list[str]:
    """The requirements of this strength without a test, with their roles."""
    return [
        f"{rule.identifier} ({role}): {rule.text}"
        for role in ROLES
        for rule in rules.binding(role, strength)
        if rule.identifier not in tested[role]
    ]


def check(document: Path | None = None) -> int:
    """Print what is not covered. Returns 0 if every *must* is; pytest's status if a test names what does not exist."""
    rules = requirements.load(document)
    collector = _Collector()
    arguments = ["-c", str(TESTS.parent / "pytest.ini"), "--collect-only", "-qq", "--no-header", "--no-summary"]
    arguments += [f"--protocol={document}"] if document else []
    folders = [str(TESTS / role) for role in ROLES]
    if status := pytest.main([*arguments, *folders], plugins=[collector]):
        return int(status)
    missing = untested(rules, collector.tested)
    musts = sum(len(rules.binding(role, "must")) for role in ROLES)
    print(f"{collector.tests} tests; {musts - len(missing)} of {musts} musts, counted by role, are covered")
    for line in missing:
        print(f"no test: {line}")
    return 1 if missing else 0
