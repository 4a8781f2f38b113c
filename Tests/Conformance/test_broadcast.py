"""Broadcast views on trees of every depth, with and without coalescing, and engines that die during a broadcast."""

import os
import signal

import pytest
from conftest import running_cluster
from harness import TIMEOUT, wait_until
from ipyparallel import error, interactive

ENGINES = 3


@pytest.fixture(scope="module", params=[0, 1, 2, 3], ids=lambda depth: f"depth-{depth}")
def deep_cluster(request):
    """A controller for each depth with three Python engines."""
    arguments = [f"--IPController.broadcast_scheduler_depth={request.param}"]
    with running_cluster("python", ENGINES, arguments) as cluster:
        cluster.depth = request.param
        yield cluster


@pytest.fixture
def client(deep_cluster):
    client = deep_cluster.client(engines=ENGINES)
    yield client
    client.close()


@interactive
def who(x):
    import os

    return (os.getpid(), x)


@interactive
def fail_on(pid):
    import os

    if os.getpid() == pid:
        raise ValueError(f"process {pid}")
    return os.getpid()


def pids(client):
    """The process id of each engine in order of engine ids, from direct views."""
    return [client[i].apply_sync(os.getpid) for i in client.ids]


each_way = pytest.mark.parametrize("coalescing", [True, False], ids=["coalescing", "one-by-one"])


def test_connection_file(deep_cluster):
    assert len(deep_cluster.connection_info("engine")["broadcast"]) == 2**deep_cluster.depth


@each_way
def test_all_engines(client, coalescing):
    view = client.broadcast_view(is_coalescing=coalescing)
    for x in range(5):
        results = view.apply_sync(who, x)
        assert sorted(results) == sorted((pid, x) for pid in pids(client))


def test_results_are_in_order_of_targets(client):
    """Results are in the order of the targets or, with coalescing, of the tree's leaves."""
    view = client.broadcast_view(is_coalescing=False)
    assert [pid for pid, _ in view.apply_sync(who, 0)] == pids(client)


@each_way
def test_some_engines(client, coalescing):
    processes = pids(client)
    for targets in ([0], [2, 1], [1, 2]):
        view = client.broadcast_view(targets=targets, is_coalescing=coalescing)
        results = view.apply_async(who, "x").get(timeout=TIMEOUT)
        assert sorted(pid for pid, _ in results) == sorted(processes[target] for target in targets)


@each_way
def test_push_and_pull(client, coalescing):
    view = client.broadcast_view(is_coalescing=coalescing)
    view.push({"x": [1, b"2" * 100_000]}, block=True)
    assert client[:].pull("x", block=True) == [[1, b"2" * 100_000]] * ENGINES


@each_way
def test_an_error_on_one_engine(client, coalescing):
    view = client.broadcast_view(is_coalescing=coalescing)
    with pytest.raises((error.RemoteError, error.CompositeError)) as caught:
        view.apply_async(fail_on, pids(client)[1]).get(timeout=TIMEOUT)
    assert "ValueError" in str(caught.value)
    assert len(view.apply_sync(who, 1)) == ENGINES


@each_way
def test_many_at_once(client, coalescing):
    view = client.broadcast_view(is_coalescing=coalescing)
    results = [view.apply_async(who, index) for index in range(20)]
    for index, result in enumerate(results):
        assert {x for _, x in result.get(timeout=TIMEOUT)} == {index}


@interactive
def pause_unless(pid):
    import os
    import time

    if os.getpid() == pid:
        time.sleep(600)
    return os.getpid()


@each_way
def test_an_engine_killed_during_a_broadcast(coalescing, controller, python_engines):
    client = python_engines(2)
    processes = pids(client)
    view = client.broadcast_view(is_coalescing=coalescing)
    result = view.apply_async(pause_unless, processes[1])
    # This is behind the broadcast in the other engine's queue: once it is done, the broadcast is in progress.
    client[0].apply_sync(os.getpid)
    os.kill(processes[1], signal.SIGKILL)
    with pytest.raises((error.RemoteError, error.CompositeError)) as caught:
        result.get(timeout=TIMEOUT)
    assert "EngineError" in str(caught.value)
    wait_until(lambda: client.ids == [0], "the end of engine 1")
    assert client.broadcast_view(is_coalescing=coalescing).apply_sync(os.getpid) == [processes[0]]
