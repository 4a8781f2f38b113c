"""Tasks of Python's clients that state their time, with engines whose time ends."""

import os
import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, wait_until
from ipyparallel import interactive


@interactive
def pid_after(seconds):
    import os
    import time

    time.sleep(seconds)
    return os.getpid()


def send(client, seconds, **metadata):
    """Submits a task with additional metadata, which views have no options for."""
    view = client.load_balanced_view()
    future = client.send_apply_request(view._socket, pid_after, [seconds], metadata=metadata)
    return ipp.AsyncResult(client, future, fname="pid_after")


def test_tasks_go_where_they_fit(cluster):
    cluster.start_controller()
    cluster.start_martlet_engines(1, ["--time-limit=1000"])
    client = cluster.client(engines=1)
    short = client[:].apply_sync(os.getpid)[0]
    cluster.start_martlet_engines(1, ["--time-limit=5000"])
    client.wait_for_engines(2, timeout=TIMEOUT)
    long = next(pid for pid in client[:].apply_sync(os.getpid) if pid != short)
    results = [send(client, 0, time_request=1001.5) for _ in range(8)]
    assert {result.get(timeout=TIMEOUT) for result in results} == {long}
    results = [send(client, 0.05, time_request=request) for request in [900, 0, None] * 4]
    assert {result.get(timeout=TIMEOUT) for result in results} == {short, long}


def test_what_fits_nowhere_waits_or_fails(cluster):
    cluster.start_controller()
    cluster.start_martlet_engines(1, ["--time-limit=1000"])
    client = cluster.client(engines=1)
    waiting = send(client, 0, time_request=3600)
    limited = send(client, 0, time_request=3600, timeout=0.2)
    urgent = send(client, 0, time_request=3600, requires_now=True)
    for result, name in ((limited, "TaskTimeout"), (urgent, "ImpossibleDependency")):
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == name
    # Others go on.
    assert send(client, 0).get(timeout=TIMEOUT) and not waiting.ready()
    # An engine of ipyparallel's has no limit.
    cluster.start_python_engines(1)
    assert waiting.get(timeout=TIMEOUT)


def test_a_task_that_has_waited_too_long_at_its_engine_runs_elsewhere(cluster):
    cluster.start_controller(arguments=["--hwm=2"])
    started = time.monotonic()
    cluster.start_martlet_engines(1, ["--time-limit=60", "--grace=1"])
    client = cluster.client(engines=1)
    short = client[:].apply_sync(os.getpid)[0]
    # It waits behind a direct request when its last moment comes: five seconds from now, and what the engine took to start.
    spent = time.monotonic() - started
    busy = client[0].apply_async(time.sleep, spent + 6)
    first = send(client, 0, time_request=55 - spent)
    wait_until(lambda: client.queue_status()[0]["tasks"] == 1, "the task to be sent")
    busy.get(timeout=TIMEOUT)
    wait_until(lambda: client.queue_status()["unassigned"] == 1, "it to be returned")
    cluster.start_martlet_engines(1, ["--time-limit=100"])
    assert first.get(timeout=TIMEOUT) != short


@pytest.mark.parametrize("request_", ["1 h", -1, [60], True])
def test_malformed_requests(cluster, request_):
    cluster.start_controller()
    client = cluster.client(engines=0)
    with pytest.raises(ipp.RemoteError) as caught:
        send(client, 0, time_request=request_).get(timeout=TIMEOUT)
    assert caught.value.ename == "ValueError" and "time_request" in caught.value.evalue
