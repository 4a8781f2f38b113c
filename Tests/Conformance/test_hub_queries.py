"""An unmodified client's queries to the hub: history, records, purge, resubmit, status of queues and results."""

import sqlite3
from datetime import datetime, timedelta, timezone

import ipyparallel as ipp
import pytest
from conftest import running_cluster
from harness import TIMEOUT, wait_until
from ipyparallel import error, interactive

double = interactive(lambda x: 2 * x)
fail = interactive(lambda: 1 / 0)


@interactive
def pause(seconds):
    import time

    time.sleep(seconds)
    return seconds


@pytest.fixture(scope="module", params=["--dictdb", "--sqlitedb"], ids=["memory", "sqlite"])
def store_cluster(request):
    """A cluster of two engines with each kind of store."""
    with running_cluster("python", 2, [request.param]) as cluster:
        yield cluster


@pytest.fixture
def client(store_cluster):
    """A client with an empty store."""
    client = store_cluster.client(engines=2)
    client.purge_hub_results("all")
    yield client
    client.close()


def run(client, values=range(4)):
    """Finishes tasks on both engines in turn and returns their ids in order."""
    ids = []
    for value in values:
        result = client[value % 2].apply_async(double, value)
        result.get(timeout=TIMEOUT)
        ids += result.msg_ids
    recorded(client, ids)
    return ids


def recorded(client, ids):
    """Wait for the hub's records of finished tasks: a reply can reach the client before the report reaches the hub."""
    finished = {"msg_id": {"$in": list(ids)}, "completed": {"$ne": None}}
    wait_until(lambda: len(client.db_query(finished, keys=["msg_id"])) == len(ids), "records of the results")


class TestHistory:
    def test_in_order_of_submission(self, client):
        ids = run(client)
        assert client.hub_history() == ids

    def test_of_another_client(self, client, store_cluster):
        ids = run(client)
        other = store_cluster.client(engines=2)
        assert other.hub_history() == ids
        assert [result.get(timeout=TIMEOUT) for result in map(other.get_result, ids)] == [0, 2, 4, 6]
        other.close()


class TestQueries:
    @pytest.fixture
    def ids(self, client):
        return run(client)

    def found(self, client, query):
        return [record["msg_id"] for record in client.db_query(query, keys=["msg_id"])]

    @pytest.mark.parametrize(
        ("operator", "expected"),
        [("$lt", [0]), ("$lte", [0, 1]), ("$gt", [2, 3]), ("$gte", [1, 2, 3]), ("$ne", [0, 2, 3]), ("$eq", [1])],
    )
    def test_comparison(self, operator, expected, client, ids):
        [record] = client.db_query({"msg_id": ids[1]}, keys=["msg_id", "submitted"])
        found = self.found(client, {"submitted": {operator: record["submitted"]}})
        assert sorted(found) == sorted(ids[index] for index in expected)

    def test_range_of_times(self, client, ids):
        now = datetime.now(timezone.utc)
        assert self.found(client, {"completed": {"$gt": now - timedelta(minutes=5), "$lt": now}}) == ids
        assert self.found(client, {"completed": {"$gt": now + timedelta(minutes=5)}}) == []

    def test_in_and_nin(self, client, ids):
        assert self.found(client, {"msg_id": {"$in": [ids[0], ids[3], "none"]}}) == [ids[0], ids[3]]
        assert self.found(client, {"msg_id": {"$nin": ids[:3]}}) == ids[3:]

    def test_of_one_engine(self, client, ids):
        [record] = client.db_query({"msg_id": ids[1]}, keys=["msg_id", "engine_uuid"])
        assert self.found(client, {"engine_uuid": record["engine_uuid"]}) == ids[1::2]

    def test_conditions_together(self, client, ids):
        [record] = client.db_query({"msg_id": ids[1]}, keys=["msg_id", "engine_uuid"])
        query = {"engine_uuid": record["engine_uuid"], "msg_id": {"$ne": ids[1]}, "completed": {"$ne": None}}
        assert self.found(client, query) == [ids[3]]

    def test_none(self, client, ids):
        assert self.found(client, {"completed": None}) == []
        assert self.found(client, {"resubmitted": None}) == ids
        assert self.found(client, {"label": "no such label"}) == []

    def test_all_fields(self, client, ids):
        [record] = client.db_query({"msg_id": ids[0]})
        assert record["msg_id"] == ids[0]
        assert record["header"]["msg_type"] == "apply_request"
        assert record["result_header"]["msg_type"] == "apply_reply"
        assert record["client_uuid"] == client.session.session
        assert record["queue"] == "mux"
        assert record["submitted"] <= record["started"] <= record["completed"]
        assert isinstance(record["submitted"], datetime)

    def test_buffers(self, client, ids):
        records = client.db_query({}, keys=["msg_id", "buffers", "result_buffers"])
        assert [record["msg_id"] for record in records] == ids
        assert all(record["buffers"] and record["result_buffers"] for record in records)

    @pytest.mark.parametrize("query", [{"msg_id": {"$nope": 1}}, {"no_such_column": 1}], ids=str)
    def test_unusable(self, query, client, ids):
        with pytest.raises(error.RemoteError) as caught:
            client.db_query(query, keys=["msg_id"])
        assert caught.value.ename and caught.value.evalue


class TestPurge:
    def test_one(self, client, store_cluster):
        ids = run(client)
        client.purge_hub_results(ids[1])
        assert client.hub_history() == [ids[0], *ids[2:]]
        # The client that submitted a task knows its result without the hub.
        other = store_cluster.client(engines=2)
        with pytest.raises(error.RemoteError) as caught:
            other.result_status(ids[1], status_only=False)
        assert caught.value.ename == "KeyError"
        assert ids[1] in caught.value.evalue
        other.close()

    def test_of_an_engine(self, client):
        ids = run(client)
        client.purge_hub_results([], targets=[0])
        assert client.hub_history() == ids[1::2]

    def test_all(self, client):
        run(client)
        client.purge_hub_results("all")
        assert client.hub_history() == []

    def test_a_running_task_is_refused(self, client):
        result = client[0].apply_async(pause, 1)
        wait_until(lambda: client.queue_status()[0]["queue"], "the task")
        with pytest.raises(error.RemoteError) as caught:
            purge(client, result)
        assert caught.value.ename == "IndexError"
        assert result.get(timeout=TIMEOUT) == 1
        client.purge_hub_results("all")


def purge(client, result):
    """Purge on the hub directly: the client's own method refuses before it sends a request."""
    content = {"engine_ids": [], "msg_ids": result.msg_ids}
    reply = client._send_recv(client._query_stream, "purge_request", content)["content"]
    if reply["status"] != "ok":
        raise client._unwrap_exception(reply)


class TestResubmit:
    def test_from_another_client(self, client, store_cluster):
        result = client.load_balanced_view().apply_async(double, 21)
        result.get(timeout=TIMEOUT)
        other = store_cluster.client(engines=2)
        recorded(other, result.msg_ids)
        again = other.resubmit(result.msg_ids)
        assert again.get(timeout=TIMEOUT) in (42, [42])
        assert again.msg_ids != result.msg_ids
        [record] = other.db_query({"msg_id": result.msg_ids[0]}, keys=["msg_id", "resubmitted"])
        assert record["resubmitted"] == again.msg_ids[0]
        other.close()

    def test_a_failed_task_fails_again(self, client):
        result = client.load_balanced_view().apply_async(fail)
        with pytest.raises(error.RemoteError):
            result.get(timeout=TIMEOUT)
        recorded(client, result.msg_ids)
        with pytest.raises(error.RemoteError) as caught:
            client.resubmit(result.msg_ids).get(timeout=TIMEOUT)
        assert "ZeroDivisionError" in str(caught.value)

    def test_of_an_unknown_task(self, client):
        with pytest.raises((error.RemoteError, KeyError)) as caught:
            client.resubmit(["unknown"])
        assert "unknown" in str(caught.value)


class TestStates:
    def test_queue_status(self, client):
        before = client.queue_status(verbose=True)[0]
        direct = [client[0].apply_async(pause, 0.5) for _ in range(3)]
        [first, *rest] = [result.msg_ids[0] for result in direct]
        status = wait_until(lambda: (s := client.queue_status([0, 1], verbose=True))[0]["queue"] and s, "the queue")
        assert status[0]["queue"][-1] in [first, *rest]
        counts = client.queue_status([0])[0]
        assert isinstance(counts["queue"], int) and counts["tasks"] == 0
        client.wait(direct, timeout=TIMEOUT)
        wait_until(lambda: client.queue_status()[0]["queue"] == 0, "the empty queue")
        after = client.queue_status(verbose=True)[0]
        assert after["completed"][len(before["completed"]) :] == [first, *rest]

    def test_queue_status_of_tasks(self, client):
        view = client.load_balanced_view()
        results = [view.apply_async(pause, 0.5) for _ in range(4)]
        ids = [result.msg_ids[0] for result in results]
        wait_until(lambda: client.queue_status()["unassigned"] == 2, "two tasks of four in the queue")
        status = client.queue_status(verbose=True)
        assert sorted(status[0]["tasks"] + status[1]["tasks"] + status["unassigned"]) == sorted(ids)
        client.wait(results, timeout=TIMEOUT)

    def test_result_status(self, client, store_cluster):
        finished = client[0].apply_async(double, 1)
        finished.get(timeout=TIMEOUT)
        running = client[1].apply_async(pause, 1)
        other = store_cluster.client(engines=2)
        recorded(other, finished.msg_ids)
        wait_until(lambda: other.db_query({"msg_id": running.msg_ids[0]}, keys=["msg_id"]), "the other's record")
        status = other.result_status(finished.msg_ids + running.msg_ids, status_only=True)
        assert (status["completed"], status["pending"]) == (finished.msg_ids, running.msg_ids)
        assert running.get(timeout=TIMEOUT) == 1
        other.close()

    def test_result_status_of_an_unknown_task(self, client):
        with pytest.raises(error.RemoteError) as caught:
            client.result_status(["unknown"])
        assert caught.value.ename == "KeyError"


class TestErrors:
    @pytest.mark.parametrize("kind", ["no_such_request", "queue_request", "load_request"])
    def test_hub_error(self, kind, client):
        """The error replies of requests without their own have the fields of any remote error."""
        message = client._send_recv(client._query_stream, kind, {"targets": [77]})
        assert message["header"]["msg_type"] in ("hub_error", kind.replace("request", "reply"))
        content = message["content"]
        assert content["status"] == "error"
        assert content["ename"] and content["evalue"] and content["traceback"]
        unwrapped = client._unwrap_exception(content)
        assert isinstance(unwrapped, error.RemoteError)


class TestSQLite:
    def test_records_survive_a_crash(self, cluster):
        """A controller that is killed and restarted with the same file knows the records written before."""
        controller = cluster.start_controller(arguments=["--sqlitedb", "--reuse"])
        cluster.start_python_engines(1)
        client = cluster.client(engines=1)
        ids = run(client, [0, 2, 4])
        # Changes are collected for at most two seconds before they are written.
        wait_until(lambda: database_rows(cluster) >= 3, "the rows in the file")
        client.close()
        for process in [controller, *cluster.processes[1:]]:
            process.kill()
        cluster.processes.clear()

        cluster.start_controller(arguments=["--sqlitedb", "--reuse"])
        again = ipp.Client(connection_info=str(cluster.connection_file("client")), timeout=TIMEOUT)
        cluster.clients.append(again)
        assert [identifier for identifier in again.hub_history() if identifier in ids] == ids
        assert [again.get_result(identifier).get(timeout=TIMEOUT) for identifier in ids] == [0, 4, 8]


    def test_a_locked_database_holds_nobody_up(self, cluster):
        """While another process holds the lock, engines register, clients connect and tasks run. Their records follow."""
        cluster.start_controller(arguments=["--sqlitedb"])
        wait_until(lambda: database_path(cluster).exists(), "the database")
        lock = sqlite3.connect(database_path(cluster), isolation_level=None)
        try:
            lock.execute("begin exclusive")
            cluster.start_python_engines(2)
            client = cluster.client(engines=2)
            # Each result is waited for by itself: one of many ids asks the hub for what the client is about to store.
            results = [client[value % 2].apply_async(double, value) for value in range(20)]
            assert [result.get(timeout=TIMEOUT) for result in results] == [2 * value for value in range(20)]
            ids = [identifier for result in results for identifier in result.msg_ids]
            view = client.load_balanced_view()
            tasks = view.map_async(double, range(20))
            assert tasks.get(timeout=TIMEOUT) == [2 * value for value in range(20)]
            ids += tasks.msg_ids
            other = cluster.client(engines=2)
            assert other.queue_status()["unassigned"] == 0
            assert other.result_status(ids, status_only=True)["completed"] == sorted(ids)
        finally:
            lock.execute("rollback")
            lock.close()
        wait_until(lambda: database_rows(cluster) == len(ids), "the rows in the file")
        recorded(other, ids)
        assert sorted(other.hub_history()) == sorted(ids)
        assert other.get_result(ids[:20]).get(timeout=TIMEOUT) == [2 * value for value in range(20)]


def database_path(cluster):
    return cluster.directory / f"profile_{cluster.PROFILE}" / "tasks.db"


def database_rows(cluster):
    """The number of results in the database file as another process sees it."""
    connection = sqlite3.connect(f"file:{database_path(cluster)}?mode=ro", uri=True)
    try:
        return connection.execute('select count(*) from "ipython-tasks" where completed is not null').fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
