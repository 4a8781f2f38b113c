"""Fixtures of the worker's tests: workers, most of them shared by the tests of a module."""

import pytest
from fake_engine import FakeEngine


@pytest.fixture(scope="module")
def shared_engine():
    engine = FakeEngine()
    assert engine.started["type"] == "ready", engine.started
    yield engine
    engine.close()


@pytest.fixture
def engine(shared_engine):
    """A worker that earlier tests of the module may have used. It has to be there afterwards, too."""
    yield shared_engine
    assert shared_engine.call(lambda: "alive") == "alive"


@pytest.fixture
def start():
    """Starts workers with options of their own, and ends them after the test."""
    engines = []

    def start(**options):
        engines.append(FakeEngine(**options))
        return engines[-1]

    yield start
    for engine in engines:
        engine.close()
