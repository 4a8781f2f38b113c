"""Engines that retire by themselves: after a number of tasks, without work, with too much memory, at the end of their time."""

import ipyparallel as ipp
from harness import TIMEOUT, wait_until

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"

#: The exit code of an engine that wants to be replaced.
REPLACE = 75


def note(path, number):
    """Append to a file who runs which task, in one piece."""
    import os

    with open(path, "a") as file:
        file.write(f"{os.getppid()} {number}\n")
    return number


def notes(path):
    """The engine's process and the number of each task that has begun."""
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []


def test_after_a_number_of_tasks(cluster, tmp_path):
    cluster.start_controller()
    limited = cluster.start_martlet_engines(2, ["--max-tasks=5"])
    client = cluster.client(engines=2)
    path = tmp_path / "notes"
    view = client.load_balanced_view()
    results = [view.apply_async(note, str(path), number) for number in range(30)]
    for engine in limited:
        assert engine.child.wait(TIMEOUT) == REPLACE, engine.log()
        assert "retired: it has run 5 requests" in engine.log()
    pids = {engine.child.pid for engine in limited}
    assert sorted(pid for pid, _ in notes(path)) == sorted(5 * list(pids))
    for engine in limited:
        cluster.processes.remove(engine)
    cluster.start_martlet_engines(1)
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(30))
    assert sorted(number for _, number in notes(path)) == list(range(30))


def test_direct_requests_count_and_are_finished(cluster):
    cluster.start_controller()
    [engine] = cluster.start_martlet_engines(1, ["--max-tasks=2"])
    client = cluster.client(engines=1)
    ids = [client[0].apply_async(pow, 2, number).msg_ids[0] for number in range(10)]
    assert engine.child.wait(TIMEOUT) == REPLACE
    cluster.processes.remove(engine)
    # The hub has the results. Their own client may hear of the departure, on another socket, before the last replies.
    later = cluster.client(engines=0)
    assert later.get_result(ids).get(timeout=TIMEOUT) == [2**number for number in range(10)]


def test_swift_functions_count(cluster):
    cluster.start_controller()
    [engine] = cluster.start_swift_engines(1, ["--max-tasks=3"])
    client = cluster.client(engines=1)
    view = client.load_balanced_view()
    results = [view.apply_async(ipp.Reference("add"), number, 1) for number in range(3)]
    assert [result.get(timeout=TIMEOUT) for result in results] == [1, 2, 3]
    assert engine.child.wait(TIMEOUT) == REPLACE
    cluster.processes.remove(engine)


def test_without_work(cluster):
    cluster.start_controller()
    [engine] = cluster.start_martlet_engines(1, ["--idle-time=1.5"])
    client = cluster.client(engines=1)
    assert client[0].apply_sync(pow, 2, 3) == 8
    assert engine.child.wait(TIMEOUT) == 0, engine.log()
    assert "it has had nothing to do for 1.5 seconds" in engine.log()
    wait_until(lambda: not client.ids, "the engine to be unregistered")
    cluster.processes.remove(engine)


def test_with_too_much_memory(cluster):
    cluster.start_controller()
    [engine] = cluster.start_martlet_engines(1, ["--max-memory=0.4GB"])
    client = cluster.client(engines=1)

    def keep(size):
        globals()["kept"] = bytearray(b"x") * size
        return size

    assert client.load_balanced_view().apply_sync(keep, 500_000_000) == 500_000_000
    assert engine.child.wait(TIMEOUT) == REPLACE, engine.log()
    assert "MB of memory, more than its limit" in engine.log()
    cluster.processes.remove(engine)


def test_at_the_end_of_its_time(cluster, tmp_path):
    """What runs when the grace begins is finished."""
    cluster.start_controller()
    [engine] = cluster.start_martlet_engines(1, ["--time-limit=20", "--grace=18"])
    client = cluster.client(engines=1)

    def until(path):
        import os
        import time

        open(path + ".begun", "w").close()
        while not os.path.exists(path):
            time.sleep(0.02)
        return "ended"

    path = tmp_path / "go"
    result = client.load_balanced_view().apply_async(until, str(path))
    wait_until(lambda: "its time of 20.0 seconds is over" in engine.log(), "the engine to retire")
    assert engine.running
    path.touch()
    assert result.get(timeout=TIMEOUT) == "ended"
    assert engine.child.wait(TIMEOUT) == 0
    cluster.processes.remove(engine)


def test_another_takes_its_place(started, place, tmp_path):
    """At once and as often as needed: it isn't a failure."""
    (tmp_path / "cluster.yaml").write_text("engines:\n  - count: 1\n    arguments: [--max-tasks=2]\n")
    _, client = started(str(tmp_path / "cluster.yaml"), "--restart-engines", engines=1)
    path = tmp_path / "notes"
    view = client.load_balanced_view()
    results = [view.apply_async(note, str(path), number) for number in range(20)]
    assert [result.get(timeout=2 * TIMEOUT) for result in results] == list(range(20))
    assert sorted(number for _, number in notes(path)) == list(range(20))
    assert len({pid for pid, _ in notes(path)}) == 10
    status = place.command("status", "--interval=0").stdout
    assert "has retired: it has run 2 requests, which is its limit" in status
