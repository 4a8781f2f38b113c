"""Fixtures: clusters of real processes, and their logs in the report of a test that failed."""

import pytest
from harness import Cluster

_clusters = []


def _new_cluster():
    cluster = Cluster()
    _clusters.append(cluster)
    return cluster


def _stop(cluster):
    _clusters.remove(cluster)
    cluster.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for cluster in _clusters:
            report.sections += [(f"log of {name}", text) for name, text in cluster.logs()]
    return report


@pytest.fixture
def cluster():
    """A cluster for one test alone, nothing started."""
    cluster = _new_cluster()
    yield cluster
    _stop(cluster)


@pytest.fixture
def controller(cluster):
    """The cluster of this test with its controller running."""
    cluster.start_controller()
    return cluster


@pytest.fixture
def python_engines(controller):
    """``python_engines(n)`` starts n unmodified engines and returns a client that sees them."""

    def start(count):
        controller.start_python_engines(count)
        return controller.client(engines=count)

    return start


@pytest.fixture
def swift_engines(controller):
    """``swift_engines(n)`` starts n Swift engines and returns a client that sees them."""

    def start(count):
        controller.start_swift_engines(count)
        return controller.client(engines=count)

    return start


@pytest.fixture(scope="module")
def python_cluster():
    """A cluster shared by a module: two unmodified engines. For tests that leave it as they found it."""
    cluster = _new_cluster()
    try:
        cluster.start_controller()
        cluster.start_python_engines(2)
        cluster.client(engines=2)
        yield cluster
    finally:
        _stop(cluster)


@pytest.fixture(scope="module")
def swift_cluster():
    """A cluster shared by a module: two Swift engines. For tests that leave it as they found it."""
    cluster = _new_cluster()
    try:
        cluster.start_controller()
        cluster.start_swift_engines(2)
        cluster.client(engines=2)
        yield cluster
    finally:
        _stop(cluster)
