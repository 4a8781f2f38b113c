"""A controller with a journal that is killed and comes back: what it does for peers that know nothing of journals."""

import os

import ipyparallel as ipp
import pytest
from harness import wait_until
from test_controller_lost import kill_controller, stop_clients

JOURNAL = ("--reuse", "--journal")


def marks(path):
    return path.read_text().split() if path.exists() else []


def work(client, path, mark, seconds, value):
    """Have the task scheduler run a Swift function that leaves a mark when it begins."""
    return client.load_balanced_view().apply_async(ipp.Reference("work"), str(path), mark, seconds, value)


def python_work(path, mark, seconds, value):
    import time

    with open(path, "a") as file:
        file.write(mark + "\n")
    time.sleep(seconds)
    return value


def restart(cluster, arguments=JOURNAL):
    stop_clients(cluster)
    kill_controller(cluster)
    cluster.start_controller(arguments=arguments)


def fetch(client, ids):
    """The results of another client's tasks."""
    return client.get_result(ids, owner=False, block=False).get(timeout=60)


@pytest.mark.parametrize("store", ["--dictdb", "--nodb"])
def test_another_python_client_fetches_the_results(cluster, tmp_path, store):
    cluster.start_controller(arguments=(*JOURNAL, store))
    cluster.start_swift_engines(2)
    client = cluster.client(engines=2)
    path = tmp_path / "marks"
    results = [work(client, path, f"t{number}", 0.05, number) for number in range(40)]
    ids = [id for result in results for id in result.msg_ids]
    wait_until(lambda: len(marks(path)) > 5, "some tasks")
    restart(cluster, (*JOURNAL, store))
    client = cluster.client(engines=2)
    assert fetch(client, ids) == list(range(40))
    assert sorted(marks(path)) == sorted(f"t{number}" for number in range(40))


def test_python_engines_keep_their_tasks(cluster, tmp_path):
    """They don't register again and can't tell what they have: they are restored, and their replies are waited for."""
    cluster.start_controller(arguments=JOURNAL)
    cluster.start_python_engines(1)
    client = cluster.client(engines=1)
    path = tmp_path / "marks"
    view = client.load_balanced_view()
    results = [view.apply_async(python_work, str(path), f"t{number}", 1.5, number) for number in range(3)]
    ids = [id for result in results for id in result.msg_ids]
    wait_until(lambda: marks(path) == ["t0"], "the first task")
    restart(cluster)
    client = cluster.client(engines=1)
    assert fetch(client, ids) == [0, 1, 2]
    assert marks(path) == ["t0", "t1", "t2"]


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_recorded_task_is_not_run_by_the_next_controller(cluster, tmp_path, is_finished):
    cluster.start_controller(arguments=JOURNAL)
    cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    path = tmp_path / "marks"
    recorded = []
    send = client._task_socket.send_multipart

    def record(parts, *arguments, **options):
        recorded.append([bytes(part) for part in parts])
        return send(parts, *arguments, **options)

    client._task_socket.send_multipart = record
    result = work(client, path, "recorded", 0 if is_finished else 3, 1)
    client._task_socket.send_multipart = send
    assert len(recorded) == 1
    if is_finished:
        assert result.get(timeout=60) == 1
    else:
        wait_until(lambda: marks(path) == ["recorded"], "the task")
    restart(cluster)
    client = cluster.client(engines=1)
    for _ in range(3):
        client._task_socket.send_multipart(recorded[0])
    # Messages of one socket are handled in their order.
    assert work(client, path, "new", 0, 2).get(timeout=60) == 2
    assert marks(path) == ["recorded", "new"]
    if is_finished:
        assert "a message with this signature was seen before" in cluster.processes[-1].log(10**6)


def test_the_file_is_private_and_goes_with_the_controller(cluster, tmp_path):
    controller = cluster.start_controller(arguments=JOURNAL)
    cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    [path] = (cluster.directory / "profile_default").glob("journal-*.db")
    assert path.stat().st_mode & 0o777 == 0o600
    assert work(client, tmp_path / "marks", "t", 0, 1).get(timeout=60) == 1
    stop_clients(cluster)
    controller.terminate()
    wait_until(lambda: not controller.running, "the end of the controller")
    cluster.processes.remove(controller)
    assert not list((cluster.directory / "profile_default").glob("journal-*"))


def test_a_damaged_file_does_not_stop_the_start(cluster):
    cluster.start_controller(arguments=JOURNAL)
    kill_controller(cluster)
    [path] = (cluster.directory / "profile_default").glob("journal-*.db")
    path.write_bytes(b"no database" * 2000)
    (cluster.directory / "profile_default" / (path.name + "-wal")).unlink(missing_ok=True)
    controller = cluster.start_controller(arguments=JOURNAL)
    wait_until(lambda: "the journal is damaged and was moved aside" in controller.log(), "a line in the log")
    assert os.path.exists(f"{path}.damaged")


def test_without_a_journal_there_is_no_file(cluster, tmp_path):
    cluster.start_controller()
    cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    assert work(client, tmp_path / "marks", "t", 0, 1).get(timeout=60) == 1
    assert not list((cluster.directory / "profile_default").glob("journal-*"))
