"""Unmodified ipyparallel clients and Python code on Martlet's engines: calls, namespace, output, errors, interrupts."""

import os
import re
import signal
import time

import dill
import ipyparallel as ipp
import numpy as np
import psutil
import pytest
from harness import TIMEOUT, binary, join_output, wait_until
from simulated import RawClient

# As in a notebook: engines rebuild functions of this module in their own namespace and need not import this file.
__name__ = "__main__"


@pytest.fixture
def client(martlet_cluster):
    """A separate client of the shared cluster of two engines."""
    client = martlet_cluster.client(engines=2)
    yield client
    client.clear(block=True)
    client.close()


def pid_of_python(view):
    """The process id of the Python of one engine."""
    return view.apply_sync(os.getpid)


def begin(view, folder, task, argument, engines=1):
    """Start a task and wait until Python runs it on each engine of the view. Returns its result."""

    def announced(folder, task, argument):
        import os

        open(os.path.join(folder, str(os.getpid())), "w").close()
        task(argument)

    result = view.apply_async(announced, str(folder), task, argument)
    wait_until(lambda: len(os.listdir(folder)) == engines, "the start of the task")
    return result


class TestCalls:
    def test_lambda(self, client):
        assert client[:].apply_sync(lambda: "hi~") == ["hi~", "hi~"]

    def test_closure(self, client):
        factor = 3
        assert client[0].apply_sync(lambda number: number * factor, 14) == 42

    def test_load_balanced(self, client):
        view = client.load_balanced_view()
        results = [view.apply_async(lambda i: i * i, i) for i in range(40)]
        assert [result.get(timeout=TIMEOUT) for result in results] == [i * i for i in range(40)]

    def test_broadcast(self, client):
        assert client.broadcast_view().apply_sync(lambda a, b: a + b, 20, 22) == [42, 42]

    @pytest.mark.parametrize("balanced", [False, True])
    def test_map(self, client, balanced):
        view = client.load_balanced_view() if balanced else client[:]
        assert view.map_sync(lambda x: x**2, range(32)) == [x**2 for x in range(32)]

    def test_interactive(self, client):
        @ipp.interactive
        def read():
            return shared  # noqa: F821

        client[:].push({"shared": 5}, block=True)
        assert client[:].apply_sync(read) == [5, 5]

    def test_reference(self, client):
        client[:].execute("def square(x): return x * x", block=True)
        assert client[:].apply_sync(ipp.Reference("square"), 7) == [49, 49]

    def test_keywords(self, client):
        assert client[0].apply_sync(lambda a, *, b: (a, b), 1, b=[2]) == (1, [2])

    @pytest.mark.parametrize("package", ["cloudpickle", "dill"])
    def test_pickles_of_other_packages(self, client, request, monkeypatch, package):
        # Otherwise it takes along all names of this module.
        monkeypatch.setitem(dill.settings, "recurse", True)
        getattr(client[:], f"use_{package}")()
        request.addfinalizer(client[:].use_pickle)

        class Point:
            def __init__(self, x):
                self.x = x

        assert client[0].apply_sync(lambda point: point.x, Point(5)) == 5

    def test_sync_imports(self, client):
        with client[:].sync_imports():
            import math  # noqa: F401
        assert client[:].apply_sync(ipp.Reference("math.sqrt"), 16) == [4, 4]


class TestNamespace:
    def test_push_pull(self, client):
        values = {"whole": 5, "text": "Grüße", "list": [1, None], "type": dict, "function": lambda x: x + 1}
        client[:].push(values, block=True)
        assert client[:].pull(["whole", "text", "list", "type"], block=True) == [[5, "Grüße", [1, None], dict]] * 2
        assert client[0].apply_sync(lambda: function(whole)) == 6  # noqa: F821

    def test_before_and_after_python_starts(self, martlet_engines):
        client = martlet_engines(1)
        client[0].push({"a": 1}, block=True)
        assert client[0].pull("a", block=True) == 1
        client[0].execute("b = a", block=True)
        client[0].execute("import os; c = a + b", block=True)
        assert client[0].pull(["a", "b", "c"], block=True) == [1, 1, 2]

    def test_expressions(self, client):
        client[0].execute("import collections; c = collections.Counter('abba')", block=True)
        assert client[0].pull("c['a']", block=True) == 2
        assert client[0].pull("c", block=True) == {"a": 2, "b": 2}

    def test_scatter_gather(self, client):
        client[:].scatter("part", list(range(11)), block=True)
        client[:].execute("part = [2 * x for x in part]", block=True)
        assert client[:].gather("part", block=True) == [2 * x for x in range(11)]

    def test_clear(self, client):
        client[0].execute("import os; a = 1", block=True)
        client.clear(block=True)
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].pull("a", block=True)
        assert caught.value.ename == "NameError"


class TestArrays:
    def test_large_there_and_back(self, client):
        array = np.random.default_rng(5).random(1_250_000)
        doubled = client[0].apply_sync(lambda a: a * 2, array)
        np.testing.assert_array_equal(doubled, 2 * array)

    def test_arguments_can_be_changed_in_place(self, client):
        def fill(array):
            array[:] = 1
            return array.sum()

        assert client[0].apply_sync(fill, np.zeros(100_000)) == 100_000

    def test_push_and_pull(self, client):
        array = np.arange(300_000).reshape(3, -1)
        client[0].push({"array": array}, block=True)
        np.testing.assert_array_equal(client[0]["array"], array)


class TestErrors:
    def test_traceback(self, client):
        def fail():
            raise KeyError("nowhere")

        with pytest.raises(ipp.RemoteError) as caught:
            client[1].apply_sync(fail)
        assert caught.value.ename == "KeyError"
        assert "nowhere" in caught.value.evalue
        traceback = re.sub("\x1b\\[[0-9;]*m", "", "".join(caught.value.traceback))
        assert 'raise KeyError("nowhere")' in traceback
        assert caught.value.engine_info["engine_id"] == 1
        assert caught.value.engine_info["method"] == "apply"

    def test_in_code(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].execute("1 / 0", block=True)
        assert caught.value.ename == "ZeroDivisionError"

    @pytest.mark.parametrize("code", ["exit()", "raise SystemExit", "raise KeyboardInterrupt"])
    def test_code_that_wants_to_end(self, client, code):
        pid = pid_of_python(client[0])
        try:
            client[0].execute(code, block=True)
        except ipp.RemoteError:
            pass
        assert pid_of_python(client[0]) == pid

    def test_memory_limit(self, client):
        def exceed_limit():
            import resource

            before = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (1 << 32, before[1]))
            try:
                return len(bytearray(1 << 33))
            finally:
                resource.setrlimit(resource.RLIMIT_AS, before)

        with pytest.raises(ipp.RemoteError) as caught:
            client[0].apply_sync(exceed_limit)
        assert caught.value.ename == "MemoryError"
        assert client[0].apply_sync(lambda: 1) == 1

    def test_what_cannot_be_pickled(self, client):
        with pytest.raises(ipp.RemoteError):
            client[0].apply_sync(lambda: __import__("threading").Lock())
        assert client[0].apply_sync(lambda: 1) == 1

    def test_unknown_name(self, client):
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].apply_sync(ipp.Reference("missing"))
        assert caught.value.ename == "NameError"


class TestDependencies:
    def test_unmet_dependency(self, client):
        def here(wanted):
            import os

            from ipyparallel.error import UnmetDependency

            if os.getpid() != wanted:
                raise UnmetDependency("not here")
            return os.getpid()

        view = client.load_balanced_view()
        for target in client.ids:
            wanted = pid_of_python(client[target])
            assert view.apply_async(here, wanted).get(timeout=TIMEOUT) == wanted

    def test_depend(self, client):
        for target, value in enumerate(["left", "right"]):
            client[target].push({"side": value}, block=True)

        @ipp.interactive
        def is_on(wanted):
            return side == wanted  # noqa: F821

        @ipp.depend(is_on, "right")
        @ipp.interactive
        def where():
            return side  # noqa: F821

        view = client.load_balanced_view()
        assert [view.apply_async(where).get(timeout=TIMEOUT) for _ in range(5)] == ["right"] * 5

    def test_require(self, client):
        @ipp.require("json")
        def encode(value):
            return json.dumps(value)  # noqa: F821

        assert client.load_balanced_view().apply_async(encode, [1]).get(timeout=TIMEOUT) == "[1]"


class TestOutput:
    def test_streams(self, client):
        def speak():
            import os
            import sys

            print("from Python", flush=True)
            print("a complaint", file=sys.stderr)
            os.system("echo from a child")
            os.write(1, b"from a descriptor\n")

        join_output(client[0], print, "joined")
        result = client[0].apply_async(speak)
        result.get(timeout=TIMEOUT)
        result.wait_for_output(TIMEOUT)
        assert result.stdout.splitlines() == ["from Python", "from a child", "from a descriptor"]
        assert result.stderr == "a complaint\n"

    def test_each_task_gets_its_own(self, client):
        join_output(client[0], print, "joined")
        view = client.load_balanced_view()
        results = [view.apply_async(print, f"line {index}") for index in range(10)]
        client.wait(results, timeout=TIMEOUT)
        for index, result in enumerate(results):
            result.wait_for_output(TIMEOUT)
            assert result.stdout == f"line {index}\n"

    def test_result_of_code(self, client):
        join_output(client[0], print, "joined")
        result = client[0].execute("x = 40\nx + 2", silent=False)
        result.get(timeout=TIMEOUT)
        result.wait_for_output(TIMEOUT)
        assert result.get().execute_result["data"]["text/plain"] == "42"

    def test_display(self, client):
        join_output(client[0], print, "joined")
        result = client[0].execute(
            "from IPython.display import HTML, display\nprint('before')\ndisplay(HTML('<b>x</b>'))\nprint('after')",
            silent=False,
        )
        result.get(timeout=TIMEOUT)
        result.wait_for_output(TIMEOUT)
        assert result.outputs[0]["data"]["text/html"] == "<b>x</b>"
        assert result.stdout.splitlines() == ["before", "after"]

    def test_published_data(self, client):
        def publish():
            from ipyparallel.datapub import publish_data

            publish_data({"progress": 5, "part": list(range(3))})
            return "done"

        join_output(client[0], print, "joined")
        result = client[0].apply_async(publish)
        assert result.get(timeout=TIMEOUT) == "done"
        wait_until(lambda: result.data.get("progress") == 5, "the published data")

    def test_comms(self, client, martlet_cluster):
        """A front end's messages reach the comm they are for, and have no reply."""
        view = client[0]
        view.execute(
            "import comm\n"
            "received = []\n"
            "def opened(comm, message):\n"
            "    received.append(message['content']['data'])\n"
            "    comm.on_msg(lambda message: received.append((message['content']['data'], message['buffers'])))\n"
            "    comm.on_close(lambda message: received.append('closed'))\n"
            "comm.get_comm_manager().register_target('front-end', opened)",
            block=True,
        )
        front_end = RawClient(martlet_cluster.connection_info("client"))
        engine = [client._engines[0].encode()]
        try:
            front_end.send("mux", "comm_open", {"comm_id": "c", "target_name": "front-end", "data": 1}, to=engine)
            front_end.send("mux", "comm_msg", {"comm_id": "c", "data": 2}, to=engine, buffers=[b"binary"])
            front_end.send("mux", "comm_close", {"comm_id": "c", "data": {}}, to=engine)
            asked = front_end.send("mux", "comm_info_request", {}, to=engine)
            assert front_end.receive("mux").parent["msg_id"] == asked
        finally:
            front_end.close()
        assert view["received"] == [1, (2, [b"binary"]), "closed"]
        assert client.queue_status(0)["queue"] == 0

    def test_much_output(self, client):
        join_output(client[0], print, "joined")
        result = client[0].apply_async(lambda: print("x" * 99 + "\n", end="", flush=True) or print("y" * 3_000_000))
        result.get(timeout=TIMEOUT)
        result.wait_for_output(TIMEOUT)
        assert len(result.stdout) == 3_000_101


class TestControl:
    @pytest.mark.parametrize("sig", [signal.SIGINT, "SIGINT"])
    def test_interrupt(self, client, sig, tmp_path):
        result = begin(client[:], tmp_path, time.sleep, 600, engines=2)
        client.send_signal(sig, block=True)
        with pytest.raises(ipp.CompositeError) as caught:
            result.get(timeout=TIMEOUT)
        assert {error[0] for error in caught.value.elist} == {"KeyboardInterrupt"}
        assert client[:].apply_sync(lambda: 1) == [1, 1]

    def test_interrupt_of_an_idle_engine(self, client):
        pids = client[:].apply_sync(os.getpid)
        client.send_signal("SIGINT", block=True)
        assert client[:].apply_sync(os.getpid) == pids

    def test_unknown_signal(self, client):
        with pytest.raises(ipp.RemoteError):
            client.send_signal("SIGNOTHING", block=True)

    def test_abort_of_a_running_task(self, client, tmp_path):
        result = begin(client[0], tmp_path, time.sleep, 600)
        client.abort(result, targets=[0], block=True)
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == "KeyboardInterrupt"
        assert client[0].apply_sync(lambda: 1) == 1

    def test_abort_while_the_lock_is_held(self, client, tmp_path):
        def hold(seconds):
            import ctypes

            ctypes.PyDLL(None).usleep(int(seconds * 1e6))

        running = begin(client[0], tmp_path, hold, 3)
        waiting = client[0].apply_async(lambda: 1)
        client.abort(waiting, targets=[0], block=True)
        with pytest.raises(ipp.error.TaskAborted):
            waiting.get(timeout=TIMEOUT)
        assert not running.ready()
        running.get(timeout=TIMEOUT)


class TestEnds:
    def test_code_that_goes_on_after_its_time_of_grace(self, controller, martlet_engines):
        """The client says how long it may go on when it has been interrupted."""

        def ignore():
            import time

            while True:
                try:
                    time.sleep(600)
                except KeyboardInterrupt:
                    pass

        client = martlet_engines(1)
        # Starts Python, which is interrupted otherwise before the code runs.
        assert client[0].apply_sync(lambda: 1) == 1
        metadata = {"execution_timeout": 0.2, "stop_grace": 0.1}
        future = client.send_apply_request(
            client[0]._socket, ignore, metadata=metadata, ident=client._engines[0].encode())
        with pytest.raises(ipp.RemoteError) as caught:
            ipp.AsyncResult(client, future, fname="ignore", targets=[0]).get(timeout=TIMEOUT)
        assert caught.value.ename == "EngineError" and "went on for 0.1 seconds" in caught.value.evalue
        wait_until(lambda: not controller.processes[-1].running, "the end of the engine's process")

    @pytest.mark.parametrize(
        ("code", "reasons"),
        [
            ("import os, sys; print('last words', file=sys.stderr, flush=True); os._exit(3)", ["status 3", "last words"]),
            ("import ctypes; ctypes.string_at(0)", ["SIGSEGV", "Fatal Python error", "string_at"]),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ["SIGKILL"]),
        ],
    )
    def test_crash(self, controller, martlet_engines, code, reasons):
        client = martlet_engines(1)
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].execute(code, block=True)
        assert caught.value.ename == "EngineError"
        assert all(reason in caught.value.evalue for reason in reasons), caught.value.evalue
        wait_until(lambda: client.ids == [], "the end of engine 0")
        wait_until(lambda: not controller.processes[-1].running, "the end of its process")
        assert controller.processes[-1].child.returncode == 1

    def test_a_killed_python_takes_one_task_with_it(self, martlet_engines, tmp_path):
        """What is sent in the place of the lost task runs on the other engine."""

        def work(folder, victim, number):
            import os
            import time

            open(os.path.join(folder, str(os.getpid())), "w").close()
            time.sleep(600 if os.getpid() == victim else 0.2)
            return number

        client = martlet_engines(2)
        pids = client[:].apply_sync(os.getpid)
        balanced = client.load_balanced_view()
        results = [balanced.apply_async(work, str(tmp_path), pids[0], number) for number in range(8)]
        wait_until(lambda: str(pids[0]) in os.listdir(tmp_path), "a task on the first engine")
        os.kill(pids[0], signal.SIGKILL)
        done, errors = [], []
        for result in results:
            try:
                done.append(result.get(timeout=TIMEOUT))
            except ipp.RemoteError as error:
                errors.append(error.evalue)
        assert len(done) == 7 and len(errors) == 1 and "SIGKILL" in errors[0], errors
        wait_until(lambda: client.ids == [1], "the end of engine 0")

    def test_a_killed_engine_leaves_no_python(self, controller, martlet_engines, tmp_path):
        client = martlet_engines(1)
        pid = pid_of_python(client[0])
        result = begin(client[0], tmp_path, time.sleep, 600)
        controller.processes[-1].kill()
        wait_until(lambda: not psutil.pid_exists(pid), "the end of Python")
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == "EngineError"

    def test_shutdown_of_a_busy_engine(self, controller, martlet_engines, tmp_path):
        client = martlet_engines(1)
        pid = pid_of_python(client[0])
        begin(client[0], tmp_path, time.sleep, 600)
        client.shutdown(targets=[0], block=True)
        wait_until(lambda: not controller.processes[-1].running, "the end of the engine")
        wait_until(lambda: not psutil.pid_exists(pid), "the end of Python")
        assert controller.processes[-1].child.returncode == 0

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
    def test_signals_for_the_engines_process(self, controller, martlet_engines, number, tmp_path):
        def prepare(number):
            import signal

            signal.signal(number, signal.default_int_handler)

        client = martlet_engines(1)
        client[0].apply_sync(prepare, int(number))
        result = begin(client[0], tmp_path, time.sleep, 600)
        controller.processes[-1].child.send_signal(number)
        with pytest.raises(ipp.RemoteError) as caught:
            result.get(timeout=TIMEOUT)
        assert caught.value.ename == "KeyboardInterrupt"
        # Without a task and without a terminal it does nothing.
        controller.processes[-1].child.send_signal(signal.SIGINT)
        # Answered by the thread that gets signals, after this one.
        client.abort(result.msg_ids, block=True)
        assert client[0].apply_sync(lambda: 1) == 1

    def test_an_eager_engine_without_python_leaves(self, controller):
        controller.environment["MARTLET_PYTHON"] = "/no/such/python"
        engine = controller.start("martlet-engine", martlet_engine(controller) + ["--python-start=eager"])
        wait_until(lambda: not engine.running, "the engine to leave")
        assert engine.child.returncode == 1 and "/no/such/python" in engine.log()

    def test_no_usable_python(self, controller):
        controller.start_martlet_engines(0)
        controller.environment["MARTLET_PYTHON"] = "/no/such/python"
        controller.start("martlet-engine", martlet_engine(controller))
        client = controller.client(engines=1)
        with pytest.raises(ipp.RemoteError) as caught:
            client[0].apply_sync(lambda: 1)
        assert caught.value.ename == "PythonUnavailable"
        assert "/no/such/python" in caught.value.evalue
        client[0].push({"a": 1}, block=True)
        assert client[0].pull("a", block=True) == 1


@pytest.mark.parametrize("first", ["import time; time.sleep(0.5); 1/0", "missing"])
def test_an_error_aborts_what_waits_behind_it(first, martlet_engines):
    """Code that only Python can run starts it, so the others have arrived before the first fails."""
    view = martlet_engines(1)[0]
    results = [view.execute(code, silent=False) for code in (first, "a = 1", "b = 2")]
    with pytest.raises(ipp.RemoteError):
        results[0].get(timeout=TIMEOUT)
    with pytest.raises((ipp.RemoteError, ipp.error.TaskAborted)):
        results[2].get(timeout=TIMEOUT)
    # What is sent later runs, and silent requests stop nothing.
    view.execute("c = 3", silent=False).get(timeout=TIMEOUT)
    results = [view.execute(code, silent=True) for code in ("1/0", "d = 4")]
    results[1].get(timeout=TIMEOUT)
    assert view.pull(["c", "d"], block=True) == [3, 4]


def test_an_error_aborts_nothing_of_another_client(controller, martlet_engines):
    view = martlet_engines(1)[0]
    other = controller.client(engines=1)[0]
    # The others have arrived before the first fails.
    failing = view.execute("import time; time.sleep(0.5); 1/0", silent=False)
    mine, theirs = view.execute("a = 1", silent=False), other.apply_async(len, "four")
    with pytest.raises(ipp.RemoteError):
        failing.get(timeout=TIMEOUT)
    with pytest.raises((ipp.RemoteError, ipp.error.TaskAborted)):
        mine.get(timeout=TIMEOUT)
    assert theirs.get(timeout=TIMEOUT) == 4


def martlet_engine(cluster):
    """The command of an engine of ``martlet``."""
    return [binary("martlet"), "engine", *cluster.engine_arguments()]
