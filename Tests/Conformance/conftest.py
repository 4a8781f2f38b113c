"""Fixtures: clusters of real processes, whose logs are added to the report of a failed test."""

import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, Cluster, binary, wait_until
from place import Place, clean
from processes import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_unconfigure,
    pytest_xdist_auto_num_workers,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_unconfigure",
    "pytest_xdist_auto_num_workers",
]

_clusters = []


@contextmanager
def new_cluster():
    """A cluster with no process started, which is stopped at the end of the block."""
    cluster = Cluster()
    _clusters.append(cluster)
    try:
        yield cluster
    finally:
        _clusters.remove(cluster)
        cluster.stop()


@contextmanager
def running_cluster(kind, count, arguments=()):
    """A cluster of a controller with these arguments, engines of one kind, and a client that sees them."""
    with new_cluster() as cluster:
        cluster.start_controller(arguments=arguments)
        _start_engines(cluster, kind, count)
        yield cluster


def _start_engines(cluster, kind, count):
    getattr(cluster, f"start_{kind}_engines")(count)
    return cluster.client(engines=count)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for cluster in _clusters:
            report.sections += [(f"log of {name}", text) for name, text in cluster.logs()]
    return report


@pytest.fixture
def cluster():
    """A cluster for a single test, with no process started."""
    with new_cluster() as cluster:
        yield cluster


@pytest.fixture
def controller(cluster):
    """This test's cluster with its controller running."""
    cluster.start_controller()
    return cluster


@pytest.fixture
def python_engines(controller):
    """``python_engines(n)`` starts n unmodified engines and returns a client that sees them."""
    return partial(_start_engines, controller, "python")


@pytest.fixture
def swift_engines(controller):
    """``swift_engines(n)`` starts n Swift engines and returns a client that sees them."""
    return partial(_start_engines, controller, "swift")


@pytest.fixture(scope="module")
def python_cluster():
    """A cluster shared by a module: two unmodified engines. For tests that leave no changes behind."""
    with running_cluster("python", 2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def swift_cluster():
    """A cluster shared by a module: two Swift engines. For tests that leave no changes behind."""
    with running_cluster("swift", 2) as cluster:
        yield cluster


@pytest.fixture
def martlet_engines(controller):
    """``martlet_engines(n)`` starts n engines of ``martlet`` with Python and returns a client that sees them."""
    return partial(_start_engines, controller, "martlet")


@pytest.fixture(scope="module")
def martlet_cluster():
    """A cluster shared by a module: two engines of ``martlet`` with Python. For tests that leave no changes behind."""
    with running_cluster("martlet", 2) as cluster:
        yield cluster


@pytest.fixture
def place(tmp_path):
    """An IPython directory for commands."""
    place = Place(tmp_path)
    yield place
    for process in place.processes():
        process.kill()


@pytest.fixture
def started(place):
    """``started(*options)`` starts a cluster in the foreground and returns its process and a client."""
    clients, processes = [], []
    place.environment["MARTLET_PYTHON"] = sys.executable

    def start(*options, engines):
        process = subprocess.Popen(
            [binary("martlet"), "start", *options],
            env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        processes.append(process)
        line = process.stdout.readline()
        assert "is up" in line, line + process.communicate()[1]
        file = place.directory / "profile_default/security/ipcontroller-client.json"
        clients.append(ipp.Client(connection_info=str(file), timeout=TIMEOUT))
        wait_until(lambda: len(clients[-1].ids) == engines, f"{engines} engines")
        return process, clients[-1]

    yield start
    for client in clients:
        client.close()
    for process in processes:
        process.terminate()
        process.communicate(timeout=TIMEOUT)
    assert clean(place)
