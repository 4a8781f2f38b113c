"""Unmodified ipyparallel clients and Swift engines: functions called by name, namespace, errors, output."""

import datetime
import math
import os
import signal

import ipyparallel as ipp
import numpy as np
import pytest
from harness import TIMEOUT, join_output, wait_until

ADD, GREET, MEAN, DOUBLE, FAIL, SLEEP, SAY, WORD_COUNT = map(
    ipp.Reference, ("add", "greet", "mean", "double", "fail", "sleep", "say", "wordCount")
)


@pytest.fixture
def client(swift_cluster):
    """A separate client of the shared cluster of two Swift engines."""
    client = swift_cluster.client(engines=2)
    yield client
    client.close()


class TestFunctions:
    def test_ids(self, client):
        assert client.ids == [0, 1]

    def test_no_arguments(self, client):
        assert client[:].apply_sync(GREET) == ["hi~", "hi~"]

    def test_arguments(self, client):
        assert client[:].apply_sync(ADD, 2, 3) == [5, 5]

    def test_one_engine(self, client):
        assert client[1].apply_sync(ADD, -7, 3) == -4

    def test_load_balanced(self, client):
        view = client.load_balanced_view()
        results = [view.apply_async(ADD, i, i) for i in range(50)]
        assert [result.get(timeout=TIMEOUT) for result in results] == [2 * i for i in range(50)]

    def test_broadcast(self, client):
        assert client.broadcast_view().apply_sync(ADD, 20, 22) == [42, 42]

    def test_map_direct(self, client):
        assert client[:].map_sync(ADD, range(32), range(32)) == [2 * i for i in range(32)]

    def test_map_load_balanced(self, client):
        assert client.load_balanced_view().map_sync(ADD, range(32), range(32)) == [2 * i for i in range(32)]

    def test_map_in_chunks(self, client):
        view = client.load_balanced_view()
        assert view.map_sync(ADD, list(range(33)), [1] * 33, chunksize=5) == list(range(1, 34))

    def test_both_engines_work(self, client):
        view = client.load_balanced_view()
        results = [view.apply_async(SLEEP, 0.05) for _ in range(12)]
        client.wait(results, timeout=TIMEOUT)
        assert {result.engine_id for result in results} == {0, 1}

    def test_metadata_of_a_result(self, client):
        result = client[1].apply_async(GREET)
        result.get(timeout=TIMEOUT)
        assert result.engine_id == 1
        assert result.submitted <= result.started <= result.completed

    def test_word_count(self, client, tmp_path):
        text = "der Mond ist aufgegangen der Mond\n"
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8")
        counted = client[0].apply_sync(WORD_COUNT, str(path))
        assert (counted["ist"], counted["aufgegangen"]) == (1, 1)
        assert sum(counted.values()) == 6


class TestArrays:
    def test_argument(self, client):
        array = np.linspace(-3, 12, 1001)
        assert math.isclose(client[0].apply_sync(MEAN, array), array.mean())

    @pytest.mark.parametrize("shape", [(1,), (7,), (3, 4), (2, 3, 4)])
    def test_result(self, client, shape):
        array = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
        doubled = client[0].apply_sync(DOUBLE, array)
        assert doubled.dtype == array.dtype
        np.testing.assert_array_equal(doubled, 2 * array)

    def test_large(self, client):
        array = np.random.default_rng(5).random(500_000)
        np.testing.assert_array_equal(client[0].apply_sync(DOUBLE, array), 2 * array)


class TestErrors:
    def test_thrown_error(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[1].apply_sync(FAIL, "the bridge is out")
        assert caught.value.ename
        assert "the bridge is out" in caught.value.evalue
        assert caught.value.engine_info["engine_id"] == 1

    def test_every_engine(self, client):
        with pytest.raises(ipp.CompositeError) as caught:
            client[:].apply_sync(FAIL, "nobody home")
        assert len(caught.value.elist) == 2

    def test_unknown_name(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].apply_sync(ipp.Reference("missing"))
        assert caught.value.ename == "NameError"
        assert "missing" in caught.value.evalue

    @pytest.mark.parametrize("arguments", [(), (1,), (1, {"a": 2})], ids=["none", "too-few", "wrong-type"])
    def test_arguments_of_wrong_types(self, client, arguments):
        with pytest.raises(ipp.RemoteError):
            client[0].apply_sync(ADD, *arguments)
        assert client[0].apply_sync(ADD, 1, 1) == 2

    def test_an_error_within_a_map(self, client):
        view = client.load_balanced_view()
        with pytest.raises(ipp.RemoteError):
            view.map_sync(FAIL, ["a", "b"])
        assert view.apply_sync(GREET) == "hi~"


class TestNamespace:
    def test_push_pull(self, client):
        values = {"whole": 5, "text": "Grüße", "list": [1, None, [True, 2.5]], "map": {"deep": {"a": b"\0\xff"}}}
        client[:].push(values, block=True)
        assert client[:].pull(list(values), block=True) == [list(values.values())] * 2

    def test_push_pull_array(self, client):
        array = np.arange(12, dtype=np.int32).reshape(3, 4)
        client[0].push({"array": array}, block=True)
        pulled = client[0].pull("array", block=True)
        np.testing.assert_array_equal(pulled, array)
        assert pulled.dtype == array.dtype

    def test_pushed_value_as_argument(self, client):
        client[:].push({"left": 40}, block=True)
        assert client[:].apply_sync(ADD, ipp.Reference("left"), 2) == [42, 42]

    def test_scatter_gather(self, client):
        client[:].scatter("part", list(range(11)), block=True)
        assert client[:].gather("part", block=True) == list(range(11))

    def test_missing_name(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].pull("no_such_name", block=True)
        assert caught.value.ename == "NameError"


class TestOutput:
    def test_standard_output(self, client):
        join_output(client[0], SAY, "joined")
        result = client[0].apply_async(SAY, "eine Zeile")
        result.get(timeout=TIMEOUT)
        wait_until(lambda: "eine Zeile" in result.stdout, "the line of output")

    def test_each_task_gets_its_own(self, client):
        join_output(client[0], SAY, "joined")
        view = client.load_balanced_view()
        results = [view.apply_async(SAY, f"line {index}.") for index in range(8)]
        client.wait(results, timeout=TIMEOUT)
        for index, result in enumerate(results):
            wait_until(lambda: result.stdout.strip() == f"line {index}.", f"line {index}")


class TestControl:
    def test_abort(self, client):
        view = client[0]
        running = view.apply_async(SLEEP, 1)
        waiting = [view.apply_async(GREET) for _ in range(3)]
        view.abort(waiting, block=True)
        for result in waiting:
            with pytest.raises(ipp.error.TaskAborted):
                result.get(timeout=TIMEOUT)
        running.get(timeout=TIMEOUT)
        assert view.apply_sync(GREET) == "hi~"

    @pytest.mark.parametrize("balanced", [False, True])
    def test_abort_of_a_running_function(self, client, tmp_path, balanced):
        mark = tmp_path / "mark"
        view = client.load_balanced_view() if balanced else client[0]
        if balanced:
            view.retries = 3
        running = view.apply_async(ipp.Reference("work"), str(mark), "begun", 600.0, 1)
        wait_until(mark.exists, "the function's start")
        client.abort(running, block=True)
        with pytest.raises(ipp.RemoteError) as caught:
            running.get(timeout=TIMEOUT)
        assert caught.value.ename == "CancellationError"
        assert caught.value.evalue == "the task was cancelled while it ran"
        assert mark.read_text() == "begun\n"
        assert client[:].apply_sync(GREET) == ["hi~", "hi~"]

    def test_execution_timeout(self, client):
        view = client[0]
        for seconds, metadata in [(600.0, {"execution_timeout": 0.05}), (0.0, {"execution_timeout": 600})]:
            future = client.send_apply_request(
                view._socket, SLEEP, [seconds], metadata=metadata, ident=client._engines[0].encode()
            )
            result = ipp.AsyncResult(client, future, fname="sleep", targets=[0])
            if seconds:
                with pytest.raises(ipp.RemoteError) as caught:
                    result.get(timeout=TIMEOUT)
                assert caught.value.ename == "TimeoutError"
            else:
                result.get(timeout=TIMEOUT)
        assert view.apply_sync(GREET) == "hi~"

    @pytest.mark.parametrize("balanced", [False, True])
    def test_deadline(self, client, balanced):
        """A date of Python's; a task that is too late is not started, by scheduler or engine."""
        view = client.load_balanced_view() if balanced else client[0]
        now = datetime.datetime.now(datetime.timezone.utc)
        for deadline in [now - datetime.timedelta(seconds=1), now + datetime.timedelta(hours=1)]:
            future = client.send_apply_request(
                view._socket,
                GREET,
                metadata={"deadline": deadline},
                ident=None if balanced else client._engines[0].encode(),
            )
            result = ipp.AsyncResult(client, future, fname="greet")
            if deadline < now:
                with pytest.raises(ipp.RemoteError) as caught:
                    result.get(timeout=TIMEOUT)
                assert caught.value.ename == "TaskTimeout"
            else:
                assert result.get(timeout=TIMEOUT) == "hi~"

    def test_progress(self, client):
        """What a Swift function says about its progress is data that it has published."""
        view = client[:]

        def data():
            result = view.apply_async(ipp.Reference("train"), 1000)
            assert result.get(timeout=TIMEOUT) == [1000, 1000]
            result.wait_for_output(TIMEOUT)
            return result.data if all(result.data) else None

        # The client's subscription takes a while.
        for published in wait_until(data, "progress"):
            assert published == {"progress": {"fraction": 1.0, "text": "epoch 1000"}}

    def test_earlier_attempts(self, client):
        """A client that sends a call again says how often it has done so before."""
        for metadata, attempt in [({}, 1), ({"earlier_attempts": 2}, 3), ({"earlier_attempts": None}, 1)]:
            future = client.send_apply_request(client.load_balanced_view()._socket, ipp.Reference("attempt"), metadata=metadata)
            assert ipp.AsyncResult(client, future, fname="attempt").get(timeout=TIMEOUT) == attempt

    def test_queue_status(self, client):
        client[:].apply_sync(GREET)
        wait_until(lambda: client.queue_status()[0]["queue"] == 0, "an empty queue")
        assert client.queue_status()[0]["completed"] >= 1

    def test_shutdown(self, controller, swift_engines):
        client = swift_engines(2)
        client.shutdown(targets=[0], block=True)
        wait_until(lambda: client.ids == [1], "the end of engine 0")
        wait_until(lambda: sum(process.running for process in controller.processes) == 2, "the end of its process")
        assert client[:].apply_sync(GREET) == ["hi~"]

    def test_killed_during_a_task(self, controller, swift_engines):
        client = swift_engines(1)
        result = client[0].apply_async(SLEEP, 600)
        wait_until(lambda: client.queue_status(targets=[0])[0]["queue"], "the task's arrival")
        os.kill(controller.processes[-1].child.pid, signal.SIGKILL)
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == "EngineError"
        wait_until(lambda: client.ids == [], "the end of engine 0")

    def test_beside_a_python_engine(self, controller, swift_engines):
        swift_engines(1)
        controller.start_python_engines(1)
        client = controller.client(engines=2)
        client[1].execute("def add(a, b): return a + b", block=True)
        assert client[:].apply_sync(ADD, 2, 3) == [5, 5]
