"""From the process's start to `ready` or `failed`, and its end with the engine's."""

import os
import subprocess
import sys

import IPython
import pytest
from fake_engine import BOOTSTRAP


def test_ready_names_the_interpreter(start):
    engine = start()
    assert engine.started["type"] == "ready"
    assert engine.started["pid"] == engine.process.pid
    assert engine.started["executable"] == sys.executable
    assert engine.started["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(engine.started["packages"]) == {"IPython", "ipyparallel"}


def test_little_is_imported(start):
    engine = start()
    heavy = ["numpy", "zmq", "tornado", "ipykernel", "jupyter_client", "ipyparallel.client"]
    if IPython.version_info >= (9, 6):
        heavy.append("asyncio")  # earlier ones import it themselves

    def imported(names):
        import sys

        return [name for name in names if name in sys.modules]

    assert engine.call(imported, heavy) == []


def test_surroundings(start, tmp_path):
    engine = start(cwd=tmp_path)

    def surroundings():
        import os
        import sys

        return sys.path[0], sys.argv, os.getcwd(), sys.stdin.read(), os.fstat(0).st_rdev == os.stat("/dev/null").st_rdev

    assert engine.call(surroundings) == ("", [""], str(tmp_path), "", True)


def test_modules_of_the_working_directory_can_be_imported(start, tmp_path):
    (tmp_path / "beside.py").write_text("value = 5\n")
    assert start(cwd=tmp_path).run("import beside; beside.value").published("execute_result")[0]["data"] == {
        "text/plain": "5"
    }


def test_startup_lines_then_files(start, tmp_path):
    script = tmp_path / "start.py"
    script.write_text("from_script = from_line + 1\nprint('script in', __name__)\n")
    engine = start(startup={"lines": ["from_line = 1; print('line')"], "files": [str(script)]})
    assert engine.started["type"] == "ready"
    engine.wait_for_text(b"line\nscript in __main__\n")
    assert engine.call(lambda: (from_line, from_script)) == (1, 2)  # noqa: F821


def test_order_of_what_runs_first(start, tmp_path, monkeypatch):
    def file(name, text):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    extension = "def load_ipython_extension(shell):\n    shell.user_ns['order'] = ['extension']\n"
    file("my_extension.py", extension)
    monkeypatch.setenv("PYTHONSTARTUP", file("environment.py", "order.append('environment')"))
    startup = {
        "extensions": ["my_extension"],
        "profile_files": [file("1.py", "order.append('first')"), file("2.ipy", "%time order.append('second')")],
        "lines": ["order.append('line')"],
        "files": [file("script.py", "order.append('script')")],
    }
    engine = start(startup=startup, cwd=tmp_path)
    order = ["extension", "environment", "first", "second", "line", "script"]
    assert engine.call(lambda: order) == order  # noqa: F821


def test_options_of_the_shell(start):
    engine = start(shell_options={"colors": "nocolor", "cache_size": "10"})
    assert engine.call(lambda: get_ipython().cache_size) == 10  # noqa: F821
    (error,) = engine.execute("1/0").published("error")
    assert "\x1b[" not in "".join(error["traceback"])
    assert "TraitError" in start(shell_options={"cache_size": "many"}).started["message"]


def test_a_failing_startup_line_is_shown(start):
    engine = start(startup={"lines": ["1 / 0"]})
    assert engine.started["type"] == "ready"
    assert [event[1]["ename"] for event in engine.events if event[0] == "error"] == ["ZeroDivisionError"]


def test_startup_that_is_missing_is_shown(start):
    engine = start(startup={"extensions": ["no_such_extension"], "files": ["/no/such/file.py"], "lines": ["a = 1"]})
    assert engine.started["type"] == "ready"
    assert "ModuleNotFoundError" in [event[1]["ename"] for event in engine.events if event[0] == "error"]
    assert engine.call(lambda: a) == 1  # noqa: F821


def test_a_startup_line_that_exits(start):
    engine = start(startup={"lines": ["raise SystemExit(3)"]})
    assert engine.call(lambda: 1) == 1


def test_counting_of_cells_goes_on(start):
    engine = start(execution_count=5)
    reply = engine.run("6")
    assert reply.head["execution_count"] == 5
    assert reply.published("execute_result")[0]["execution_count"] == 5
    assert engine.run("7").content["execution_count"] == 6


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
    return str(directory / "bin" / "python")


def test_a_python_without_packages(start, bare_python):
    engine = start(python=bare_python)
    assert engine.started["type"] == "failed"
    assert "IPython" in engine.started["message"] and "ipyparallel" in engine.started["message"]
    assert f"{bare_python} -m pip install ipyparallel" in engine.started["message"]
    assert engine.wait() == 1


def test_a_python_that_is_too_old(start):
    engine = start(bootstrap=BOOTSTRAP.replace("MINIMUM = (3, 9)", "MINIMUM = (3, 99)"))
    assert engine.started["type"] == "failed"
    assert engine.started["message"].endswith("and Martlet's workers need 3.99 or later")
    assert sys.executable in engine.started["message"]
    assert engine.wait() == 1


def test_a_package_that_cannot_be_imported(start, bare_python, tmp_path):
    for name in ("IPython", "ipyparallel"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('this installation is broken')\n")
    engine = start(python=bare_python, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert engine.started["type"] == "failed"
    assert "this installation is broken" in engine.started["message"]
    assert engine.wait() == 1


def test_an_idle_worker_goes_with_its_engine(start, tmp_path):
    engine = start()

    def later(path):
        import atexit
        import pathlib
        import threading

        atexit.register(pathlib.Path(path).write_text, "exit handlers ran")
        # A thread that nobody waits for.
        threading.Thread(target=threading.Event().wait).start()

    engine.call(later, str(tmp_path / "file"))
    engine.socket.close()
    assert engine.wait() == 0
    assert (tmp_path / "file").read_text() == "exit handlers ran"


def test_a_message_that_nobody_understands(start):
    engine = start()
    engine.call(lambda: __import__("threading").Thread(target=__import__("threading").Event().wait).start())
    engine.send({"type": "nonsense"})
    assert engine.wait() == 1


def test_a_worker_whose_engine_dies_before_start(start):
    engine = start(start=False)
    engine.socket.close()
    assert engine.wait() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell nobody of a parent's death")
def test_a_busy_worker_dies_with_its_engine(tmp_path):
    program = (
        "import sys; from fake_engine import FakeEngine; engine = FakeEngine()\n"
        "engine.begin_execute('import time; print(\"busy\", flush=True); time.sleep(600)')\n"
        "engine.wait_for_text(b'busy')\n"
        "print(engine.process.pid, flush=True); sys.stdin.read()"
    )
    here = os.path.dirname(__file__)
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    worker = int(parent.stdout.readline())
    descriptor = os.pidfd_open(worker)
    parent.kill()
    parent.wait()
    import select

    assert select.select([descriptor], [], [], 30)[0], "the worker outlives its engine"
    os.close(descriptor)
