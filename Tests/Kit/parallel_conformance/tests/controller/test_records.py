"""The database of task records: queries, purging and resubmitting."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.scenes import deliver, pending, recorded, records, round_trip, submit
from parallel_conformance.wire import Json

FIELDS = {
    "msg_id", "client_uuid", "engine_uuid", "queue", "resubmitted", "execute_input", "submitted", "started",
    "completed", "received", "header", "metadata", "content", "result_header", "result_metadata", "result_content",
    "execute_result", "error", "stdout", "stderr",
}  # fmt: skip


def _done(client: ClientPeer, engine: EnginePeer, channel: str = "mux", count: int = 1, **more: object) -> list[str]:
    """The ids of requests that are answered and recorded."""
    ids = [round_trip(client, channel, engine, **more).parent["msg_id"] for _ in range(count)]  # type: ignore[arg-type]
    recorded(client, *ids)
    return ids


@pytest.mark.requirement("R-11.24", "R-11.8")
@pytest.mark.parametrize("channel", ["mux", "task"])
def test_records_have_all_fields(client: ClientPeer, engine: EnginePeer, channel: str) -> None:
    """And say who asked, who answered and when."""
    [done] = _done(client, engine, channel)
    reply = client.ask("db_request", {"query": {"msg_id": done}, "keys": None})
    assert reply.kind == "db_reply" and reply.content["status"] == "ok"
    [record] = reply.content["records"]
    assert FIELDS <= record.keys()
    assert not {"buffers", "result_buffers"} & record.keys() and reply.buffers == []
    assert (record["msg_id"], record["queue"]) == (done, channel)
    assert (record["client_uuid"], record["engine_uuid"]) == (client.session.name, engine.uuid)
    assert record["header"]["msg_id"] == done and record["result_header"]["msg_type"] == "apply_reply"
    for field in ("submitted", "started", "completed", "received"):
        assert datetime.fromisoformat(record[field]).tzinfo, field
    assert (record["stdout"], record["stderr"], record["resubmitted"]) == ("", "", None)


@pytest.mark.requirement("R-11.24")
def test_an_open_record_has_no_result(client: ClientPeer, engine: EnginePeer) -> None:
    """Unset fields are null."""
    request = deliver(client, "task", engine)
    pending(client, request.id)
    record = records(client, {"msg_id": request.id})[request.id]
    assert all(record[field] is None for field in ("completed", "result_header", "result_content", "error"))
    engine.reply("task", request)
    recorded(client, request.id)


@pytest.mark.requirement("R-11.22")
def test_keys_select_fields(client: ClientPeer, engine: EnginePeer) -> None:
    """The id is always among them."""
    [done] = _done(client, engine)
    assert records(client, {"msg_id": done}, ["queue", "stdout"])[done].keys() == {"msg_id", "queue", "stdout"}


@pytest.mark.requirement("R-11.23", "R-11.8")
def test_buffers_come_record_by_record(client: ClientPeer, engine: EnginePeer) -> None:
    """Those of the request, then those of the result, with their numbers."""
    ids = []
    for name in (b"a", b"b"):
        request = deliver(client, "mux", engine, buffers=[name + b"1", name + b"2"])
        engine.reply("mux", request, buffers=[name + b"3"])
        ids.append(request.id)
    recorded(client, *ids)
    keys = ["buffers", "result_buffers"]
    reply = client.ask("db_request", {"query": {"msg_id": {"$in": ids}}, "keys": keys})
    assert (reply.content["buffer_lens"], reply.content["result_buffer_lens"]) == ([2, 2], [1, 1])
    wanted = {ids[0]: [b"a1", b"a2", b"a3"], ids[1]: [b"b1", b"b2", b"b3"]}
    found = [record["msg_id"] for record in reply.content["records"]]
    assert reply.buffers == [buffer for identifier in found for buffer in wanted[identifier]]
    results = client.ask("db_request", {"query": {"msg_id": ids[0]}, "keys": ["result_buffers"]})
    assert (results.content["buffer_lens"], results.buffers) == (None, [b"a3"])


@pytest.mark.requirement("R-11.25")
def test_all_members_of_a_query_hold(client: ClientPeer, engine: EnginePeer) -> None:
    """Values and operators mixed."""
    [direct] = _done(client, engine)
    [task] = _done(client, engine, "task")
    both = {"$in": [direct, task]}
    assert records(client, {"msg_id": both, "queue": {"$eq": "task"}}).keys() == {task}
    assert records(client, {"msg_id": both, "queue": {"$eq": "mux"}, "completed": {"$ne": None}}).keys() == {direct}
    assert records(client, {"msg_id": both, "queue": {"$eq": "other"}}) == {}


@pytest.mark.requirement("R-11.25")
def test_several_values_each_hold(client: ClientPeer, engine: EnginePeer) -> None:
    """Plain values are compared with their own fields."""
    [done] = _done(client, engine)
    assert records(client, {"msg_id": done, "queue": "mux"}).keys() == {done}
    assert records(client, {"msg_id": done, "queue": "task"}) == {}


@pytest.mark.requirement("R-11.26")
@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"queue": {"$eq": "mux"}}, True),
        ({"queue": {"$ne": "mux"}}, False),
        ({"resubmitted": {"$eq": None}}, True),
        ({"resubmitted": {"$ne": None}}, False),
        ({"completed": {"$ne": None}}, True),
        ({"queue": {"$in": ["task", "mux"]}}, True),
        ({"queue": {"$in": ["task"]}}, False),
        ({"queue": {"$nin": ["task"]}}, True),
        ({"queue": {"$nin": ["mux"]}}, False),
        ({"queue": {"$lt": "n"}}, True),
        ({"queue": {"$lt": "mux"}}, False),
        ({"queue": {"$lte": "mux"}}, True),
        ({"queue": {"$gte": "mux"}}, True),
        ({"queue": {"$gte": "n"}}, False),
        ({"queue": {"$gt": "a"}}, True),
        ({"queue": {"$gt": "mux"}}, False),
        ({"queue": {"$exists": True}}, True),
        ({"queue": {"$exists": False}}, False),
        ({"resubmitted": {"$exists": False}}, True),
        ({"queue": {"$glob": "m*"}}, True),
        ({"queue": {"$glob": "m?"}}, False),
        ({"queue": {"$glob": "[mt]u[!y]"}}, True),
        ({"queue": {"$gte": "m", "$lt": "n"}}, True),
    ],
    ids=str,
)
def test_operators(client: ClientPeer, answered: str, query: Json, holds: bool) -> None:
    """Each on a direct request that has ended."""
    found = records(client, {"msg_id": {"$eq": answered}, **query})
    assert found.keys() == ({answered} if holds else set())


@pytest.fixture(scope="module")
def answered(controller, engines: list[EnginePeer]) -> str:  # type: ignore[no-untyped-def]
    """The id of a direct request that was answered, for the tests that only read."""
    client = ClientPeer(controller.client_info)
    [done] = _done(client, engines[0])
    client.close()
    return done


@pytest.mark.requirement("R-11.27")
def test_dates_are_moments(client: ClientPeer, answered: str) -> None:
    """The zone of a query's date does not matter."""
    west = timezone(timedelta(hours=-7))
    for zone in (UTC, west):
        later = (datetime.now(zone) + timedelta(hours=1)).isoformat()
        earlier = (datetime.now(zone) - timedelta(hours=1)).isoformat()
        assert records(client, {"msg_id": {"$eq": answered}, "submitted": {"$lt": later, "$gte": earlier}})
        assert not records(client, {"msg_id": {"$eq": answered}, "submitted": {"$gte": later}})
        assert not records(client, {"msg_id": {"$eq": answered}, "submitted": {"$lt": earlier}})


@pytest.mark.requirement("R-11.28", "R-11.1")
def test_unknown_operators_are_an_error(client: ClientPeer) -> None:
    """In a db_reply."""
    reply = client.ask("db_request", {"query": {"queue": {"$like": "m"}}, "keys": None})
    assert (reply.kind, reply.content["status"], reply.content["ename"]) == ("db_reply", "error", "KeyError")


@pytest.mark.requirement("R-11.29")
def test_unknown_keys_are_an_error(client: ClientPeer) -> None:
    """In a query."""
    assert client.ask("db_request", {"query": {"colour": "red"}, "keys": None}).content["ename"] == "KeyError"


@pytest.mark.requirement("R-11.30")
def test_records_are_purged_by_id(client: ClientPeer, engine: EnginePeer) -> None:
    """Others stay."""
    first, second = _done(client, engine, count=2)
    reply = client.ask("purge_request", {"msg_ids": [first]})
    assert (reply.kind, reply.content["status"]) == ("purge_reply", "ok")
    assert records(client, {"msg_id": {"$in": [first, second]}}).keys() == {second}
    assert first not in client.ask("history_request").content["history"]


@pytest.mark.requirement("R-11.30")
def test_all_ended_records_are_purged(client: ClientPeer, engine: EnginePeer) -> None:
    """Those that have not ended stay."""
    done = _done(client, engine, count=2)
    request = deliver(client, "mux", engine)
    pending(client, request.id)
    assert client.ask("purge_request", {"msg_ids": "all"}).content["status"] == "ok"
    assert records(client, {"msg_id": {"$in": [*done, request.id]}}).keys() == {request.id}
    engine.reply("mux", request)
    recorded(client, request.id)


@pytest.mark.requirement("R-11.31", "R-11.1")
def test_what_is_pending_is_not_purged(client: ClientPeer, engine: EnginePeer) -> None:
    """The whole request is an error."""
    [done] = _done(client, engine)
    request = deliver(client, "mux", engine)
    pending(client, request.id)
    reply = client.ask("purge_request", {"msg_ids": [done, request.id]})
    assert (reply.kind, reply.content["status"], reply.content["ename"]) == ("purge_reply", "error", "IndexError")
    assert records(client, {"msg_id": {"$in": [done, request.id]}}).keys() == {done, request.id}
    engine.reply("mux", request)
    recorded(client, request.id)


@pytest.mark.requirement("R-11.32")
def test_unknown_ids_are_purged_already(client: ClientPeer, engine: EnginePeer) -> None:
    """They are ignored."""
    [done] = _done(client, engine)
    assert client.ask("purge_request", {"msg_ids": ["unknown", done]}).content["status"] == "ok"
    assert records(client, {"msg_id": {"$eq": done}}) == {}


@pytest.mark.requirement("R-11.33")
def test_records_are_purged_by_engine(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Ended ones of that engine only."""
    [first], [second] = (_done(client, engine) for engine in engines)
    assert client.ask("purge_request", {"msg_ids": [], "engine_ids": [engines[0].id]}).content["status"] == "ok"
    assert records(client, {"msg_id": {"$in": [first, second]}}).keys() == {second}


@pytest.mark.requirement("R-11.9", "R-11.34", "R-11.35")
@pytest.mark.parametrize("channel", ["mux", "task"])
def test_requests_are_sent_again(client: ClientPeer, engines: list[EnginePeer], channel: str) -> None:
    """As tasks with new ids and the same buffers; their results are kept, not delivered."""
    done = round_trip(client, channel, engines[0], [b"r"], content={"x": 1}).parent["msg_id"]
    recorded(client, done)
    _resubmitted(client, engines, done)


def _resubmitted(client: ClientPeer, engines: list[EnginePeer], done: str) -> None:
    reply = client.ask("resubmit_request", {"msg_ids": [done]})
    assert (reply.kind, reply.content["status"]) == ("resubmit_reply", "ok")
    new = reply.content["resubmitted"][done]
    assert new != done
    engine, request = _taken(engines)
    assert request.id == new and request.kind == "apply_request"
    assert request.content == {"x": 1}
    assert not {key: value for key, value in request.metadata.items() if value}
    engine.reply("task", request, buffers=[b"again"])
    recorded(client, new)
    assert client.receive("task", 0) is None
    assert client.ask("result_request", {"msg_ids": [new], "status_only": False}).buffers == [b"again"]
    client.until(
        "db_request",
        {"query": {"msg_id": {"$eq": done}}, "keys": ["resubmitted"]},
        lambda content: content["records"][0]["resubmitted"] == new,
        "the new id in the old record",
    )


def _taken(engines: list[EnginePeer]) -> tuple:
    """The engine that got a task, and the task."""
    for _ in range(200):
        for engine in engines:
            if request := engine.receive("task", 0.05):
                return engine, request
    raise AssertionError("no engine got a task")


@pytest.mark.requirement("R-11.34")
def test_buffers_are_sent_again(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """Those of the request."""
    request = deliver(client, "task", engines[0], buffers=[b"one", b"two"])
    engines[0].reply("task", request)
    recorded(client, request.id)
    new = client.ask("resubmit_request", {"msg_ids": [request.id]}).content["resubmitted"][request.id]
    engine, again = _taken(engines)
    assert (again.id, again.buffers) == (new, [b"one", b"two"])
    engine.reply("task", again)
    recorded(client, new)


@pytest.mark.requirement("R-11.36", "R-11.1")
def test_an_unknown_id_keeps_all_from_being_sent(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """The next thing an engine gets is something else."""
    [done] = _done(client, engines[0])
    reply = client.ask("resubmit_request", {"msg_ids": [done, "unknown"]})
    assert (reply.kind, reply.content["status"], reply.content["ename"]) == ("resubmit_reply", "error", "KeyError")
    for engine in engines:
        other = submit(client, "task", engine)
        request = engine.expect("task")
        assert request.id == other
        engine.reply("task", request)
