"""What tasks print arrives in order, complete, and in time."""

import sys

import pytest


def test_output_comes_before_the_messages_that_follow_it(engine):
    reply = engine.run("for i in range(3):\n  print('line', i)\n  display(i)\n'last'")
    printed = b""
    expected = 0
    for event in reply.events:
        if event[0] == "stdout":
            printed += event[1]
        if event[0] == "display_data":
            assert b"line %d\n" % expected in printed
            expected += 1
    assert expected == 3
    assert [event[0] for event in reply.events if event[0] != "stdout"] == [
        "execute_input",
        *["display_data"] * 3,
        "execute_result",
    ]


def test_both_streams_arrive_before_the_reply(engine):
    def both():
        import sys

        print("out, no newline", end="")
        print("err", file=sys.stderr, end="")

    reply = engine.apply(both)
    assert (reply.text(), reply.text("stderr")) == ("out, no newline", "err")


def test_printed_before_an_error(engine):
    reply = engine.execute("print('before', end='')\n1/0")
    assert [event[0] for event in reply.events] == ["execute_input", "stdout", "error"]


def test_output_of_a_running_task_arrives(engine):
    engine.begin_execute(
        "import threading, sys\ngo = threading.Event()\nprint('no newline', end='')\nsys.stderr.write('e')\ngo.wait(60)"
    )
    engine.wait_for_text(b"no newline")
    engine.wait_for_text(b"e", "stderr")
    engine.interrupt()
    engine.finish()


def test_output_that_arrives_together_with_the_reply(engine):
    engine.begin_execute("print('go')")
    engine.wait_until_sent(b'"type": "reply"')
    engine.wait_for_text(b"go")
    assert engine.finish().text() == "go\n"


def test_bytes_written_below_the_text_layer(engine):
    engine.begin_execute("import sys, time\nx = sys.stdout.buffer.write(b'raw bytes')\ntime.sleep(600)")
    engine.wait_for_text(b"raw bytes")
    engine.interrupt()
    engine.finish()
    assert engine.run("x = sys.__stdout__.buffer.write(b'raw')").text() == "raw"


def test_descriptors(engine):
    reply = engine.run(
        "import sys, os\nx = os.write(sys.stdout.fileno(), b'one'), os.write(sys.stderr.fileno(), b'two')"
    )
    assert (reply.text(), reply.text("stderr")) == ("one", "two")
    assert engine.call(lambda: (__import__("sys").stdout.isatty(), __import__("sys").stdout.encoding)) == (
        False,
        "utf-8",
    )


def test_output_of_c_code(engine):
    def printf():
        import ctypes

        libc = ctypes.CDLL(None)
        libc.printf(b"from C\n")
        libc.fflush(None)

    assert engine.apply(printf).text() == "from C\n"


def test_a_lot_of_output(engine):
    size = 100_000_000

    def lots(size):
        line = "x" * 999
        for _ in range(size // 1000):
            print(line)

    reply = engine.apply(lots, size)
    assert sum(len(event[1]) for event in reply.events if event[0] == "stdout") == size
    peak = engine.call(lambda: __import__("resource").getrusage(__import__("resource").RUSAGE_SELF).ru_maxrss)
    assert peak < (400_000 if sys.platform == "linux" else 400_000_000)
    reply = engine.run(f"print('y' * {size // 10})")
    assert len(reply.text()) == size // 10 + 1


def test_surrogates_and_unicode(engine):
    assert engine.run("print('ü€𝄞')").text() == "ü€𝄞\n"
    assert engine.run("print('lone \\udc80 surrogate', chr(0xd800))").text() == "lone \\udc80 surrogate \\ud800\n"


def test_redirected_streams(engine):
    engine.run("import sys, io\nkept = io.StringIO(); sys.stdout = kept\nprint('inside')")
    assert engine.run("sys.stdout = sys.__stdout__\nprint(kept.getvalue())").text() == "inside\n\n"


def test_threads_go_on_printing_after_the_reply(engine):
    engine.run(
        "import threading\ngo = threading.Event()\n"
        "def work():\n  go.wait(); print('from a thread'); display('shown by a thread')\n"
        "thread = threading.Thread(target=work); thread.start()"
    )
    engine.run("go.set()")
    engine.wait_for_text(b"from a thread")
    engine.wait_for(lambda events: any(event[0] == "display_data" for event in events), "the display")


def test_many_threads(engine):
    reply = engine.run(
        "import threading\n"
        "def work(n):\n  for i in range(200): print(f'{n}-{i}')\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()"
    )
    assert sorted(reply.text().split()) == sorted(f"{n}-{i}" for n in range(8) for i in range(200))


def test_logging(engine):
    reply = engine.run("import logging; logging.getLogger('x').warning('logged')")
    assert "logged" in reply.text("stderr")


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONUNBUFFERED": "1"}])
def test_whatever_the_locale(start, environment):
    import os

    engine = start(env={**os.environ, **environment})
    assert engine.run("print('ü')").text() == "ü\n"
