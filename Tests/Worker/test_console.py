"""`bind_kernel`: a Jupyter console connects to an engine's namespace."""

import os
import queue

import pytest
from test_interrupts import ALL

jupyter_client = pytest.importorskip("jupyter_client")


@pytest.fixture
def client(start, tmp_path):
    engine = start(env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)})

    def bind():
        import ipyparallel

        ipyparallel.bind_kernel()
        ipyparallel.bind_kernel()

    assert f"jupyter console --existing kernel-{engine.process.pid}.json" in engine.apply(bind).text()
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    client = jupyter_client.BlockingKernelClient(connection_file=str(path))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    yield engine, client
    client.stop_channels()
    engine.close()
    assert list(tmp_path.iterdir()) == []


def execute(client, code):
    outputs = []
    reply = client.execute_interactive(code, timeout=30, output_hook=outputs.append, allow_stdin=False)
    return reply["content"], [(output["msg_type"], output["content"]) for output in outputs]


def test_a_console(client):
    engine, client = client
    engine.run("from_engine = 5")
    content, outputs = execute(client, "print('printed'); from_console = from_engine + 1; from_console")
    assert content["status"] == "ok"
    assert ("stream", {"name": "stdout", "text": "printed\n"}) in outputs
    results = [content["data"] for msg_type, content in outputs if msg_type == "execute_result"]
    assert results == [{"text/plain": "6"}]
    reply = engine.apply(lambda: from_console)  # noqa: F821
    assert (reply.value, reply.events) == (6, [])
    content, _ = execute(client, "1 / 0")
    assert content["ename"] == "ZeroDivisionError"
    content, outputs = execute(client, "import asyncio\nawait asyncio.sleep(0)\ndisplay('shown')")
    assert content["status"] == "ok" and "display_data" in [output[0] for output in outputs]
    assert "from_engine" in client.complete("from_en", reply=True, timeout=30)["content"]["matches"]
    assert client.is_alive()
    client.shutdown()
    assert engine.run("print('to the engine')").text() == "to the engine\n"


def ask(client, msg_type):
    """Send a request to the control socket; return the content of its reply."""
    message = client.session.msg(msg_type, {})
    client.control_channel.send(message)
    while (reply := client.get_control_msg(timeout=30))["parent_header"]["msg_id"] != message["header"]["msg_id"]:
        pass
    return reply["content"]


def begin(client, code):
    """Send a cell, and wait until it has printed `go`."""
    request = client.execute(code)
    text = ""
    while "go" not in text:
        message = client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") == request and message["msg_type"] == "stream":
            text += message["content"]["text"]
    return request


def finish(client, request):
    """Return the content of the cell's reply."""
    while (reply := client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != request:
        pass
    return reply["content"]


FLOODING = "print('go')\nwhile True: print('flood' * 100)"


@pytest.mark.parametrize("code", [*ALL, FLOODING])
def test_a_console_interrupts_its_cell(client, code):
    engine, client = client
    request = begin(client, code)
    assert ask(client, "interrupt_request") == {"status": "ok"}
    content = finish(client, request)
    assert content["ename"] == "KeyboardInterrupt"
    assert "worker.interrupts" not in str(content["traceback"])
    assert engine.call(lambda: "not interrupted") == "not interrupted"


def test_the_engine_interrupts_a_consoles_cell(client):
    engine, client = client
    for code in ALL:
        request = begin(client, code)
        engine.interrupt()
        while True:
            try:
                engine.nudge()
                content = client.get_shell_msg(timeout=0.05)
                break
            except queue.Empty:
                pass
        assert content["parent_header"]["msg_id"] == request
        assert content["content"]["ename"] == "KeyboardInterrupt", code
        # That was not meant for what the engine sends later.
        assert engine.call(lambda: "not interrupted") == "not interrupted"


def test_an_interrupt_for_a_task_behind_a_consoles_cell(client):
    engine, client = client
    request = begin(client, "import time\nprint('go')\ntime.sleep(600)")
    engine.begin_execute("ran = True")
    engine.interrupt()
    assert finish(client, request)["ename"] == "KeyboardInterrupt"
    assert engine.finish().content["ename"] == "KeyboardInterrupt"


def test_a_console_interrupts_the_engines_task(client):
    engine, client = client
    engine.begin_execute("import time\nprint('go', flush=True)\ntime.sleep(600)")
    engine.wait_for_text(b"go")
    assert ask(client, "interrupt_request") == {"status": "ok"}
    assert engine.finish().content["ename"] == "KeyboardInterrupt"


def test_the_control_socket_while_a_cell_computes(client):
    engine, client = client
    request = begin(client, "print('go')\nwhile True: pass")
    assert ask(client, "kernel_info_request")["implementation"] == "martlet"
    assert ask(client, "debug_request")["ename"] == "NotImplementedError"
    assert ask(client, "shutdown_request")["status"] == "ok"
    assert ask(client, "interrupt_request")["status"] == "ok"
    assert finish(client, request)["ename"] == "KeyboardInterrupt"


def test_an_interrupt_of_nothing_does_nothing(client):
    engine, client = client
    for _ in range(20):
        assert ask(client, "interrupt_request") == {"status": "ok"}
        content, _ = execute(client, "1")
        assert content["status"] == "ok"
        assert ask(client, "interrupt_request") == {"status": "ok"}
        assert engine.call(lambda: "not interrupted") == "not interrupted"


def test_functions_that_a_client_sends(start, tmp_path):
    """Their code is the client's, with what it says of the engine's application and shell."""
    from ipyparallel import bind_kernel
    from ipyparallel.engine.datapub import publish_data

    engine = start(env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)})
    reply = engine.apply(publish_data, {"a": 1})
    assert reply.value is None and len(reply.published("data_message")) == 1
    assert "jupyter console --existing" in engine.apply(bind_kernel).text()


def test_the_magics_of_a_kernel(start, tmp_path):
    engine = start(env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")})

    def connection():
        import ipykernel

        return ipykernel.get_connection_file()

    assert engine.apply(connection).content["ename"] == "RuntimeError"
    engine.run("import ipyparallel; ipyparallel.bind_kernel()")
    name = f"kernel-{engine.process.pid}.json"
    assert engine.call(connection) == str(tmp_path / name)
    text = engine.run("%connect_info").text()
    assert '"shell_port"' in text and f"--existing {name}" in text
    file = tmp_path / "text.txt"
    file.write_text("a line of text")
    assert "a line of text" in str(engine.run(f"%less {file}").content["payload"])
    assert engine.run(f"%edit {file}").content["payload"][0]["source"] == "edit_magic"
    engine.run("x = 5\n%store x\ndel x\n%store -r x")
    assert engine.call(lambda: x) == 5  # noqa: F821
