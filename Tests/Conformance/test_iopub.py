"""What engines publish is relayed to every client and recorded by the hub."""

import pytest
from harness import TIMEOUT, join_output, wait_until
from ipyparallel import interactive


@interactive
def speak():
    import sys

    print("to stdout")
    print("to stderr", file=sys.stderr)
    return "spoken"


@interactive
def show():
    from IPython.display import display

    display({"shown": 1})


@interactive
def fail():
    print("before the error")
    raise ValueError("as asked")


@pytest.fixture
def client(python_cluster):
    client = python_cluster.client(engines=2)
    join_output(client[0], interactive(lambda: print("joined")))
    yield client
    client.close()


def recorded(cluster, message_id, field, wanted):
    """Wait until ``wanted`` accepts a field of a record and return it, as another client reads it."""
    other = cluster.client(engines=2)

    def read():
        [record] = other.db_query({"msg_id": message_id}, keys=["msg_id", field])
        return wanted(record[field]) and record[field]

    try:
        return wait_until(read, f"{field} of the record")
    finally:
        other.close()


class TestRecords:
    def test_streams(self, client, python_cluster):
        result = client[0].apply_async(speak)
        assert result.get(timeout=TIMEOUT) == "spoken"
        wait_until(lambda: result.stdout == "to stdout\n" and result.stderr == "to stderr\n", "the live output")
        [message_id] = result.msg_ids
        assert recorded(python_cluster, message_id, "stdout", bool) == "to stdout\n"
        assert recorded(python_cluster, message_id, "stderr", bool) == "to stderr\n"

    def test_of_a_result_fetched_by_another_client(self, client, python_cluster):
        result = client[0].apply_async(speak)
        result.get(timeout=TIMEOUT)
        [message_id] = result.msg_ids
        recorded(python_cluster, message_id, "stdout", bool)
        other = python_cluster.client(engines=2)
        again = other.get_result(message_id)
        assert again.get(timeout=TIMEOUT) == "spoken"
        assert again.stdout == "to stdout\n"
        other.close()

    def test_display(self, client):
        result = client[0].apply_async(show)
        result.get(timeout=TIMEOUT)
        wait_until(lambda: result.outputs and result.outputs[0], "the display data")
        [[output, *_]] = [result.outputs] if isinstance(result.outputs[0], dict) else result.outputs
        assert "shown" in output["data"]["text/plain"]

    def test_error(self, client, python_cluster):
        result = client[0].execute("print('first'); 1/0")
        with pytest.raises(Exception, match="ZeroDivisionError"):
            result.get(timeout=TIMEOUT)
        [message_id] = result.msg_ids
        error = recorded(python_cluster, message_id, "error", bool)
        assert error["ename"] == "ZeroDivisionError"
        assert any("1/0" in line for line in error["traceback"])
        assert recorded(python_cluster, message_id, "stdout", bool) == "first\n"

    def test_execute(self, client, python_cluster):
        result = client[0].execute("6 * 7", silent=False)
        result.get(timeout=TIMEOUT)
        [message_id] = result.msg_ids
        assert recorded(python_cluster, message_id, "execute_input", bool) == "6 * 7"
        assert recorded(python_cluster, message_id, "execute_result", bool)["data"]["text/plain"] == "42"

    def test_output_of_load_balanced_tasks(self, client):
        view = client.load_balanced_view()
        results = [view.apply_async(interactive(lambda i: print(f"task {i}")), i) for i in range(10)]
        client.wait(results, timeout=TIMEOUT)
        for index, result in enumerate(results):
            wait_until(lambda: result.stdout == f"task {index}\n", f"the output of task {index}")

    def test_long_output_is_complete_and_in_order(self, client, python_cluster):
        result = client[0].apply_async(interactive(lambda: [print(i, flush=i % 50 == 0) for i in range(2000)] and None))
        result.get(timeout=TIMEOUT)
        expected = "".join(f"{i}\n" for i in range(2000))
        wait_until(lambda: result.stdout == expected, "all lines")
        [message_id] = result.msg_ids
        assert recorded(python_cluster, message_id, "stdout", lambda text: text == expected)
