"""What the tests of all roles share: the logs of the processes under test with each failure."""

from typing import Any

import pytest

from parallel_conformance.processes import Workshop


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the logs of running processes to the report of a failed test."""
    report = yield
    if report.failed:
        for workshop in Workshop.open:
            report.sections += [(f"log of {name}", text) for name, text in workshop.logs()]
    return report
