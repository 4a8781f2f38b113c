"""What outlives its task: asyncio tasks, threads, child processes."""

import pytest


def test_asyncio_tasks_go_on_after_the_reply(engine):
    engine.run(
        "import asyncio\n"
        "async def later():\n"
        "  for i in range(3): await asyncio.sleep(0.01); print('tick', i)\n"
        "  display('done')\n"
        "task = asyncio.create_task(later())"
    )
    engine.wait_for_text(b"tick 2")
    engine.wait_for(lambda events: any(event[0] == "display_data" for event in events), "the display")
    assert engine.call(lambda: task.done())  # noqa: F821


def test_calls_can_start_tasks(start):
    """Before anybody has imported asyncio."""
    engine = start()

    def begin():
        import asyncio

        async def later():
            await asyncio.sleep(0)
            print("later")

        globals()["kept"] = asyncio.ensure_future(later())
        return asyncio.get_running_loop() is asyncio.get_event_loop()

    assert engine.call(begin) is True
    engine.wait_for_text(b"later")
    assert engine.call(lambda: __import__("asyncio").get_event_loop().is_running()) is False


def test_calls_can_run_the_loop(engine):
    def run():
        import asyncio

        async def value():
            await asyncio.sleep(0)
            return 5

        return asyncio.get_event_loop().run_until_complete(value())

    assert engine.call(run) == 5
    assert engine.call(run) == 5


def test_servers_answer_between_tasks(engine):
    engine.run(
        "import asyncio\n"
        "async def answer(reader, writer):\n  writer.write(await reader.readline()); writer.close()\n"
        "server = await asyncio.start_server(answer, '127.0.0.1', 0)\n"
        "port = server.sockets[0].getsockname()[1]"
    )
    import socket

    address = engine.call(lambda: ("127.0.0.1", port))  # noqa: F821
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"hello\n")
        assert connection.recv(100) == b"hello\n"
    assert engine.call(lambda: 1) == 1
    engine.run("server.close(); await server.wait_closed()")


def test_threads_can_call_into_the_loop(engine):
    engine.run(
        "import asyncio, threading\n"
        "loop = asyncio.get_running_loop()\ngo = threading.Event()\n"
        "thread = threading.Thread(target=lambda: (go.wait(), loop.call_soon_threadsafe(print, 'called')))\n"
        "thread.start()"
    )
    engine.run("go.set()")
    engine.wait_for_text(b"called")


def test_executors(engine):
    engine.run(
        "import asyncio, threading\n"
        "go = threading.Event()\n"
        "asyncio.get_running_loop().run_in_executor(None, go.wait).add_done_callback(lambda f: print('executed'))"
    )
    engine.run("go.set()")
    engine.wait_for_text(b"executed")


@pytest.mark.parametrize("error", ["ValueError('callback')", "SystemExit(3)", "KeyboardInterrupt"])
def test_errors_in_callbacks_end_nothing(engine, error):
    engine.run(
        "import asyncio\n"
        "def fail():\n  print('failing', flush=True)\n"
        f"  raise {error}\n"
        "asyncio.get_running_loop().call_later(0.01, fail)"
    )
    engine.wait_for_text(b"failing")
    assert engine.call(lambda: 1) == 1


def test_a_task_that_never_ends_delays_nobody(engine):
    engine.run(
        "import asyncio\nasync def spin():\n  while True: await asyncio.sleep(0)\n"
        "spinning = asyncio.create_task(spin())"
    )
    for _ in range(20):
        assert engine.call(lambda: 1) == 1
    engine.run("spinning.cancel()")


def test_forked_children(engine):
    def fork(how):
        import os
        import sys

        child = os.fork()
        if child == 0:
            if how == "returns":
                print("from the child")
                return "twice?"
            if how == "raises":
                raise ValueError("in the child")
            sys.exit(5)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    reply = engine.apply(fork, "returns")
    assert (reply.value, reply.text()) == (0, "from the child\n")
    reply = engine.apply(fork, "raises")
    assert reply.value == 1 and "in the child" in reply.text("stderr") and reply.published("error") == []
    assert engine.apply(fork, "exits").value == 5


def test_forked_children_of_cells(engine):
    reply = engine.run(
        "import os\nchild = os.fork()\n"
        "if child: status = os.waitpid(child, 0)[1]\nelse: display('in the child')\nchild > 0"
    )
    assert [content["data"]["text/plain"] for content in reply.published("execute_result")] == ["True"]
    assert reply.published("display_data") == []
    reply = engine.run("child = os.fork()\nif child: status = os.waitpid(child, 0)[1]\nelse: 1/0\nstatus")
    assert reply.published("error") == []


def test_output_is_not_doubled_by_forks(engine):
    reply = engine.run(
        "import os\nprint('once', end=' ')\n"
        "child = os.fork()\nif not child: os._exit(0)\nx = os.waitpid(child, 0)\nprint('end')"
    )
    assert reply.text() == "once end\n"


def test_forks_while_output_is_flushed(engine):
    """A fork must not copy a stream that another thread is flushing: the child would wait for it forever."""
    reply = engine.run(
        "import os\nimport martlet_worker.streams as streams\n"
        "interval, streams.FLUSH_INTERVAL = streams.FLUSH_INTERVAL, 0\n"
        "statuses = set()\n"
        "for number in range(300):\n"
        "  print('x' * 1000, flush=False)\n"
        "  child = os.fork()\n"
        "  if not child:\n    print('child')\n    os._exit(0)\n"
        "  statuses.add(os.waitpid(child, 0)[1])\n"
        "streams.FLUSH_INTERVAL = interval\nstatuses"
    )
    assert reply.published("execute_result")[0]["data"]["text/plain"] == "{0}"
    assert reply.text().count("child") == 300


def test_multiprocessing(engine):
    reply = engine.run(
        "import multiprocessing\n"
        "def square(x):\n  print('child', x); return x * x\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: squares = pool.map(square, range(4))\n"
        "process = multiprocessing.get_context('fork').Process(target=square, args=(9,))\n"
        "process.start(); process.join()\n"
        "squares, process.exitcode"
    )
    assert [content["data"]["text/plain"] for content in reply.published("execute_result")] == ["([0, 1, 4, 9], 0)"]
    assert sorted(reply.text().split("\n")) == ["", *[f"child {n}" for n in (0, 1, 2, 3, 9)]]


def test_processes_that_are_spawned(engine):
    engine.begin("clear_request")
    engine.finish()
    reply = engine.run(
        "import multiprocessing, os\n"
        "process = multiprocessing.get_context('spawn').Process(target=os.write, args=(1, b'spawned'))\n"
        "process.start(); process.join(); process.exitcode"
    )
    assert reply.text() == "spawned"


def test_process_pools(engine):
    def pooled():
        import concurrent.futures
        import math
        import multiprocessing

        with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
            return list(pool.map(math.factorial, range(5)))

    assert engine.call(pooled) == [1, 1, 2, 6, 24]


def test_a_child_that_lives_on_does_not_keep_the_connection(start):
    engine = start()
    pid = engine.call(lambda: __import__("subprocess").Popen(["sleep", "600"]).pid)
    fork = engine.call(lambda: [pid for pid in [__import__("os").fork()] if pid or __import__("time").sleep(600)][0])
    engine.process.kill()
    with pytest.raises(EOFError):
        engine.receive()
    import os
    import signal

    os.kill(pid, signal.SIGKILL)
    os.kill(fork, signal.SIGKILL)
