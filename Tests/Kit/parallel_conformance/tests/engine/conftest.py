"""An engine that most tests share, since they leave nothing behind, and engines for single tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parallel_conformance.engines import Engine


_REFUSAL = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def shared_engine(engine_template: str, transport: str, pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A registered engine with the functions that the tests call. Its id is 5; there are four leaves."""
    made = Engine(engine_template, transport, identifier=5, leaves=4)
    try:
        engine = made.start().register().prepare()
        if refusal := engine.refusal():
            pytestconfig.stash[_REFUSAL] = refusal
        yield engine
    finally:
        made.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say why most tests fail of an engine that doesn't run the plainest call."""
    if refusal := config.stash.get(_REFUSAL, None):
        terminalreporter.section("the engine does not run plain calls, which most tests need")
        terminalreporter.write_line(refusal)


@pytest.fixture
def engine(shared_engine: Engine) -> Engine:
    """The shared engine, with nothing left of earlier tests on the sockets."""
    assert shared_engine.process and shared_engine.process.check_running()
    shared_engine.controller.forget()
    return shared_engine


@pytest.fixture
def new_engine(engine_template: str, transport: str) -> Iterator[Callable[..., Engine]]:
    """``new_engine(…)`` makes an engine that is not started."""
    made: list[Engine] = []

    def make(**options: Any) -> Engine:
        template = options.pop("template", engine_template)
        made.append(Engine(template, options.pop("transport", transport), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
