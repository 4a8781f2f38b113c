"""`bind_kernel`: a Jupyter console connects to an engine's namespace."""

import os

import pytest

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
