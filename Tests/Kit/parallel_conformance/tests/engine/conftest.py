"""An engine that most tests share, since they leave nothing behind, and engines for single tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parallel_conformance.engines import Engine


@pytest.fixture(scope="session")
def shared_engine(engine_template: str, transport: str) -> Iterator[Engine]:
    """A registered engine with the functions that the tests call. Its id is 5; there are four leaves."""
    made = Engine(engine_template, transport, identifier=5, leaves=4)
    try:
        yield made.start().register().prepare()
    finally:
        made.close()


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
        made.append(Engine(engine_template, options.pop("transport", transport), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
