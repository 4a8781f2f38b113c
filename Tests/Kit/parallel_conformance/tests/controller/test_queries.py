"""What the hub answers about engines, queues, results and history."""

import socket
from collections.abc import Callable
from datetime import datetime

import pytest

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.processes import wait_until
from parallel_conformance.scenes import deliver, pending, recorded, records, round_trip, submit, wait_for_engines
from parallel_conformance.wire import Json

NewEngine = Callable[..., EnginePeer]

DASK = {"scheduler_args": {"host": "127.0.0.1", "dashboard_address": ":0"}}


@pytest.fixture
def fresh(client: ClientPeer, new_engine: NewEngine) -> EnginePeer:
    """An engine that has done nothing yet."""
    engine = new_engine().register()
    wait_for_engines(client, [engine])
    return engine


def _counts(client: ClientPeer, engine: EnginePeer, **wanted: int) -> None:
    client.until(
        "queue_request",
        {"targets": engine.id},
        lambda content: content.get(str(engine.id)) == wanted,
        f"{wanted} for engine {engine.id}",
    )


@pytest.mark.requirement("R-11.4", "R-11.13")
def test_queues_of_all_engines(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Three numbers for each, and one for the tasks without an engine."""
    content = client.ask("queue_request", {"targets": None, "verbose": False}).content
    assert {str(engine.id) for engine in engines} <= content.keys()
    for engine in engines:
        assert {key: type(value) for key, value in content[str(engine.id)].items()} == {
            "queue": int,
            "tasks": int,
            "completed": int,
        }
    assert content["unassigned"] == 0


@pytest.mark.requirement("R-11.13")
def test_targets_are_ids_uuids_or_lists(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """The reply has those that were asked for."""
    first, second = engines
    ids = {str(first.id), str(second.id)}
    for targets, wanted in (
        (first.id, {str(first.id)}),
        (second.uuid, {str(second.id)}),
        ([first.id, second.uuid], ids),
        ([second.id], {str(second.id)}),
    ):
        assert client.ask("queue_request", {"targets": targets}).content.keys() & ids == wanted


@pytest.mark.requirement("R-11.14", "R-11.1")
@pytest.mark.parametrize("kind", ["queue_request", "load_request"])
@pytest.mark.parametrize("targets", [4711, "nobody", [4711], []])
def test_unknown_targets_are_an_error(client: ClientPeer, engine: EnginePeer, kind: str, targets: object) -> None:
    """As hub_error."""
    reply = client.ask(kind, {"targets": targets})
    assert reply.kind == "hub_error"
    assert (reply.content["status"], reply.content["ename"]) == ("error", "IndexError")


@pytest.mark.requirement("R-11.15")
def test_queues_count_requests(client: ClientPeer, fresh: EnginePeer) -> None:
    """Direct ones, tasks, and what was answered."""
    direct = deliver(client, "mux", fresh)
    _counts(client, fresh, queue=1, tasks=0, completed=0)
    task = deliver(client, "task", fresh)
    _counts(client, fresh, queue=1, tasks=1, completed=0)
    fresh.reply("mux", direct)
    _counts(client, fresh, queue=0, tasks=1, completed=1)
    waiting = submit(client, "task", fresh)
    client.until("queue_request", {"targets": None}, lambda content: content["unassigned"] == 1, "one unassigned task")
    fresh.reply("task", task)
    fresh.reply("task", fresh.expect("task"))
    _counts(client, fresh, queue=0, tasks=0, completed=3)
    client.expect("task", parent=waiting)


@pytest.mark.requirement("R-11.16")
def test_queues_list_ids(client: ClientPeer, fresh: EnginePeer) -> None:
    """With ``verbose``."""
    done = round_trip(client, "mux", fresh).parent["msg_id"]
    direct, task = deliver(client, "mux", fresh), deliver(client, "task", fresh)
    wanted = {"queue": [direct.id], "tasks": [task.id], "completed": [done]}
    content = client.until(
        "queue_request",
        {"targets": [fresh.id], "verbose": True},
        lambda content: content.get(str(fresh.id)) == wanted,
        f"{wanted}",
    )
    assert content["unassigned"] == []
    fresh.reply("mux", direct)
    fresh.reply("task", task)


@pytest.mark.requirement("R-11.5")
def test_load_counts_what_is_in_progress(client: ClientPeer, fresh: EnginePeer) -> None:
    """Direct requests and tasks together."""
    direct, task = deliver(client, "mux", fresh), deliver(client, "task", fresh)
    pending(client, direct.id, task.id)
    reply = client.ask("load_request", {"targets": [fresh.id]})
    for channel, request in (("mux", direct), ("task", task)):
        fresh.reply(channel, request)
    assert reply.kind == "load_reply"
    assert reply.content[str(fresh.id)] == 2


@pytest.mark.requirement("R-11.6")
@pytest.mark.parametrize("channel", ["mux", "task"])
def test_results_are_pending_or_completed(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """As the hub sees them."""
    done = round_trip(client, channel, engine).parent["msg_id"]
    waiting = deliver(client, channel, engine)
    recorded(client, done)
    pending(client, waiting.id)
    reply = client.ask("result_request", {"msg_ids": [waiting.id, done], "status_only": True})
    assert reply.kind == "result_reply"
    assert (reply.content["pending"], reply.content["completed"]) == ([waiting.id], [done])
    engine.reply(channel, waiting)
    recorded(client, waiting.id)


@pytest.mark.requirement("R-11.18", "R-11.1")
@pytest.mark.parametrize("status_only", [False, True])
def test_an_unknown_id_is_an_error(client: ClientPeer, engine: EnginePeer, status_only: bool) -> None:
    """In a result_reply, whatever the other ids are."""
    done = round_trip(client, "mux", engine).parent["msg_id"]
    recorded(client, done)
    reply = client.ask("result_request", {"msg_ids": [done, "never-sent"], "status_only": status_only})
    assert reply.kind == "result_reply"
    assert (reply.content["status"], reply.content["ename"]) == ("error", "KeyError")


@pytest.mark.requirement("R-11.20")
@pytest.mark.parametrize("channel", ["mux", "task"])
def test_results_come_with_their_records(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """Headers and metadata of both sides, the content, the time and the output."""
    request = deliver(client, channel, engine, metadata={"label": "kit"})
    sent = engine.reply(channel, request, {"extra": 1}, buffers=[b"result"])
    client.expect(channel, parent=request.id)
    recorded(client, request.id)
    reply = client.ask("result_request", {"msg_ids": [request.id], "status_only": False})
    record = reply.content[request.id]
    assert record["header"]["msg_id"] == request.id
    assert record["metadata"]["label"] == "kit"
    assert record["result_header"]["msg_type"] == "apply_reply"
    assert record["result_metadata"]["engine"] == engine.uuid
    assert record["result_content"] == {"status": "ok", "extra": 1}
    assert datetime.fromisoformat(record["received"]).tzinfo
    assert {"stdout", "stderr", "execute_input", "execute_result", "error"} <= record["io"].keys()
    assert reply.buffers == [sent[-1]]


@pytest.mark.requirement("R-11.20")
def test_status_only_has_no_records(client: ClientPeer, engine: EnginePeer) -> None:
    """Nor buffers."""
    done = round_trip(client, "mux", engine, [b"value"]).parent["msg_id"]
    recorded(client, done)
    reply = client.ask("result_request", {"msg_ids": [done], "status_only": True})
    assert done not in reply.content and reply.buffers == []


@pytest.mark.requirement("R-11.21")
def test_buffers_come_in_the_order_of_ids(client: ClientPeer, engine: EnginePeer) -> None:
    """However they were asked for."""
    names = [f"{client.session.name}-{letter}" for letter in "bca"]
    for name in names:
        round_trip(client, "mux", engine, [f"{name} 1".encode(), f"{name} 2".encode()], identifier=name)
    recorded(client, *names)
    reply = client.ask("result_request", {"msg_ids": names, "status_only": False})
    assert reply.content["completed"] == sorted(names)
    assert reply.buffers == [f"{name} {number}".encode() for name in sorted(names) for number in (1, 2)]


@pytest.mark.requirement("R-11.20")
def test_results_can_be_fetched_by_others(client: ClientPeer, new_client: Callable, engine: EnginePeer) -> None:
    """And more than once."""
    done = round_trip(client, "task", engine, [b"value"]).parent["msg_id"]
    other = new_client()
    recorded(other, done)
    for _ in range(2):
        assert other.ask("result_request", {"msg_ids": [done], "status_only": False}).buffers == [b"value"]


@pytest.mark.requirement("R-11.7")
def test_history_is_in_order_of_submission(client: ClientPeer, engine: EnginePeer) -> None:
    """Of requests of all kinds."""
    ids = [round_trip(client, channel, engine).parent["msg_id"] for channel in ("mux", "task", "mux")]
    recorded(client, *ids)
    reply = client.ask("history_request")
    assert reply.kind == "history_reply"
    assert [identifier for identifier in reply.content["history"] if identifier in ids] == ids


@pytest.mark.requirement("R-11.12")
def test_there_may_be_no_dask_to_stop(client: ClientPeer) -> None:
    """The request succeeds all the same."""
    reply = client.ask("stop_distributed_request")
    assert (reply.kind, reply.content["status"]) == ("stop_distributed_reply", "ok")


@pytest.fixture(scope="module")
def dask_can_be_started(controller: Controller) -> None:
    """Skips tests for controllers that start no scheduler of Dask's; where it is not installed, ipyparallel's says nothing."""
    client = ClientPeer(controller.client_info)
    client.send("registration", "become_dask_request", DASK)
    reply = client.receive("registration")
    client.close()
    if reply is None or reply.content["status"] == "error":
        pytest.skip(f"the controller starts no scheduler: {reply.content['ename'] if reply else 'no answer'}")


@pytest.fixture
def dask(client: ClientPeer, dask_can_be_started: None) -> Json:
    """The answer to a `become_dask_request`."""
    reply = client.ask("become_dask_request", DASK)
    assert (reply.kind, reply.content["status"]) == ("become_dask_reply", "ok")
    return reply.content


@pytest.mark.requirement("R-11.11")
def test_there_may_be_a_dask_scheduler(client: ClientPeer, dask: Json) -> None:
    """Which listens where the reply says, and is one for all."""
    ip, address, port = (dask[key] for key in ("ip", "address", "port"))
    assert isinstance(port, int) and ip in address and address.endswith(f":{port}")
    socket.create_connection((ip, port), timeout=10).close()
    assert client.ask("become_dask_request", DASK).content == dask


@pytest.mark.requirement("R-11.12")
def test_a_dask_scheduler_can_be_stopped(client: ClientPeer, dask: Json) -> None:
    """It does not listen any more, soon after the reply."""
    reply = client.ask("stop_distributed_request")
    assert (reply.kind, reply.content["status"]) == ("stop_distributed_reply", "ok")

    def has_ended() -> bool:
        try:
            socket.create_connection((dask["ip"], dask["port"]), timeout=10).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            # It was about to end.
            pass
        return False

    wait_until(has_ended, "the end of Dask's scheduler")


@pytest.mark.requirement("R-11.17")
def test_a_single_id_may_be_a_text(client: ClientPeer, engine: EnginePeer) -> None:
    """Instead of a list."""
    done = round_trip(client, "mux", engine).parent["msg_id"]
    recorded(client, done)
    content = client.ask("result_request", {"msg_ids": done, "status_only": True}).content
    assert content["completed"] == [done]


@pytest.mark.requirement("R-11.19")
def test_unknown_ids_can_be_listed(client: ClientPeer, engine: EnginePeer) -> None:
    """With ``allow_unknown``."""
    content = client.ask("result_request", {"msg_ids": ["nil"], "status_only": True, "allow_unknown": True}).content
    assert content["unknown"] == ["nil"]


@pytest.mark.requirement("R-11.24")
def test_broadcasts_are_not_recorded(client: ClientPeer, engine: EnginePeer) -> None:
    """As the hub does not see them."""
    reply = round_trip(client, "broadcast", engine)
    after = round_trip(client, "mux", engine).parent["msg_id"]
    recorded(client, after)
    original = reply.metadata["original_msg_id"]
    assert records(client, {"msg_id": {"$in": [original, reply.parent["msg_id"]]}}) == {}
