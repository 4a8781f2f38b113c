"""What engines publish is relayed to every client and recorded by the hub."""

import pytest
import zmq
from harness import TIMEOUT, join_output, wait_until
from ipyparallel import interactive
from simulated import raw_client, swarm_of, wait_for_engines


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


@pytest.mark.parametrize("kind", [zmq.PUB, zmq.XPUB], ids=["PUB", "XPUB"])
class TestSimulatedEngine:
    """The socket an engine publishes on is PUB in one version of ipykernel and XPUB in another."""

    @staticmethod
    def chatty(engine, frames):
        request = frames[frames.index(b"<IDS|MSG>") + 2]
        engine.publish("status", {"execution_state": "busy"}, request)
        engine.publish("stream", {"name": "stdout", "text": "out "}, request)
        engine.publish("stream", {"name": "stderr", "text": "err"}, request)
        engine.publish("stream", {"name": "stdout", "text": "more"}, request)
        engine.publish("status", {"execution_state": "idle"}, request)
        return [engine.wire.reply(frames, engine=engine.uuid)]

    def test_relayed_and_recorded(self, kind, controller):
        with swarm_of(controller) as swarm, raw_client(controller) as client:
            iopub = client.socket("iopub", zmq.SUB)
            swarm.add(channels=["mux", "task"], answer=self.chatty, iopub=kind)
            [uuid] = wait_for_engines(client, 1).values()
            # The relay's subscription reaches the engine's socket some time after the connection.
            wait_until(lambda: client.send("task", "apply_request") and iopub.poll(200), "a published message")
            while iopub.poll(200):
                iopub.recv_multipart()
            for channel, to in (("mux", [uuid.encode()]), ("task", [])):
                message_id = client.send(channel, "apply_request", to=to)
                received = [client.receive("iopub") for _ in range(5)]
                assert [message.parent["msg_id"] for message in received] == [message_id] * 5
                assert [message.content.get("text") or message.content["execution_state"] for message in received] == [
                    "busy",
                    "out ",
                    "err",
                    "more",
                    "idle",
                ]
                query = {"query": {"msg_id": message_id}, "keys": ["msg_id", "stdout", "stderr"]}
                [record] = client.ask("db_request", query).content["records"]
                assert (record["stdout"], record["stderr"]) == ("out more", "err")
