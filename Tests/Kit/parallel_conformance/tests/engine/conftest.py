"""An engine for a module, for tests that leave nothing behind, and engines for single tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parallel_conformance.engines import Engine


@pytest.fixture(scope="module")
def engine(engine_template: str, transport: str) -> Iterator[Engine]:
    """A registered engine with the functions that the tests call. Its id is 5; there are four leaves."""
    made = Engine(engine_template, transport, identifier=5, leaves=4)
    try:
        yield made.start().register().prepare()
    finally:
        made.close()


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
