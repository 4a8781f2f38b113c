"""Tasks of Python's clients that require something, with engines that offer it and with unmodified ones."""

import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, wait_until
from ipyparallel import interactive


@interactive
def span(seconds):
    import os
    import time

    begin = time.time()
    time.sleep(seconds)
    return os.getpid(), begin, time.time()


@interactive
def pid():
    import os

    return os.getpid()


def send(client, function, *arguments, **metadata):
    """Submits a task with additional metadata, which views have no options for."""
    view = client.load_balanced_view()
    future = client.send_apply_request(view._socket, function, arguments, metadata=metadata)
    return ipp.AsyncResult(client, future, fname=function.__name__)


@pytest.fixture
def client(cluster):
    """A client of a plain engine of ipyparallel's and one of Martlet's with resources, and that one's process."""
    cluster.start_controller(arguments=["--hwm=4"])
    cluster.start_python_engines(1)
    cluster.start_martlet_engines(1, ["--resource", "gpu=2", "--resource=memory=8GB"])
    client = cluster.client(engines=2)
    pids = client[:].apply_sync(pid)
    offering = send(client, span, 0, requires={"memory": 8e9}).get(timeout=TIMEOUT)[0]
    assert offering in pids
    client.offering = offering
    return client


def test_tasks_go_where_their_resources_are(client):
    for requires in ({"gpu": 1}, {"gpu": 0.5, "memory": 1}, {"gpu": 2}):
        results = [send(client, span, 0, requires=requires) for _ in range(4)]
        assert {result.get(timeout=TIMEOUT)[0] for result in results} == {client.offering}
    # What requires nothing runs anywhere.
    results = [send(client, span, 0.05, requires=requires) for requires in [None, {}, {"gpu": 0}] * 4]
    assert len({result.get(timeout=TIMEOUT)[0] for result in results}) == 2


def test_an_engine_has_no_more_than_it_offers(client):
    results = [send(client, span, 1, requires={"gpu": 1}) for _ in range(3)]
    wait_until(lambda: client.queue_status()["unassigned"] == 1, "one of three to be queued")
    spans = sorted(result.get(timeout=TIMEOUT)[1:] for result in results)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:]))


def test_what_nobody_offers_waits_or_fails(cluster, client):
    waiting = send(client, span, 0, requires={"tpu": 1})
    limited = send(client, span, 0, requires={"gpu": 3}, timeout=0.2)
    urgent = send(client, span, 0, requires={"tpu": 1}, requires_now=True)
    for result, name, lack in ((limited, "TaskTimeout", "gpu 3"), (urgent, "ImpossibleDependency", "tpu 1")):
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == name
        assert f"it requires {lack}, which no engine offers" in caught.value.evalue
    assert not waiting.ready() and client.queue_status()["unassigned"] == 1
    wait_until(
        lambda: any("they require tpu 1, which no engine offers" in log for _, log in cluster.logs()),
        "a line of the scheduler's log",
    )


@pytest.mark.parametrize("requires", ["gpu", ["gpu"], {"gpu": "1"}, {"gpu": -1}, {"": 1}])
def test_malformed_requirements(client, requires):
    with pytest.raises(ipp.RemoteError) as caught:
        send(client, span, 0, requires=requires).get(timeout=TIMEOUT)
    assert caught.value.ename == "ValueError" and "requires" in caught.value.evalue


def test_a_later_engine_takes_what_waited(cluster, client):
    waiting = [send(client, span, 0, requires={"tpu": 1}) for _ in range(3)]
    time.sleep(0.1)
    assert not any(result.ready() for result in waiting)
    cluster.start_martlet_engines(1, ["--resource=tpu=1"])
    assert len({result.get(timeout=TIMEOUT)[0] for result in waiting}) == 1
