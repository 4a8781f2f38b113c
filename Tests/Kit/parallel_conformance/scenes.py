"""What tests of controllers do again and again: requests that arrive, are answered and come back."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from .peers import ClientPeer, EnginePeer
from .processes import wait_until
from .wire import Json, Message

#: Channels on which a client names the engine.
DIRECT = ("mux", "control")


def wait_for_engines(client: ClientPeer, engines: Iterable[EnginePeer]) -> None:
    """Wait until the hub knows these engines."""
    wanted = {engine.id: engine.uuid for engine in engines}
    wait_until(lambda: wanted.items() <= client.engines().items(), f"registration of {wanted}")


def wait_until_gone(client: ClientPeer, engine: EnginePeer, timeout: float | None = None) -> None:
    """Wait until the hub does not know an engine any more."""
    wait_until(lambda: engine.uuid not in client.engines().values(), f"{engine.uuid} to be unregistered", timeout)


def expect_note(client: ClientPeer, kind: str, engine: EnginePeer) -> Message:
    """The notification of this type about an engine. Others, also repeated ones, are passed over."""
    while True:
        note = client.expect("notification", kind)
        if note.content.get("uuid") == engine.uuid:
            assert note.content["id"] == engine.id
            return note


def submit(client: ClientPeer, channel: str, engine: EnginePeer, kind: str = "apply_request", **more: Any) -> str:
    """Send a request to one engine, whatever the channel. Returns its id."""
    metadata: Json = more.pop("metadata", {})
    if channel == "task":
        metadata = {"targets": [engine.uuid], **metadata}
    if channel == "broadcast":
        metadata = {"targets": [[engine.uuid, engine.id]], "is_broadcast": True, "is_coalescing": False, **metadata}
    return client.send(channel, kind, to=engine.uuid if channel in DIRECT else None, metadata=metadata, **more)


def deliver(client: ClientPeer, channel: str, engine: EnginePeer, kind: str = "apply_request", **more: Any) -> Message:
    """Send a request to one engine, and return what arrives there."""
    identifier = submit(client, channel, engine, kind, **more)
    arrived = engine.expect(channel, kind)
    assert arrived.id.startswith(identifier), "another request arrived"
    return arrived


def round_trip(
    client: ClientPeer, channel: str, engine: EnginePeer, buffers: Sequence[bytes] = (), **more: Any
) -> Message:
    """Have a request answered with ``ok``, and return what the client gets."""
    request = deliver(client, channel, engine, **more)
    engine.reply(channel, request, buffers=buffers)
    return client.expect(channel, parent=request.id)


def recorded(client: ClientPeer, *identifiers: str) -> None:
    """Wait until the hub knows that these requests have ended."""
    wanted = set(identifiers)
    client.until(
        "result_request",
        {"msg_ids": sorted(wanted), "status_only": True},
        lambda content: set(content.get("completed", ())) == wanted,
        f"the hub to know the results of {wanted}",
    )


def pending(client: ClientPeer, *identifiers: str) -> None:
    """Wait until the hub knows these requests, which are not answered yet."""
    wanted = set(identifiers)
    client.until(
        "result_request",
        {"msg_ids": sorted(wanted), "status_only": True},
        lambda content: wanted <= set(content.get("pending", ())),
        f"the hub to know the requests {wanted}",
    )


def records(client: ClientPeer, query: Json, keys: Sequence[str] | None = None) -> dict[str, Json]:
    """The records that match a query, by id."""
    content = client.ask("db_request", {"query": query, "keys": keys}).content
    assert content["status"] == "ok", content
    return {record["msg_id"]: record for record in content["records"]}


def join_broadcast(client: ClientPeer, engine: EnginePeer) -> None:
    """Broadcast until it arrives: schedulers that are processes of their own may not have found each other yet."""

    def arrives() -> bool:
        submit(client, "broadcast", engine)
        return engine.receive("broadcast", 1) is not None

    wait_until(arrives, "any broadcast")
    engine.answer_everything()


def join_output(client: ClientPeer, engine: EnginePeer) -> None:
    """Publish until it arrives: what is published before a subscription has taken effect is lost."""
    client.socket("iopub")

    def arrives() -> bool:
        engine.publish("status", {"execution_state": "starting"}, b"{}")
        return client.frames("iopub", 0.05) is not None

    wait_until(arrives, "any output")
    marker = json.dumps({"msg_id": engine.session.new_id()}).encode()
    engine.publish("status", {"execution_state": "idle"}, marker)
    client.expect("iopub", parent=json.loads(marker)["msg_id"])
