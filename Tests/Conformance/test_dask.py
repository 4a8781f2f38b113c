"""Dask's scheduler beside the hub: ``Client.become_dask`` and ``stop_dask`` with unmodified clients and engines."""

import sys

import distributed
import ipyparallel as ipp
import psutil
import pytest
from harness import wait_until
from ipyparallel import interactive


def become(client, **scheduler_args):
    """Ask the hub for the scheduler, as ``Client.become_dask`` does first."""
    reply = client._send_recv(client._query_stream, "become_dask_request", {"scheduler_args": scheduler_args})
    return reply["content"]


def schedulers(cluster):
    """The children of the controller."""
    controller = next(process for process in cluster.processes if process.name.startswith("controller"))
    return psutil.Process(controller.child.pid).children()


@pytest.fixture
def dask_cluster(cluster):
    cluster.start_controller(arguments=[f"--python={sys.executable}"])
    return cluster


@pytest.mark.parametrize("engines", ["python", "martlet"])
def test_dask_on_engines(dask_cluster, engines):
    getattr(dask_cluster, f"start_{engines}_engines")(2)
    client = dask_cluster.client(engines=2)
    dask = client.become_dask(scheduler_args={"host": "127.0.0.1", "dashboard_address": ":0"})
    try:
        assert dask.submit(lambda x: x + 1, 41).result(timeout=30) == 42
        # Engines start their workers in the background.
        dask.wait_for_workers(2, timeout=30)
    finally:
        dask.close()
    client.stop_dask()
    wait_until(lambda: not schedulers(dask_cluster), "the end of the scheduler")
    assert client[:].apply_sync(interactive(lambda: 1)) == [1, 1]


def test_one_scheduler_for_all(dask_cluster):
    first, second = (dask_cluster.client() for _ in range(2))
    contents = [become(client, host="127.0.0.1", dashboard_address=":0") for client in (first, second)]
    assert contents[0] == contents[1]
    assert contents[0]["status"] == "ok" and contents[0]["address"].endswith(f":{contents[0]['port']}")
    assert len(schedulers(dask_cluster)) == 1
    for _ in range(2):
        stopped = first._send_recv(first._query_stream, "stop_distributed_request")
        assert stopped["content"] == {"status": "ok"}
    again = become(second, host="127.0.0.1", dashboard_address=":0")
    assert again["status"] == "ok"


def test_the_scheduler_ends_with_a_killed_controller(dask_cluster):
    client = dask_cluster.client()
    become(client, host="127.0.0.1", dashboard_address=":0")
    [scheduler] = schedulers(dask_cluster)
    controller = dask_cluster.processes.pop(0)
    controller.kill()

    def has_ended():
        try:
            return scheduler.status() == "zombie"
        except psutil.NoSuchProcess:
            return True

    wait_until(has_ended, "the end of the scheduler")


def test_bad_arguments_are_the_schedulers_error(dask_cluster):
    content = become(dask_cluster.client(), no_such_argument=1)
    assert content["status"] == "error" and content["ename"] == "TypeError"
    assert "no_such_argument" in content["evalue"]


@pytest.mark.parametrize(
    "arguments, ename, text",
    [
        (["--python=/no/such/python"], "ImportError", "/no/such/python"),
        (["--python=/bin/false"], "ImportError", "pip install distributed"),
        (["--no-python"], "PermissionError", "--no-python"),
    ],
    ids=["missing", "useless", "refused"],
)
def test_the_error_says_why_there_is_no_scheduler(cluster, arguments, ename, text):
    cluster.start_controller(arguments=arguments)
    client = cluster.client()
    content = become(client)
    assert content["ename"] == ename and text in content["evalue"]
    with pytest.raises(ipp.RemoteError, match=ename):
        raise client._unwrap_exception(content)
    assert client.ids == []
