"""Unmodified ipyparallel clients and engines with Martlet's controller."""

import os
import random
import signal
from collections import Counter

import ipyparallel as ipp
import numpy as np
import pytest
from harness import TIMEOUT, controller_command, join_output, wait_until

# Functions are made `interactive` so that engines rebuild them in their own namespace and need not import this file.
from ipyparallel import interactive


@pytest.fixture
def client(python_cluster):
    """A separate client of the shared cluster. The engines are cleared afterwards."""
    client = python_cluster.client(engines=2)
    yield client
    client[:].clear(block=True)
    client.close()


@interactive
def square(x):
    return x**2


@interactive
def pause(seconds):
    import time

    time.sleep(seconds)
    return seconds


@interactive
def process_id():
    import os

    return os.getpid()


@interactive
def hue_of_green():
    return colorsys.rgb_to_hsv(0, 1, 0)[0]  # noqa: F821 (imported on the engines by the test)


@interactive
def count_words(path):
    counts = {}
    with open(path, encoding="utf-8") as file:
        for word in file.read().lower().split():
            counts[word] = counts.get(word, 0) + 1
    return counts


@interactive
def die_once(marker):
    import os
    import signal

    if not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return "second attempt"


class TestCalls:
    def test_ids(self, client):
        assert client.ids == [0, 1]
        assert len(client) == 2

    def test_apply_on_every_engine(self, client):
        assert client[:].apply_sync(interactive(lambda: "hi~")) == ["hi~", "hi~"]

    def test_apply_on_one_engine(self, client):
        pids = client[:].apply_sync(process_id)
        assert len(set(pids)) == 2
        assert [client[i].apply_sync(process_id) for i in client.ids] == pids

    def test_arguments(self, client):
        echo = interactive(lambda *args, **kwargs: (args, kwargs))
        expected = ((1, "ü", None, [1.5, True]), {"key": {"a": b"\0\xff"}})
        assert client[0].apply_sync(echo, 1, "ü", None, [1.5, True], key={"a": b"\0\xff"}) == expected

    def test_map_direct(self, client):
        assert client[:].map_sync(square, range(32)) == [x**2 for x in range(32)]

    def test_map_lambda_direct(self, client):
        assert client[:].map_sync(interactive(lambda x: x**2), range(32)) == [x**2 for x in range(32)]

    def test_map_load_balanced(self, client):
        view = client.load_balanced_view()
        assert view.map_sync(interactive(lambda x: x**2), range(32)) == [x**2 for x in range(32)]

    def test_map_in_chunks(self, client):
        view = client.load_balanced_view()
        assert view.map_sync(square, range(33), chunksize=5) == [x**2 for x in range(33)]

    def test_broadcast_view(self, client):
        view = client.broadcast_view()
        assert sorted(view.apply_sync(process_id)) == sorted(client[:].apply_sync(process_id))

    def test_load_balancing_uses_every_engine(self, client):
        client[:].push({"pause": pause, "process_id": process_id}, block=True)
        view = client.load_balanced_view()
        results = [view.apply_async(interactive(lambda: (pause(0.05), process_id())[1])) for _ in range(12)]
        assert len({result.get(timeout=TIMEOUT) for result in results}) == 2

    def test_dependency_after(self, client):
        view = client.load_balanced_view()
        first = view.apply_async(pause, 0.2)
        with view.temp_flags(after=[first]):
            second = view.apply_async(pause, 0)
        second.get(timeout=TIMEOUT)
        first.get(timeout=TIMEOUT)
        assert second.started >= first.completed

    def test_many_tasks(self, client):
        view = client.load_balanced_view()
        results = [view.apply_async(square, i) for i in range(300)]
        assert [result.get(timeout=TIMEOUT) for result in results] == [i**2 for i in range(300)]

    def test_large_buffer(self, client):
        data = random.Random(1).randbytes(5_000_000)
        assert client[0].apply_sync(interactive(lambda data: data[::-1]), data) == data[::-1]


class TestNamespace:
    def test_push_pull(self, client):
        values = {"a": 5, "b": [1, "zwei", None], "c": {"deep": (1.5, b"bytes")}}
        client[:].push(values, block=True)
        assert client[:].pull(list(values), block=True) == [list(values.values())] * 2
        assert client[1].pull("a", block=True) == 5

    def test_push_pull_array(self, client):
        array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        client[:].push({"array": array}, block=True)
        for pulled in client[:].pull("array", block=True):
            np.testing.assert_array_equal(pulled, array)
            assert pulled.dtype == array.dtype

    def test_dictionary_access(self, client):
        client[0]["x"] = 3
        assert client[0]["x"] == 3

    def test_execute(self, client):
        client[:].execute("result = 6 * 7", block=True)
        assert client[:].pull("result", block=True) == [42, 42]

    def test_sync_imports(self, client):
        view = client[:]
        with view.sync_imports(quiet=True):
            import colorsys  # noqa: F401 (the import happens on the engines)
        assert view.apply_sync(hue_of_green) == [1 / 3, 1 / 3]

    def test_scatter_gather(self, client):
        view = client[:]
        view.scatter("part", list(range(11)), block=True)
        assert [len(part) for part in view.pull("part", block=True)] == [6, 5]
        assert view.gather("part", block=True) == list(range(11))

    def test_scatter_gather_array(self, client):
        view = client[:]
        view.scatter("part", np.arange(10), block=True)
        np.testing.assert_array_equal(view.gather("part", block=True), np.arange(10))

    def test_word_count(self, client, tmp_path):
        words = "to be or not that is the question whether tis nobler in mind".split()
        source = random.Random(7)
        paths = []
        for index in range(10):
            path = tmp_path / f"text-{index}.txt"
            path.write_text(" ".join(source.choices(words, k=500)), encoding="utf-8")
            paths.append(str(path))
        client[:].push({"count_words": count_words}, block=True)
        mapped = interactive(lambda path: count_words(path))
        expected = sum((Counter(count_words(path)) for path in paths), Counter())
        for view in (client[:], client.load_balanced_view()):
            assert sum(map(Counter, view.map_sync(mapped, paths)), Counter()) == expected


class TestOutputAndErrors:
    def test_error(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[1].apply_sync(interactive(lambda: 1 / 0))
        assert caught.value.ename == "ZeroDivisionError"
        assert caught.value.evalue == "division by zero"
        assert caught.value.engine_info["engine_id"] == 1

    def test_errors_of_several_engines(self, client):
        with pytest.raises(ipp.CompositeError) as caught:
            client[:].apply_sync(interactive(lambda: 1 / 0))
        assert len(caught.value.elist) == 2

    def test_pull_of_a_missing_name(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].pull("no_such_name", block=True)
        assert caught.value.ename == "NameError"

    def test_output(self, client):
        line = interactive(lambda: print("a line"))
        join_output(client[0], line)
        result = client[:].apply_async(line)
        result.get(timeout=TIMEOUT)
        assert result.wait_for_output(TIMEOUT)
        assert result.stdout == ["a line\n", "a line\n"]

    def test_abort(self, client):
        view = client[0]
        running = view.apply_async(pause, 1)
        waiting = [view.apply_async(square, i) for i in range(3)]
        view.abort(waiting, block=True)
        for result in waiting:
            with pytest.raises(ipp.error.TaskAborted):
                result.get(timeout=TIMEOUT)
        assert running.get(timeout=TIMEOUT) == 1

    def test_queue_status(self, client):
        client[:].apply_sync(process_id)
        wait_until(lambda: client.queue_status()[0]["queue"] == 0, "an empty queue")
        assert client.queue_status()[0]["completed"] >= 1

    def test_result_from_another_client(self, client, python_cluster):
        result = client[0].apply_async(square, 12)
        result.get(timeout=TIMEOUT)
        [message] = result.msg_ids
        other = python_cluster.client(engines=2)
        assert other.get_result(message).get(timeout=TIMEOUT) == 144


class TestConnectionFiles:
    def test_cluster_id(self, cluster):
        cluster.start_controller(cluster_id="blue")
        assert (cluster.security_directory / "ipcontroller-blue-client.json").exists()
        cluster.start_python_engines(1)
        assert cluster.client(engines=1).ids == [0]

    @pytest.mark.xfail(
        "ipyparallel.controller" in controller_command(),
        reason="9.2's controller binds PATH-NUMBER, its clients and engines connect to PATH:NUMBER",
        run=False,
    )
    def test_ipc(self, cluster):
        cluster.start_controller(transport="ipc")
        assert cluster.connection_info("client")["interface"].startswith("ipc://")
        cluster.start_python_engines(1)
        client = cluster.client(engines=1)
        assert client[:].apply_sync(interactive(lambda: "hi~")) == ["hi~"]
        assert client.load_balanced_view().map_sync(square, range(4)) == [0, 1, 4, 9]


class TestEnginesComeAndGo:
    def test_engine_that_joins_later(self, controller, python_engines):
        client = python_engines(1)
        assert client.ids == [0]
        controller.start_python_engines(1)
        wait_until(lambda: client.ids == [0, 1], "the second engine")
        assert client[1].apply_sync(square, 5) == 25

    def test_shutdown_of_one_engine(self, python_engines):
        client = python_engines(2)
        client.shutdown(targets=[0], block=True)
        wait_until(lambda: client.ids == [1], "the end of engine 0")
        assert client[:].apply_sync(square, 3) == [9]
        assert client.load_balanced_view().map_sync(square, range(8)) == [x**2 for x in range(8)]

    def test_shutdown_of_the_hub(self, controller, python_engines):
        client = python_engines(1)
        client.shutdown(hub=True, block=True)
        for process in controller.processes:
            wait_until(lambda: not process.running, f"the end of {process.name}")

    @pytest.mark.parametrize("balanced", [False, True], ids=["direct", "load-balanced"])
    def test_engine_killed_during_a_task(self, balanced, python_engines):
        client = python_engines(2)
        pids = client[:].apply_sync(process_id)
        view = client.load_balanced_view(targets=[0]) if balanced else client[0]
        result = view.apply_async(pause, 600)
        wait_until(lambda: client.queue_status(targets=[0])[0]["tasks" if balanced else "queue"], "the task's arrival")
        os.kill(pids[0], signal.SIGKILL)
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == "EngineError"
        wait_until(lambda: client.ids == [1], "the end of engine 0")
        assert client[:].apply_sync(square, 3) == [9]
        assert client.load_balanced_view().map_sync(square, range(8)) == [x**2 for x in range(8)]

    def test_task_retried_after_its_engine_died(self, python_engines, tmp_path):
        view = python_engines(2).load_balanced_view()
        with view.temp_flags(retries=1):
            result = view.apply_async(die_once, str(tmp_path / "marker"))
        assert result.get(timeout=TIMEOUT) == "second attempt"
