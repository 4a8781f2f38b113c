"""Priorities and turns of Python's clients, with unmodified engines: tasks that wait for one engine."""

import os
import time

import ipyparallel as ipp
import pytest
from harness import TIMEOUT, wait_until
from ipyparallel import interactive


@interactive
def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


@interactive
def note(name):
    order.append(name)  # noqa: F821 - a name of the engine's


def send(client, function, *arguments, **metadata):
    """Submits a task with additional metadata, which views have no options for."""
    view = client.load_balanced_view()
    future = client.send_apply_request(view._socket, function, arguments, metadata=metadata)
    return ipp.AsyncResult(client, future, fname=function.__name__)


@pytest.fixture
def blocked(controller, python_engines, tmp_path):
    """A client whose engine is busy until a function is called, which returns the order in which tasks ran."""
    client = python_engines(1)
    client[0].execute("import os, time", block=True)
    client[0].push({"order": []}, block=True)
    gate = tmp_path / "gate"
    first = send(client, wait_for, str(gate))
    wait_until(lambda: client.queue_status()[0]["tasks"] == 1, "the engine to be busy")

    def run(results):
        wait_until(lambda: client.queue_status()["unassigned"] == len(results), "the tasks to be queued")
        gate.touch()
        for result in [first, *results]:
            result.get(timeout=TIMEOUT)
        return client[0].pull("order", block=True)

    return client, run


def test_priority(blocked):
    client, run = blocked
    priorities = {"a": 0, "low": -10, "high": 10, "b": None, "highest": 10**6, "high too": 10}
    results = [send(client, note, name, priority=priority) for name, priority in priorities.items()]
    assert run(results) == ["highest", "high", "high too", "a", "b", "low"]


def test_a_wrong_priority(blocked):
    client, run = blocked
    with pytest.raises(ipp.RemoteError) as caught:
        send(client, note, "odd", priority="high").get(timeout=TIMEOUT)
    assert caught.value.ename == "ValueError" and "priority is not an integer" in caught.value.evalue
    assert run([]) == []


def test_clients_take_turns(controller, blocked):
    client, run = blocked
    view = client.load_balanced_view()
    batch = [view.apply_async(note, f"batch {number}") for number in range(20)]
    other = controller.client(engines=1)
    calls = [other.load_balanced_view().apply_async(note, f"call {number}") for number in range(2)]
    order = run([*batch, *calls])
    assert order[:5] == ["call 0", "batch 0", "call 1", "batch 1", "batch 2"]
    assert len(order) == 22
