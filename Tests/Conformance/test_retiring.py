"""An engine that gets SIGTERM finishes what it runs; what waits there runs elsewhere, and nothing twice."""

import os
import shlex
import signal
import sys

import ipyparallel as ipp
import psutil
import pytest
from harness import TIMEOUT, wait_until

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


def note_and_sleep(path, number, seconds):
    """Append to a file who runs which task, in one piece."""
    import os
    import time

    with open(path, "a") as file:
        file.write(f"{os.getppid()} {number}\n")
    time.sleep(seconds)
    return number


def notes(path):
    """The engine's process and the number of each task that has begun."""
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []


def start(cluster, count, arguments=(), controller=()):
    cluster.start_controller(arguments=controller)
    engines = cluster.start_martlet_engines(count, arguments)
    client = cluster.client(engines=count)
    client[:].apply_sync(os.getpid)  # Python has started.
    return engines, client


# With two tasks at a time and no looking ahead, one waits in each engine.
@pytest.mark.parametrize("controller", [(), ("--hwm=2",)], ids=["ahead", "hwm"])
def test_python_tasks_are_neither_lost_nor_run_twice(cluster, tmp_path, controller):
    engines, client = start(cluster, 3, controller=controller)
    path = tmp_path / "notes"
    view = client.load_balanced_view()
    results = [view.apply_async(note_and_sleep, str(path), number, 0.3) for number in range(20)]
    wait_until(lambda: len(notes(path)) >= 3, "all engines to be busy")
    leaving = engines[:2]
    for engine in leaving:
        engine.child.terminate()
    for engine in leaving:
        assert engine.child.wait(TIMEOUT) == 0, engine.log()
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(20))
    assert sorted(number for _, number in notes(path)) == list(range(20))
    wait_until(lambda: len(client.ids) == 1, "the others to be unregistered")


def test_swift_functions_are_finished(cluster):
    cluster.start_controller()
    engines = cluster.start_swift_engines(2)
    client = cluster.client(engines=2)
    view = client.load_balanced_view()
    results = [view.apply_async(ipp.Reference("sleep"), 0.3 + number / 1000) for number in range(8)]
    wait_until(lambda: all(load["tasks"] for load in loads(client)), "both to be busy")
    engines[0].child.terminate()
    assert engines[0].child.wait(TIMEOUT) == 0
    assert [result.get(timeout=TIMEOUT) for result in results] == [0.3 + number / 1000 for number in range(8)]


def loads(client):
    return [load for engine, load in client.queue_status().items() if engine != "unassigned"]


def test_a_direct_request_that_has_arrived_is_finished(cluster, tmp_path):
    (engine, _), client = start(cluster, 2)
    path = tmp_path / "notes"
    number = next(e for e in client.ids if client[e].apply_sync(os.getppid) == engine.child.pid)
    results = [client[number].apply_async(note_and_sleep, str(path), n, 0.5) for n in range(3)]
    wait_until(lambda: notes(path), "the first to begin")
    engine.child.terminate()
    assert [result.get(timeout=TIMEOUT) for result in results] == [0, 1, 2]
    assert engine.child.wait(TIMEOUT) == 0


def test_an_idle_engine_leaves_at_once_and_takes_nothing_along(cluster, tmp_path):
    """Tasks are on their way all the time."""
    engines, client = start(cluster, 4)
    view = client.load_balanced_view()
    path = tmp_path / "notes"
    results = []
    for engine in engines[:3]:
        results += [view.apply_async(note_and_sleep, str(path), len(results) + n, 0) for n in range(200)]
        engine.child.terminate()
        assert engine.child.wait(TIMEOUT) == 0
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(600))
    assert sorted(number for _, number in notes(path)) == list(range(600))


def test_a_second_signal_ends_it_at_once(cluster, tmp_path):
    (engine,), client = start(cluster, 1)
    path = tmp_path / "notes"
    result = client.load_balanced_view().apply_async(note_and_sleep, str(path), 0, 600)
    wait_until(lambda: notes(path), "the task to begin")
    engine.child.terminate()
    wait_until(lambda: "about to leave" in engine.log(), "the engine to retire")
    assert engine.running
    engine.child.terminate()
    assert engine.child.wait(TIMEOUT) == 0
    with pytest.raises(ipp.RemoteError, match="EngineError"):
        result.get(timeout=TIMEOUT)


def test_its_grace_ends(cluster, tmp_path):
    (engine,), client = start(cluster, 1, arguments=["--grace=0.5"])
    path = tmp_path / "notes"
    result = client.load_balanced_view().apply_async(note_and_sleep, str(path), 0, 600)
    wait_until(lambda: notes(path), "the task to begin")
    engine.child.terminate()
    assert engine.child.wait(TIMEOUT) == 0
    assert "has not finished within" in engine.log()
    with pytest.raises(ipp.RemoteError, match="EngineError"):
        result.get(timeout=TIMEOUT)


def test_all_its_processes_may_get_the_signal(cluster, tmp_path):
    """As Slurm and systemd send it."""
    engines, client = start(cluster, 2)
    path = tmp_path / "notes"
    results = [client.load_balanced_view().apply_async(note_and_sleep, str(path), n, 1) for n in range(4)]
    wait_until(lambda: len(notes(path)) == 2, "both to be busy")
    leaving = psutil.Process(engines[0].child.pid)
    for process in [leaving, *leaving.children(recursive=True)]:
        process.send_signal(signal.SIGTERM)
    assert engines[0].child.wait(TIMEOUT) == 0
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(4))
    assert len(notes(path)) == 4


def test_with_a_controller_of_ipyparallel_the_running_task_is_finished(cluster, tmp_path, monkeypatch):
    """It can't be asked for no more tasks, so the engine leaves after the one that runs."""
    monkeypatch.setenv("MARTLET_CONTROLLER_CMD", shlex.join([sys.executable, "-m", "ipyparallel.controller"]))
    (engine, _), client = start(cluster, 2)
    path = tmp_path / "notes"
    results = [client.load_balanced_view().apply_async(note_and_sleep, str(path), n, 0.5) for n in range(2)]
    wait_until(lambda: len(notes(path)) == 2, "both to be busy")
    engine.child.terminate()
    assert [result.get(timeout=TIMEOUT) for result in results] == [0, 1]
    assert engine.child.wait(TIMEOUT) == 0
