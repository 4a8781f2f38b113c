"""``martlet scale``: more and fewer engines while a cluster runs."""

import json
import os

import ipyparallel as ipp
import psutil
import pytest
from harness import TIMEOUT, wait_until

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


def note_and_sleep(path, number, seconds):
    import time

    with open(path, "a") as file:
        file.write(f"{number}\n")
    time.sleep(seconds)
    return number


def scale(place, *arguments, code=0):
    done = place.command("scale", *arguments)
    assert done.returncode == code, done.stderr
    return done


def groups(place):
    done = place.command("status", "--json", "--interval=0")
    assert done.returncode == 0, done.stderr
    return {group["name"]: group for group in json.loads(done.stdout)["groups"]}


def test_grows_and_shrinks(started, place):
    process, client = started("-n", "2", engines=2)
    first = set(client.ids)
    assert "local: 4 engines wanted, 4 started" in scale(place, "4").stdout
    wait_until(lambda: len(client.ids) == 4, "two more")
    assert client[:].apply_sync(lambda: 1) == [1] * 4
    scale(place, "-3")
    wait_until(lambda: len(client.ids) == 1, "three to leave")
    assert set(client.ids) <= first, "the latest leave first"
    group = groups(place)["local"]
    assert (group["wanted"], group["started"], group["registered"]) == (1, 1, 1)
    scale(place, "+1")
    wait_until(lambda: len(client.ids) == 2, "one more")
    scale(place, "0")
    wait_until(lambda: not client.ids, "all to leave")
    assert process.poll() is None, "a cluster without engines goes on if that is wanted"
    result = client.load_balanced_view().apply_async(lambda: 7)
    scale(place, "1")
    assert result.get(timeout=TIMEOUT) == 7


def test_idle_engines_leave_first_and_nothing_is_lost(started, place, tmp_path):
    _, client = started("-n", "4", engines=4)
    client[:].apply_sync(lambda: 1)
    path = tmp_path / "notes"
    view = client.load_balanced_view()
    running = [view.apply_async(note_and_sleep, str(path), number, 2) for number in range(2)]
    wait_until(lambda: path.exists() and len(path.read_text().split()) == 2, "two to be busy")
    busy = {engine for engine, load in client.queue_status().items() if engine != "unassigned" and load["tasks"]}
    scale(place, "2")
    wait_until(lambda: len(client.ids) == 2, "two to leave")
    assert set(client.ids) == busy
    assert not any(result.ready() for result in running)
    more = [view.apply_async(note_and_sleep, str(path), number, 0.05) for number in range(2, 40)]
    scale(place, "1")
    results = running + more
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(40))
    assert sorted(map(int, path.read_text().split())) == list(range(40))
    wait_until(lambda: len(client.ids) == 1, "another to leave")


def test_groups_of_a_file(started, place, tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text("engines:\n  - count: 1\n  - count: 1\n    name: more\n  - launcher: mpi\n    count: 2\n")
    if place.command("start", str(file), "--dry-run").returncode:
        pytest.fail("the file can't be read")
    file.write_text("engines:\n  - count: 1\n  - count: 1\n    name: more\n")
    _, client = started(str(file), engines=2)
    assert "local, more" in scale(place, "3", code=1).stderr
    assert "no group 'x'" in scale(place, "3", "--group", "x", code=1).stderr
    scale(place, "3", "--group", "more")
    wait_until(lambda: len(client.ids) == 4, "two more")
    assert {name: group["registered"] for name, group in groups(place).items()} == {"local": 1, "more": 3}


def test_an_engine_that_is_to_leave_is_not_started_again(started, place):
    _, client = started("-n", "3", "--restart-engines", engines=3)
    scale(place, "1")
    wait_until(lambda: len(client.ids) == 1, "two to leave")
    client.close()
    assert groups(place)["local"]["started"] == 1


def test_grows_with_the_work_and_shrinks_without(started, place):
    """From no engine to as many as there are tasks; what clients have left with an engine keeps it."""
    process, client = started("--min", "0", "--max", "3", "--idle", "1", engines=0)
    group = groups(place)["local"]
    assert group["wanted"] == 0
    assert "between 0 and 3 engines" in group["notes"][0]
    results = [client.load_balanced_view().apply_async(work, number) for number in range(12)]
    assert [result.get(timeout=TIMEOUT) for result in results] == list(range(12))
    assert len({result.engine_id for result in results}) == 3
    kept = results[-1].engine_id
    client[kept].push({"kept": 5}, block=True)
    wait_until(lambda: client.ids == [kept], "the others to leave")
    assert client[kept].pull("kept", block=True) == 5
    assert groups(place)["local"]["started"] == 1
    client[kept].clear(block=True)
    wait_until(lambda: not client.ids, "the last to leave")
    assert process.poll() is None
    # And again.
    assert client.load_balanced_view().apply_async(work, 7).get(timeout=TIMEOUT) == 7


def test_tasks_for_which_no_engine_has_the_time_bring_some_that_have(started, place, tmp_path):
    """Beside idle engines, and only of the group whose time is long enough."""
    file = tmp_path / "cluster.yaml"
    file.write_text(
        "engines:\n  - count: 1\n    arguments: [--time-limit=100]\n"
        "  - name: short\n    max: 3\n    arguments: [--time-limit=200]\n"
        "  - name: long\n    max: 3\n    arguments: [--time-limit=1000]\n")
    _, client = started(str(file), engines=1)

    def send(seconds):
        view = client.load_balanced_view()
        future = client.send_apply_request(view._socket, work, [seconds], metadata={"time_request": seconds})
        return ipp.AsyncResult(client, future, fname="work")

    never = send(2000)
    results = [send(500), send(500)]
    assert [result.get(timeout=TIMEOUT) for result in results] == [500, 500]
    assert 0 not in {result.engine_id for result in results}
    assert {name: group["started"] for name, group in groups(place).items()} == {"local": 1, "short": 0, "long": 2}
    assert not never.ready()


def work(number):
    import time

    time.sleep(0.5)
    return number


def test_an_engine_that_is_lost_does_not_end_the_cluster(started, place):
    """Another one comes for the next work, after a pause."""
    process, client = started("--max", "1", engines=0)
    view = client.load_balanced_view()
    pid = view.apply_async(os.getpid).get(timeout=TIMEOUT)
    psutil.Process(pid).parent().kill()
    wait_until(lambda: not client.ids, "it to be gone")
    assert view.apply_async(work, 7).get(timeout=TIMEOUT) == 7
    assert process.poll() is None


def test_bounds_of_a_running_cluster(started, place):
    _, client = started("-n", "1", engines=1)
    client[0].push({"kept": 5}, block=True)
    shown = scale(place, "--min", "2", "--max", "4", "--idle", "1").stdout
    assert "local: 1 engine wanted, 1 started" in shown
    wait_until(lambda: len(client.ids) == 2, "the fewest")
    # A number ends it.
    scale(place, "3")
    wait_until(lambda: len(client.ids) == 3, "one more")
    assert groups(place)["local"]["notes"] == []
    scale(place, "--max", "4", "--idle", "0.2", "--end-used")
    wait_until(lambda: not client.ids, "all to leave")


@pytest.mark.parametrize("options", ["--min 1", "--min 3 --max 2", "3 --max 4", "--max 0", "--max x", "--idle 3"])
def test_bounds_that_are_refused(place, options):
    assert place.command("scale", *options.split()).returncode in (2, 64)


@pytest.mark.parametrize("number", ["", "x", "4.5", "1 2"])
def test_what_is_no_number_is_refused(place, number):
    assert place.command("scale", *number.split()).returncode == 2


def test_a_cluster_that_is_not_running(place):
    assert place.command("scale", "3").returncode == 11
