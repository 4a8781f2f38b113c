"""Whatever goes wrong in a task is its error reply, and the worker goes on."""

import re
import sys

import pytest


def plain(lines):
    """Traceback lines without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))


def test_an_error_of_a_call(engine):
    def divide(a):
        return a / 0

    reply = engine.apply(divide, 1)
    content = reply.content
    assert reply.head == {"type": "reply", "status": "error", "dependencies_met": True}
    assert (content["ename"], content["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert content["engine_info"] == {"engine_uuid": "uuid-of-engine", "engine_id": 7, "method": "apply"}
    assert "\x1b[" in content["traceback"][0], "colours"
    assert "divide(a)" in plain(content["traceback"])
    assert "martlet_worker" not in plain(content["traceback"])
    assert "division by zero" in content["traceback"][-1]
    (published,) = reply.published("error")
    assert published == {key: content[key] for key in ("ename", "evalue", "traceback")}
    assert reply.buffers == []


def test_an_error_of_a_cell(engine):
    reply = engine.execute("def f():\n    raise KeyError('nobody')\nf()")
    content = reply.content
    assert (content["status"], content["ename"], content["evalue"]) == ("error", "KeyError", "'nobody'")
    assert content["engine_info"]["method"] == "execute"
    assert content["user_expressions"] == {} and content["payload"] == []
    assert "raise KeyError" in plain(content["traceback"])
    assert [error["ename"] for error in reply.published("error")] == ["KeyError"]


def test_a_wrong_call_has_no_frame_of_ours(engine):
    reply = engine.apply(lambda a: a)
    assert reply.content["ename"] == "TypeError"
    assert "martlet_worker" not in plain(reply.content["traceback"])


@pytest.mark.parametrize("code", ["x ===", "if True:", "  1\n 2", "'abc"])
def test_syntax_errors(engine, code):
    reply = engine.execute(code)
    assert reply.content["status"] == "error"
    assert reply.content["ename"] in ("SyntaxError", "IndentationError", "_IncompleteInputError")
    assert reply.content["traceback"]
    assert len(reply.published("error")) == 1


def test_unknown_magics_and_usage_errors(engine):
    for code in ("%no_such_magic", "%timeit -q", "%run", "%%no_such_magic\n1"):
        reply = engine.execute(code)
        if reply.content["status"] == "error":
            assert reply.content["ename"] and reply.content["traceback"], code


def test_exits(engine):
    for status in (0, 3, "bye"):
        reply = engine.apply(lambda status: __import__("sys").exit(status), status)
        assert (reply.content["ename"], reply.content["evalue"]) == ("SystemExit", str(status))
    for code in ("import sys; sys.exit(3)", "raise SystemExit"):
        assert engine.execute(code).content["ename"] == "SystemExit"
    reply = engine.run("exit")
    assert [payload["source"] for payload in reply.content["payload"]] == ["ask_exit"]


def test_recursion(engine):
    def deeper(n):
        def down(n):
            return down(n + 1)

        return down(n)

    assert engine.apply(deeper, 0).content["ename"] == "RecursionError"
    assert engine.execute("def down(): down()\ndown()").content["ename"] == "RecursionError"


def test_memory_error(engine):
    assert engine.apply(lambda: bytearray(1 << 62)).content["ename"] == "MemoryError"


def test_errors_without_text(engine):
    def fail():
        class Mute(Exception):
            def __str__(self):
                raise ValueError("no text")

            __repr__ = __str__

        raise Mute

    reply = engine.apply(fail)
    assert reply.content["ename"] == "Mute"
    assert "ValueError" in reply.content["evalue"]
    assert reply.content["traceback"]
    reply = engine.execute("class Mute(Exception):\n  def __str__(self): raise ValueError('no')\nraise Mute")
    assert reply.content["ename"] == "Mute" and reply.content["traceback"]


def test_errors_that_cannot_be_pickled(engine):
    def fail():
        error = ValueError("with a lock")
        error.lock = __import__("threading").Lock()
        raise error

    assert engine.apply(fail).content["evalue"] == "with a lock"


def test_results_that_cannot_be_pickled(engine):
    reply = engine.apply(lambda: __import__("threading").Lock())
    assert reply.content["ename"] == "TypeError" and "lock" in reply.content["evalue"]

    def awkward():
        class Awkward:
            def __reduce__(self):
                raise OSError("stays here")

        return Awkward()

    assert engine.apply(awkward).content["evalue"] == "stays here"


def test_errors_with_surrogates(engine):
    reply = engine.apply(lambda: (_ for _ in ()).throw(ValueError("\udc80 ü")))
    assert reply.content["evalue"] == "\udc80 ü"
    assert engine.execute("raise ValueError('\\udc80')").content["evalue"] == "\udc80"


def test_base_exceptions_and_groups(engine):
    for name in ("GeneratorExit", "KeyboardInterrupt", "BaseException"):
        reply = engine.execute(f"raise {name}('x')")
        assert reply.content["ename"] == name
    if sys.version_info < (3, 11):
        return
    reply = engine.execute("raise ExceptionGroup('several', [ValueError(1), TypeError(2)])")
    assert reply.content["ename"] == "ExceptionGroup"
    assert reply.content["traceback"]


def test_requests_that_are_not_understood(engine):
    engine.begin("apply_request", buffers=[b"not a pickle", b"x"])
    assert engine.finish().content["ename"] == "UnpicklingError"
    engine.begin("apply_request")
    assert engine.finish().content["status"] == "error"
    engine.begin("execute_request", {})
    assert engine.finish().content["ename"] == "KeyError"
    engine.begin("unheard_of_request", {})
    reply = engine.finish()
    assert reply.content["status"] == "error" and "unheard_of_request" in reply.content["evalue"]


def test_input_is_refused_at_once(engine):
    for code in ("input('name? ')", "import getpass; getpass.getpass()"):
        reply = engine.execute(code)
        assert reply.content["ename"] == "StdinNotImplementedError"
    assert engine.apply(lambda: input()).content["ename"] == "StdinNotImplementedError"


def test_attempts_to_break_the_worker(engine):
    for code in (
        "import sys; sys.stdout = None",
        "import sys; sys.stdout = sys.__stdout__; sys.stdout.close()",
        "import sys; sys.stdin = None; sys.stderr = object()",
        "import sys; sys.stderr = sys.__stderr__",
        "import os, tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
        "import os; os.chdir('/')",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import asyncio; asyncio.get_event_loop().close()",
        "import asyncio; asyncio.set_event_loop(None)",
        "import sys; sys.displayhook = None",
        "import sys; sys.excepthook = None",
        "import builtins; builtins.print = None; del builtins.print",
        "import builtins, functools; exec('import builtins; builtins.print = __orig', {'__orig': lambda *a: None})",
        "import sys; del sys.modules['__main__']",
        "import sys; sys.setrecursionlimit(200); sys.setrecursionlimit(1000)",
        "import gc; gc.collect()",
    ):
        engine.execute(code)
        assert engine.call(lambda: 1) == 1, code
    assert engine.run("7").published("execute_result")
