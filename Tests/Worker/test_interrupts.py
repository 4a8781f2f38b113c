"""SIGINT reaches the running task and nothing else."""

import signal

import pytest

COMPUTING = "print('go', flush=True)\nwhile True: pass"
SLEEPING = "import time\nprint('go', flush=True)\ntime.sleep(600)"
READING = "import os\nr, w = os.pipe()\nprint('go', flush=True)\nos.read(r, 1)"
LOCKED = "import threading\nlock = threading.Lock(); lock.acquire()\nprint('go', flush=True)\nlock.acquire()"
WAITING = "import subprocess\nprint('go', flush=True)\nsubprocess.run(['sleep', '600'])"
AWAITING = "import asyncio\nprint('go', flush=True)\nawait asyncio.sleep(600)"
AWAITING_MANY = "import asyncio\nprint('go', flush=True)\nawait asyncio.gather(*[asyncio.sleep(600) for _ in range(3)])"
# The signal strikes in a task of the loop that is not the cell's own.
COMPUTING_BESIDE = (
    "import asyncio\nasync def compute():\n  print('go', flush=True)\n  while True: pass\n"
    "await asyncio.gather(compute(), asyncio.sleep(600))"
)
BLOCKING_COROUTINE = "import time, asyncio\nawait asyncio.sleep(0)\nprint('go', flush=True)\ntime.sleep(600)"
# Another thread gets the signal, which cuts no system call short, like one that strikes just before the call.
MISSED = (
    "import signal, threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
    "try:\n  print('go', flush=True)\n  time.sleep(600)\n"
    "finally: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])"
)
# Without the warning about forks beside threads, as Python loses signals that strike while it is printed.
FORKING = (
    "import os, warnings\nwarnings.simplefilter('ignore')\nprint('go', flush=True)\n"
    "while True:\n  child = os.fork()\n  if not child: os._exit(0)\n  os.waitpid(child, 0)"
)

ALL = [COMPUTING, SLEEPING, READING, LOCKED, WAITING, AWAITING, AWAITING_MANY, COMPUTING_BESIDE, BLOCKING_COROUTINE, MISSED]


@pytest.mark.parametrize("code", ALL)
def test_cells(engine, code):
    engine.begin_execute(code)
    engine.wait_for_text(b"go")
    engine.interrupt()
    reply = engine.finish()
    assert reply.content["ename"] == "KeyboardInterrupt"
    assert reply.content["traceback"] and "worker.interrupts" not in str(reply.content["traceback"])
    assert [error["ename"] for error in reply.published("error")] == ["KeyboardInterrupt"]


def test_commands(engine):
    engine.begin_execute("!echo go; sleep 600")
    engine.wait_for_text(b"go")
    engine.interrupt()
    engine.finish()


@pytest.mark.parametrize("event", ["pre_execute", "pre_run_cell", "post_execute", "post_run_cell"])
def test_what_is_called_before_and_after_cells(engine, event):
    """IPython drops what is raised there; the cell must end nevertheless."""

    def register(event):
        import time

        def wait(*arguments):
            shell.events.unregister(event, wait)
            print("go", flush=True)
            time.sleep(600)

        shell = get_ipython()  # noqa: F821
        shell.events.register(event, wait)

    engine.run("ran = False")
    engine.call(register, event)
    engine.begin_execute("ran = True")
    engine.wait_for_text(b"go")
    engine.interrupt()
    assert engine.finish().content["ename"] == "KeyboardInterrupt"
    assert engine.call(lambda: ran) is event.startswith("post")  # noqa: F821


def test_forks(engine):
    """Python drops what is raised in functions that are called around a fork; a signal may strike there too."""
    for _ in range(30):
        engine.begin_execute(FORKING)
        engine.wait_for_text(b"go")
        engine.interrupt()
        assert engine.finish().content["ename"] == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("function", "event"),
    [("pause", "return"), ("resume", "call"), ("before_fork", "return"), ("after_fork", "call"), ("_forked", "call")],
)
def test_what_surrounds_a_fork_is_not_cut_short(engine, function, event):
    """The worker's own functions hold a lock and change a handler, which would stay so."""
    fork = "child = os.fork()\nif not child: os._exit(0)\nos.waitpid(child, 0)\n"
    engine.begin_execute(
        "import os, signal, sys, time\ndef strike(frame, event, argument):\n"
        f"  if (frame.f_code.co_name, event) == ({function!r}, {event!r}):\n"
        f"    sys.setprofile(None)\n    signal.raise_signal(signal.SIGINT)\nsys.setprofile(strike)\n{fork}time.sleep(600)"
    )
    assert engine.finish().content["ename"] == "KeyboardInterrupt"
    engine.begin_execute(f"{fork}assert callable(signal.getsignal(signal.SIGTERM))")
    assert engine.finish().content["status"] == "ok"


@pytest.mark.parametrize("code", [COMPUTING, SLEEPING, READING])
def test_calls(engine, code):
    engine.begin_apply(exec, code)
    engine.wait_for_text(b"go")
    engine.interrupt()
    assert engine.finish().content["ename"] == "KeyboardInterrupt"


def test_a_signal_for_the_last_task_does_not_hit_the_next(engine):
    for _ in range(20):
        engine.interrupt()
        assert engine.call(lambda: 1) == 1
        assert engine.run("1").content["status"] == "ok"


@pytest.mark.parametrize("early", ["before it is sent", "when it is sent"])
def test_a_signal_for_a_task_that_has_not_begun(engine, early):
    """The engine has sent the request, and the worker has not read it."""
    engine.call(lambda: None)
    count = engine.interrupts
    if early == "before it is sent":
        # As the worker sees it when a request is on its way: the signal first. Stopped, so that it is not read at once.
        engine.process.send_signal(signal.SIGSTOP)
    engine.begin_execute("import time; time.sleep(600)")
    engine.interrupt()
    engine.process.send_signal(signal.SIGCONT)
    assert engine.finish().content["ename"] == "KeyboardInterrupt"
    assert engine.interrupts == count + 1


def test_a_task_may_handle_its_interrupt(engine):
    engine.begin_execute(
        "import time\n"
        "try:\n  print('go', flush=True); time.sleep(600)\n"
        "except KeyboardInterrupt:\n  print('handled', flush=True)\n"
        "time.sleep(600)"
    )
    engine.wait_for_text(b"go")
    engine.interrupt()
    engine.wait_for_text(b"handled")
    engine.interrupt()
    assert engine.finish().content["ename"] == "KeyboardInterrupt"


def test_a_task_that_changes_the_handler(engine):
    engine.run("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)")
    engine.begin_execute(SLEEPING)
    engine.wait_for_text(b"go")
    engine.interrupt()
    assert engine.finish().content["ename"] == "KeyboardInterrupt"


def test_while_a_message_is_written(engine):
    """The worker sits in the middle of a message until this test reads it; the message has to arrive whole."""
    engine.begin_execute(
        "from IPython.display import display, HTML\nprint('go', flush=True)\nwhile True: display(HTML('x' * 3_000_000))"
    )
    engine.wait_for_text(b"go")
    engine.interrupt()
    reply = engine.finish()
    assert reply.content["ename"] == "KeyboardInterrupt"
    assert all(len(content["data"]["text/html"]) == 3_000_000 for content in reply.published("display_data"))


def test_a_storm_of_signals(engine):
    """Wherever a signal strikes, there is one reply to each request, and it is whole."""
    seen = set()
    for index in range(150):
        engine.begin_apply(lambda n: sum(range(n)), 200 * (index % 50))
        for _ in range(index % 4):
            engine.interrupt()
        seen.add(engine.finish().content["status"])
        engine.begin_execute(f"sum(range({200 * (index % 50)}))")
        for _ in range(index % 3):
            engine.interrupt()
        seen.add(engine.finish().content["status"])
    assert seen <= {"ok", "error"}
    engine.call(lambda: None)


def test_tasks_in_the_background_survive(engine):
    engine.run(
        "import asyncio\nasync def tick():\n  while True: await asyncio.sleep(0.001)\n"
        "ticking = asyncio.create_task(tick())"
    )
    for _ in range(5):
        engine.interrupt()
    engine.begin_execute(AWAITING)
    engine.wait_for_text(b"go")
    engine.interrupt()
    assert engine.finish().content["ename"] == "KeyboardInterrupt"
    assert engine.call(lambda: ticking.done()) is False  # noqa: F821
    assert engine.call(lambda: ticking.cancel()) is True  # noqa: F821
