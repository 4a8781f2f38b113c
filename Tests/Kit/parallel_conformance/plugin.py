"""The pytest plugin: options, the marker ``requirement``, deviations as strict xfails, and the results of a run."""

import json
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import report, requirements
from .controllers import ControllerPlan
from .processes import Patience
from .requirements import ROLES

_RULES = pytest.StashKey[requirements.Requirements]()
_RESULTS = pytest.StashKey[list[dict[str, Any]]]()
FAILED = pytest.StashKey[bool]()
_DEVIATION = pytest.StashKey["Deviation"]()


@dataclass(frozen=True)
class Deviation:
    """A requirement that is not met. ``tests`` limits it to those whose names contain one of them."""

    requirement: str
    reason: str
    issue: str = ""
    tests: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()

    def covers(self, requirement: str, name: str, transport: str) -> bool:
        """Whether a test of a requirement is expected to fail."""
        named = not self.tests or any(test in name for test in self.tests)
        return requirement == self.requirement and named and (not self.transports or transport in self.transports)


def read_deviations(path: Path) -> list[Deviation]:
    """The deviations of an implementation; TypeError if one has unknown keys."""
    entries = tomllib.loads(path.read_text()).get("deviation", [])
    lists = ("tests", "transports")
    return [
        Deviation(**{key: tuple(value) if key in lists else value for key, value in entry.items()}) for entry in entries
    ]


def deviations_file(implementation: str) -> Path:
    """The packaged file of an implementation, whose name may go on with a version: ``ipyparallel 9.2``."""
    return Path(__file__).parent / "deviations" / f"{implementation.split()[0].lower()}.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that say what is under test."""
    group = parser.getgroup("parallel-conformance")
    group.addoption(
        "--controller",
        metavar="COMMAND",
        help="command of the controller under test, with {dir} {ip} {transport} {ping} {client_file} {engine_file}",
    )
    group.addoption(
        "--controller-files",
        nargs=2,
        metavar=("CLIENT", "ENGINE"),
        help="connection files of a running controller under test",
    )
    group.addoption("--engine", metavar="COMMAND", help="command of the engine under test, with {file} {dir}")
    group.addoption("--client", metavar="COMMAND", help="command of the client under test, with {file} {dir}")
    group.addoption(
        "--transport",
        choices=("tcp", "ipc", "curve"),
        default="tcp",
        help="transport of the cluster; curve is tcp with CURVE",
    )
    group.addoption("--ping", type=int, default=250, help="period of the heartbeats in milliseconds")
    group.addoption("--implementation", default="unnamed", help="name in the report, such as 'ipyparallel 9.2'")
    group.addoption(
        "--deviations", metavar="FILE", help="known deviations of the implementation; by default those of its name"
    )
    group.addoption("--patience", type=float, default=Patience.seconds, help="seconds after which waiting fails")
    group.addoption("--extensions", action="store_true", help="also test what is only an extension of Martlet's")
    group.addoption("--protocol", metavar="FILE", help="a Protocol.md other than the packaged requirements")
    group.addoption("--results", metavar="FILE", help="write the results as JSON, for `parallel-conformance report`")


def pytest_configure(config: pytest.Config) -> None:
    """Read requirements and deviations."""
    config.addinivalue_line("markers", "requirement(*identifiers): the requirements of Protocol.md that a test checks")
    document = config.getoption("--protocol")
    config.stash[_RULES] = requirements.load(Path(document) if document else None)
    config.stash[_RESULTS] = []


def role_of(path: Path) -> str | None:
    """The role whose folder a test is in."""
    return next((part for part in reversed(path.parts[:-1]) if part in ROLES), None)


def requirements_of(item: pytest.Item) -> list[str]:
    """The requirements that a test names, those of its module included."""
    return [identifier for marker in item.iter_markers("requirement") for identifier in marker.args]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests without or with unknown requirements, and expect known deviations to fail."""
    known = config.stash[_RULES].rules
    path = config.getoption("--deviations") or deviations_file(config.getoption("--implementation"))
    deviations = read_deviations(Path(path)) if Path(path).exists() else []
    transport = config.getoption("--transport")
    for item in items:
        role = role_of(item.path)
        if role is None:
            continue
        named = requirements_of(item)
        if not named:
            raise pytest.UsageError(f"{item.nodeid} names no requirement")
        for identifier in named:
            if identifier not in known or role not in known[identifier].roles:
                raise pytest.UsageError(f"{item.nodeid}: {identifier} is not a requirement of {role}s")
        if not config.getoption("--extensions") and all(known[name].strength == "extension" for name in named):
            item.add_marker(pytest.mark.skip(reason="an extension"))
            continue
        for deviation in deviations:
            if any(deviation.covers(identifier, item.name, transport) for identifier in named):
                item.stash[_DEVIATION] = deviation
                reason = " ".join(part for part in (deviation.reason, deviation.issue) if part)
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
                break


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Wait briefly for what is expected to fail."""
    patience = item.config.getoption("--patience")
    Patience.seconds = min(patience, 3.0) if _DEVIATION in item.stash else patience


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    """Note the outcome of a test for each requirement."""
    result = yield
    if call.excinfo:
        item.stash[FAILED] = True
    role = role_of(item.path)
    if role and (call.when == "call" or result.outcome != "passed"):
        deviation = item.stash.get(_DEVIATION, None)
        outcome = "deviation" if hasattr(result, "wasxfail") and result.outcome == "skipped" else result.outcome
        detail = (str(call.excinfo.value).splitlines() or [""])[0][:300] if call.excinfo and outcome == "failed" else ""
        for identifier in requirements_of(item):
            item.config.stash[_RESULTS].append(
                {
                    "requirement": identifier,
                    "role": role,
                    "test": item.nodeid.split("tests/")[-1],
                    "outcome": outcome,
                    "reason": f"{deviation.reason} {deviation.issue}".strip() if deviation else detail,
                }
            )
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The summary by section."""
    results = config.stash[_RESULTS]
    if results:
        terminalreporter.section("requirements")
        for line in report.summary(config.stash[_RULES], results):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results."""
    config = session.config
    if path := config.getoption("--results"):
        run = {
            "implementation": config.getoption("--implementation"),
            "transport": config.getoption("--transport"),
            "results": config.stash[_RESULTS],
        }
        Path(path).write_text(json.dumps(run, indent=1))


@pytest.fixture(scope="session")
def transport(pytestconfig: pytest.Config) -> str:
    """The transport of this run."""
    return pytestconfig.getoption("--transport")


@pytest.fixture(scope="session")
def controller_plan(pytestconfig: pytest.Config) -> ControllerPlan:
    """How the controller under test is started."""
    files = pytestconfig.getoption("--controller-files")
    template = pytestconfig.getoption("--controller")
    if not (files or template):
        pytest.skip("no controller under test")
    return ControllerPlan(
        template,
        tuple(map(Path, files)) if files else None,
        pytestconfig.getoption("--transport"),
        pytestconfig.getoption("--ping"),
    )


@pytest.fixture(scope="session")
def engine_template(pytestconfig: pytest.Config) -> str:
    """The command of the engine under test."""
    return _template(pytestconfig, "engine")


@pytest.fixture(scope="session")
def client_template(pytestconfig: pytest.Config) -> str:
    """The command of the client under test."""
    return _template(pytestconfig, "client")


def _template(config: pytest.Config, role: str) -> str:
    template = config.getoption(f"--{role}")
    if not template:
        pytest.skip(f"no {role} under test")
    shlex.split(template)
    return template
