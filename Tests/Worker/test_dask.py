"""An engine that becomes a Dask worker, where the package is installed."""

import pytest

distributed = pytest.importorskip("distributed")


def test_an_engine_becomes_a_dask_worker_and_stops(start):
    from ipyparallel import util

    engine = start()
    options = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(n_workers=0, **options) as cluster, distributed.Client(cluster) as client:
        engine.call(util.become_dask_worker, cluster.scheduler_address)
        client.wait_for_workers(1, timeout=30)
        assert client.submit(lambda x: x + 1, 5).result(timeout=30) == 6
        assert engine.call(lambda: repr(distributed_worker)).startswith("<Worker")  # noqa: F821
        assert engine.call(lambda: "still an engine") == "still an engine"
        assert client.submit(lambda: __import__("os").getpid()).result(timeout=30) == engine.process.pid
        engine.call(util.stop_distributed_worker)
        engine.wait_for(lambda events: not cluster.scheduler.workers, "the Dask worker's end")
    assert engine.apply(lambda: distributed_worker).content["ename"] == "NameError"  # noqa: F821
