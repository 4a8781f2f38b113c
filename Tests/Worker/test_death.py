"""Workers that die in a task, and what the engine can tell of it."""

import signal

import pytest


def crash():
    import ctypes

    ctypes.string_at(0)


def test_segmentation_fault(start):
    engine = start()
    engine.begin_apply(crash)
    with pytest.raises(EOFError):
        engine.finish()
    assert engine.wait() == -signal.SIGSEGV
    errors = b"".join(event[1] for event in engine.events if event[0] == "stderr")
    assert b"Segmentation fault" in errors and b"in crash" in errors


def test_exit_without_ceremony(start):
    engine = start()
    engine.begin_apply(lambda: __import__("os")._exit(7))
    with pytest.raises(EOFError):
        engine.finish()
    assert engine.wait() == 7


def test_killed(start):
    engine = start()
    engine.begin_execute("import time; print('go', flush=True); time.sleep(600)")
    engine.wait_for_text(b"go")
    engine.process.kill()
    with pytest.raises(EOFError):
        engine.finish()


def test_outlives_sigterm(start):
    """It is the engine that decides. What user code forks ends as usual."""
    engine = start()
    engine.process.terminate()
    code = """
import multiprocessing, time
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=[600])
child.start()
child.terminate()
child.join()
print("ended with", child.exitcode, flush=True)
"""
    engine.begin_execute(code)
    engine.wait_for_text(b"ended with -15")
    engine.finish()


def test_abort(start):
    engine = start()
    engine.begin_execute("import os, sys\nsys.stderr = open(os.devnull, 'w')\nos.abort()")
    with pytest.raises(EOFError):
        engine.finish()
    assert engine.wait() == -signal.SIGABRT
    assert b"Aborted" in b"".join(event[1] for event in engine.events if event[0] == "stderr")
