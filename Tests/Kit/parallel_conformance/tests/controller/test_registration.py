"""How engines come and go."""

from collections.abc import Callable

import pytest

from parallel_conformance.controllers import Controller
from parallel_conformance.peers import ClientPeer, EnginePeer
from parallel_conformance.processes import wait_until
from parallel_conformance.scenes import deliver, expect_note, join_output, round_trip, wait_for_engines, wait_until_gone
from parallel_conformance.wire import Json, Session

NewEngine = Callable[..., EnginePeer]

#: What the file for engines says about the session, and registration_reply does not have to repeat.
SECRETS = ("key", "curve_serverkey")


@pytest.fixture
def listening(client: ClientPeer) -> ClientPeer:
    """A client whose subscription to notifications has taken effect."""
    client.socket("notification")
    client.ask("connection_request")
    return client


@pytest.mark.requirement("R-10.2")
def test_registration_is_accepted(controller: Controller, new_engine: NewEngine) -> None:
    """With an id, the period of the heartbeats and the engine's connection file without its key."""
    reply = new_engine().request_registration()
    assert reply.kind == "registration_reply"
    assert reply.content["status"] == "ok"
    assert isinstance(reply.content["id"], int) and reply.content["id"] >= 0
    assert reply.content["hb_period"] == controller.plan.ping
    info = reply.content["connection_info"]
    assert "key" not in info
    for name in ("interface", "registration", "control", "mux", "task", "iopub", "hb_ping", "hb_pong", "broadcast"):
        assert info[name] == controller.engine_info[name], name


@pytest.mark.requirement("R-9.8")
def test_registration_replies_have_no_identities(new_engine: NewEngine) -> None:
    """The engine's DEALER gets it from the delimiter on."""
    assert new_engine().request_registration().identities == []


@pytest.mark.requirement("R-10.9")
def test_a_free_id_is_given_as_requested(new_engine: NewEngine) -> None:
    """Also if others are unused."""
    engine = new_engine(requested=70)
    engine.request_registration()
    assert engine.id == 70


@pytest.mark.requirement("R-10.9", "R-10.10")
def test_an_id_in_use_is_not_given_again(client: ClientPeer, new_engine: NewEngine) -> None:
    """Whether its engine is registered or only about to be."""
    first = new_engine(requested=90).register()
    wait_for_engines(client, [first])
    second, third = new_engine(requested=90), new_engine(requested=91)
    second.request_registration()
    assert second.id > 90
    third.requested = second.id
    third.request_registration()
    assert third.id == second.id + 1


@pytest.mark.requirement("R-10.10")
def test_ids_are_not_used_again(client: ClientPeer, new_engine: NewEngine) -> None:
    """When their engine has left."""
    first = new_engine().register()
    wait_for_engines(client, [first])
    first.unregister()
    wait_until_gone(client, first)
    second = new_engine()
    second.request_registration()
    assert second.id > first.id
    first.id = -1


@pytest.mark.requirement("R-10.11")
def test_a_uuid_in_use_is_refused(client: ClientPeer, engine: EnginePeer) -> None:
    """With an error in the registration_reply, and the engine stays."""
    client.send("registration", "registration_request", {"uuid": engine.uuid})
    reply = client.receive("registration")
    assert reply and reply.kind == "registration_reply"
    assert (reply.content["status"], reply.content["ename"]) == ("error", "KeyError")
    assert client.engines()[engine.id] == engine.uuid


@pytest.mark.requirement("R-10.11")
def test_a_uuid_about_to_be_used_is_refused(client: ClientPeer, new_engine: NewEngine) -> None:
    """By another connection before the first beat."""
    engine = new_engine()
    engine.request_registration()
    client.send("registration", "registration_request", {"uuid": engine.uuid})
    reply = client.receive("registration")
    assert reply and (reply.content["status"], reply.content["ename"]) == ("error", "KeyError")


@pytest.mark.requirement("R-10.12")
@pytest.mark.parametrize("content", [{}, {"uuid": ""}, {"uuid": 7}, {"uuid": "x" * 300}], ids=["no", "empty", "7", "long"])
def test_registration_needs_a_uuid(client: ClientPeer, content: Json) -> None:
    """Of 1 to 255 bytes; otherwise there is an error, and nobody is registered."""
    before = client.engines()
    assert client.ask("registration_request", content).content["ename"] == "ValueError"
    assert client.engines() == before


@pytest.mark.requirement("R-10.14")
def test_an_engine_without_a_beat_is_unknown(
    client: ClientPeer, engines: list[EnginePeer], new_engine: NewEngine
) -> None:
    """To clients and to the scheduler, which leaves a task waiting although the engine is connected."""
    quiet = new_engine().accept()
    assert quiet.uuid not in client.engines().values()
    busy = [deliver(client, "task", engine) for engine in engines]
    waiting = client.send("task", "apply_request")
    client.until("queue_request", {"targets": None}, lambda content: content["unassigned"] == 1, "a waiting task")
    assert quiet.frames("task", 0) is None
    quiet.heart.start()
    request = quiet.expect("task")
    assert request.id == waiting
    for engine, open_request in zip([*engines, quiet], [*busy, request], strict=True):
        engine.reply("task", open_request)
        client.expect("task", parent=open_request.id)


@pytest.mark.requirement("R-10.5", "R-10.14")
def test_clients_are_told_of_new_engines(listening: ClientPeer, new_engine: NewEngine) -> None:
    """At the first beat, with id and uuid."""
    engine = new_engine().accept()
    engine.heart.start()
    note = expect_note(listening, "registration_notification", engine)
    assert note.identities == []


@pytest.mark.requirement("R-11.3")
def test_clients_can_ask_for_the_engines(client: ClientPeer, engines: list[EnginePeer]) -> None:
    """They get uuids by id."""
    content = client.ask("connection_request").content
    assert all(content["engines"][str(engine.id)] == engine.uuid for engine in engines)


@pytest.mark.requirement("R-10.7", "R-10.4")
def test_clients_are_told_of_engines_that_leave(listening: ClientPeer, new_engine: NewEngine) -> None:
    """After an unregistration_request, which is not answered."""
    engine = new_engine().register()
    wait_for_engines(listening, [engine])
    engine.unregister()
    expect_note(listening, "unregistration_notification", engine)
    assert engine.uuid not in listening.engines().values()
    assert engine.frames("registration", 0) is None
    engine.id = -1


@pytest.mark.requirement("R-10.4")
def test_unregistering_an_unknown_engine_does_nothing(client: ClientPeer, engine: EnginePeer) -> None:
    """It is not answered either: the next reply is that to the next request."""
    for identifier in (4711, -1, 10**18):
        client.send("registration", "unregistration_request", {"id": identifier})
    asked = client.send("registration", "connection_request")
    reply = client.receive("registration")
    assert reply and reply.parent["msg_id"] == asked
    assert reply.content["engines"][str(engine.id)] == engine.uuid


@pytest.mark.requirement("R-10.4")
def test_a_registration_can_be_cancelled(client: ClientPeer, new_engine: NewEngine) -> None:
    """By an unregistration_request before the first beat: the uuid is free again, for another connection as well."""
    engine = new_engine()
    engine.request_registration()
    engine.unregister()

    def accepted() -> bool:
        client.send("registration", "registration_request", {"uuid": engine.uuid})
        reply = client.receive("registration")
        return reply is not None and reply.content["status"] == "ok"

    wait_until(accepted, "the uuid to be free")


@pytest.mark.requirement("R-10.25")
def test_an_engine_that_shuts_down_is_unregistered(listening: ClientPeer, new_engine: NewEngine) -> None:
    """When its shutdown_reply passes on iopub."""
    engine = new_engine().register()
    wait_for_engines(listening, [engine])
    join_output(listening, engine)
    engine.publish("shutdown_reply", {"status": "ok", "restart": False}, b"{}", "shutdown")
    expect_note(listening, "unregistration_notification", engine)
    engine.id = -1


@pytest.mark.requirement("R-10.27")
def test_others_cannot_shut_an_engine_down(controller: Controller, client: ClientPeer, engine: EnginePeer) -> None:
    """A shutdown_reply of another session does nothing; the output after it shows that it has been read."""
    request = deliver(client, "mux", engine)
    engine.reply("mux", request)
    client.expect("mux", parent=request.id)
    join_output(client, engine)
    other = Session.of(controller.engine_info, "somebody-else")
    topic = f"engine.{engine.id}.shutdown".encode()
    engine.send_frames(
        "iopub", other.frames("shutdown_reply", {"status": "ok"}, {"engine": engine.uuid}, identities=[topic])
    )
    engine.publish("stream", {"name": "stdout", "text": "after"}, request.parts[0], "stdout")
    client.until(
        "db_request",
        {"query": {"msg_id": request.id}, "keys": ["stdout"]},
        lambda content: content["records"] and content["records"][0]["stdout"] == "after",
        "the output in the record",
    )
    assert client.engines()[engine.id] == engine.uuid
    round_trip(client, "mux", engine)


@pytest.mark.requirement("R-10.6")
def test_late_subscribers_hear_of_recent_engines(client: ClientPeer, new_engine: NewEngine) -> None:
    """Those of the last seconds are repeated."""
    engine = new_engine().register()
    wait_for_engines(client, [engine])
    client.socket("notification")
    expect_note(client, "registration_notification", engine)


@pytest.mark.requirement("R-10.3")
def test_an_engine_that_is_not_known_any_more_is_asked_to_register(new_engine: NewEngine) -> None:
    """If it understands that and beats."""
    engine = new_engine()
    assert engine.request_registration(reregisters=True).content["status"] == "ok"
    engine.socket("control")
    engine.heart.start()
    engine.unregister()
    engine.expect("control", "reregister_request")
    engine.id = -1
