"""A controller with a journal that is killed and comes back: what it does for peers that know nothing of journals."""

import os
import shlex
import signal

import ipyparallel as ipp
import pytest
from harness import controller_command, wait_until
from ipyparallel.serialize import pack_apply_message
from simulated import raw_client, wait_for_engines
from test_controller_lost import kill_controller, stop_clients

JOURNAL = ("--reuse", "--journal")


def marks(path):
    return path.read_text().split() if path.exists() else []


def work(client, path, mark, seconds, value):
    """Have the task scheduler run a Swift function that leaves a mark when it begins."""
    return client.load_balanced_view().apply_async(ipp.Reference("work"), str(path), mark, seconds, value)


PYTHON_WORK = """
import time
def python_work(path, mark, seconds, value):
    with open(path, "a") as file:
        file.write(mark + "\\n")
    time.sleep(seconds)
    return value
"""


def wait_until_journaled(client, path, count):
    """All tasks have been accepted, and something has followed from entries after that."""

    def accepted():
        status = client.queue_status()
        return status["unassigned"] + sum(engine["tasks"] + engine["completed"] for engine in status.values()
                                          if isinstance(engine, dict)) >= count

    wait_until(accepted, "the acceptance of all tasks")
    begun = len(marks(path))
    wait_until(lambda: len(marks(path)) > begun, "another task")


def restart(cluster, arguments=JOURNAL):
    stop_clients(cluster)
    kill_controller(cluster)
    cluster.start_controller(arguments=arguments)


def fetch(client, ids):
    """The results of another client's tasks."""
    return client.get_result(ids, owner=False, block=False).get(timeout=60)


@pytest.mark.parametrize("store", ["--dictdb", "--nodb", "--sqlitedb", "--SQLiteDB.table=tasks"])
def test_another_python_client_fetches_the_results(cluster, tmp_path, store):
    store = [store, *(["--sqlitedb"] if "SQLite" in store else [])]
    cluster.start_controller(arguments=(*JOURNAL, *store))
    cluster.start_swift_engines(2)
    client = cluster.client(engines=2)
    path = tmp_path / "marks"
    results = [work(client, path, f"t{number}", 0.05, number) for number in range(40)]
    ids = [id for result in results for id in result.msg_ids]
    wait_until_journaled(client, path, 40)
    restart(cluster, (*JOURNAL, *store))
    client = cluster.client(engines=2)
    assert fetch(client, ids) == list(range(40))
    assert sorted(marks(path)) == sorted(f"t{number}" for number in range(40))


def test_python_engines_keep_their_tasks(cluster, tmp_path):
    """They don't register again and can't tell what they have: they are restored, and their replies are waited for."""
    cluster.start_controller(arguments=JOURNAL)
    cluster.start_python_engines(1)
    client = cluster.client(engines=1)
    path = tmp_path / "marks"
    client[:].execute(PYTHON_WORK, block=True)
    function = ipp.Reference("python_work")
    view = client.load_balanced_view()
    results = [view.apply_async(function, str(path), f"t{number}", 1.5, number) for number in range(3)]
    ids = [id for result in results for id in result.msg_ids]
    wait_until_journaled(client, path, 3)
    restart(cluster)
    client = cluster.client(engines=1)
    assert fetch(client, ids) == [0, 1, 2]
    assert marks(path) == ["t0", "t1", "t2"]


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_recorded_task_is_not_run_by_the_next_controller(cluster, tmp_path, is_finished):
    cluster.start_controller(arguments=JOURNAL)
    cluster.start_swift_engines(1)
    path = tmp_path / "marks"
    buffers = pack_apply_message(ipp.Reference("work"), [str(path), "recorded", 0.0 if is_finished else 3.0, 1], {})
    with raw_client(cluster) as client:
        wait_for_engines(client, 1)
        recorded = client.wire.frames("apply_request", buffers=buffers)
        client.socket("task").send_multipart(recorded)
        if is_finished:
            assert client.receive("task").content["status"] == "ok"
        else:
            wait_until(lambda: marks(path) == ["recorded"], "the task")
    kill_controller(cluster)
    cluster.start_controller(arguments=JOURNAL)
    client = cluster.client(engines=1)
    with raw_client(cluster) as attacker:
        for _ in range(3):
            attacker.socket("task").send_multipart(recorded)
        refusal = "a message with this signature was seen before"
        wait_until(lambda: refusal in cluster.processes[-1].log(10**6), "the refusal")
    assert work(client, path, "new", 0, 2).get(timeout=60) == 2
    assert work(client, path, "newer", 0, 3).get(timeout=60) == 3
    assert marks(path) == ["recorded", "new", "newer"]


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
    (cluster.directory / "profile_default" / (path.name + "-journal")).unlink(missing_ok=True)
    controller = cluster.start_controller(arguments=JOURNAL)
    wait_until(lambda: "the journal is damaged and was moved aside" in controller.log(), "a line in the log")
    assert os.path.exists(f"{path}.damaged")


def test_without_a_journal_there_is_no_file(cluster, tmp_path):
    cluster.start_controller()
    cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    assert work(client, tmp_path / "marks", "t", 0, 1).get(timeout=60) == 1
    assert not list((cluster.directory / "profile_default").glob("journal-*"))


def test_a_new_task_waits_for_a_target_that_is_not_back_yet(cluster):
    """Also if there is nothing else to go on with."""
    cluster.start_controller(arguments=JOURNAL)
    [engine] = cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    [uuid] = client._engines.values()
    stop_clients(cluster)
    kill_controller(cluster)
    os.kill(engine.child.pid, signal.SIGSTOP)
    try:
        cluster.start_controller(arguments=JOURNAL)
        with raw_client(cluster) as raw:
            buffers = pack_apply_message(ipp.Reference("add"), [1, 2], {})
            name = raw.send("task", "apply_request", metadata={"targets": [uuid]}, buffers=buffers)
            wait_until(lambda: name in raw.ask("result_request", {"msg_ids": name, "allow_unknown": True}).content["pending"],
                       "the task")
            os.kill(engine.child.pid, signal.SIGCONT)
            assert raw.receive("task").content["status"] == "ok"
    finally:
        os.kill(engine.child.pid, signal.SIGCONT)


@pytest.mark.parametrize("is_broadcast", [False, True])
def test_a_direct_request_finds_an_engine_of_the_earlier_controller(cluster, is_broadcast):
    """Requests that wait for the controller are there before anything else."""
    cluster.start_controller(arguments=JOURNAL)
    cluster.start_swift_engines(1)
    with raw_client(cluster) as raw:
        wait_for_engines(raw, 1)
        [(engine, uuid)] = raw.ask("connection_request").content["engines"].items()
        channel = "broadcast" if is_broadcast else "mux"
        raw.socket(channel)
        kill_controller(cluster)
        buffers = pack_apply_message(ipp.Reference("add"), [1, 2], {})
        metadata = {"is_broadcast": True, "is_coalescing": False, "targets": [[uuid, int(engine)]]} if is_broadcast else {}
        for _ in range(200):
            to = () if is_broadcast else [uuid.encode()]
            raw.send(channel, "apply_request", metadata=metadata, to=to, buffers=buffers)
        cluster.start_controller(arguments=JOURNAL)
        replies = [raw.receive(channel).content for _ in range(200)]
        assert [reply for reply in replies if reply["status"] != "ok"] == []


def test_with_curve_peers_know_the_next_controller(cluster, tmp_path):
    cluster.environment["IPP_ENABLE_CURVE"] = "1"
    cluster.start_controller(arguments=JOURNAL)
    cluster.start_swift_engines(1)
    client = cluster.client(engines=1)
    result = work(client, tmp_path / "marks", "t", 1.0, 7)
    wait_until((tmp_path / "marks").exists, "the task")
    restart(cluster)
    client = cluster.client(engines=1)
    assert fetch(client, result.msg_ids) == [7]
    assert marks(tmp_path / "marks") == ["t"]


def test_a_full_disk_ends_the_journal_and_nothing_else(cluster, tmp_path, monkeypatch):
    """A limit of the size of files has the same effect as a disk without space: writing fails."""
    command = shlex.join(controller_command())
    limited = f"""trap "" XFSZ; ulimit -f 4096; exec {command} "$@" """
    monkeypatch.setenv("MARTLET_CONTROLLER_CMD", shlex.join(["sh", "-c", limited, "sh"]))
    controller = cluster.start_controller(arguments=JOURNAL)
    cluster.start_swift_engines(2)
    client = cluster.client(engines=2)
    view = client.load_balanced_view()
    results = [view.apply_async(ipp.Reference("mean"), [float(number)] * 20_000) for number in range(100)]
    assert [result.get(timeout=60) for result in results] == list(range(100))
    assert "the journal can't be written" in controller.log(10**6)
    assert not list((cluster.directory / "profile_default").glob("journal-*"))
    assert work(client, tmp_path / "marks", "t", 0, 1).get(timeout=60) == 1
