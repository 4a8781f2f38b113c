"""Exchanges: the frames that each side gets, in order.

A step has ``from``, ``to`` and ``channel``, the frames as the receiver's socket gives them, and in ``means`` what the
receiver learns. ``signed`` is false for pings and echoes, which are single frames.
"""

from typing import Any

from .connections import written
from .signing import Author, hexadecimal

KEY = "6f1d2c3b-martlet-example"


class Exchange:
    """Writes an exchange step by step."""

    def __init__(self, name: str, about: str) -> None:
        self.made: dict[str, Any] = {
            "name": name, "about": about, "key": KEY, "scheme": "hmac-sha256", "steps": []
        }

    def step(self, sender: str, receiver: str, channel: str, frames: list[bytes], means: str, signed: bool = True) -> None:
        self.made["steps"].append({
            "from": sender, "to": receiver, "channel": channel, "signed": signed,
            "frames": hexadecimal(frames), "means": means,
        })


def make(seed: int) -> list[dict[str, Any]]:
    return [
        _registration(seed), _requested_id(seed), _refused_registration(seed), _heartbeat(seed), _unregistration(seed),
        _direct_request(seed), _task(seed), _shutdown(seed),
    ]


def _peers(seed: int, name: str) -> tuple[Author, Author, Author, bytes, bytes]:
    """The sessions of controller, engine and client, and the identities of engine and client."""
    hub = Author(seed, f"{name} hub", KEY)
    engine = Author(seed, f"{name} engine", KEY)
    client = Author(seed, f"{name} client", KEY)
    return hub, engine, client, engine.session.encode(), client.session.encode()


def _connection_info(seed: int) -> dict[str, Any]:
    return {key: value for key, value in written(seed, "engine", "tcp://127.0.0.1").items() if key != "key"}


def _registration(seed: int) -> dict[str, Any]:
    exchange = Exchange("registration", "an engine registers, gets a ping and answers it; clients are told")
    hub, engine, _, uuid, _ = _peers(seed, "registration")
    request = engine.frames("registration_request", {"uuid": engine.session}, identities=(uuid,))
    exchange.step("engine", "hub", "registration", request, "the identity of the socket is the engine's uuid")
    content = {"status": "ok", "id": 0, "hb_period": 3000, "connection_info": _connection_info(seed)}
    reply = hub.frames("registration_reply", content, parent=request[3])
    exchange.step("hub", "engine", "registration", reply, "the id is 0; a ping comes every 3 s; the key is left out")
    exchange.step("heart monitor", "engine", "hb_ping", [b"12.000431"], "a single frame, any text", False)
    exchange.step("engine", "heart monitor", "hb_pong", [uuid, b"12.000431"], "the frame comes back unchanged", False)
    content = {"id": 0, "uuid": engine.session}
    notification = hub.frames("registration_notification", content)
    exchange.step("hub", "client", "notification", notification, "no topic frame; the engine can be used")
    return exchange.made


def _requested_id(seed: int) -> dict[str, Any]:
    exchange = Exchange("registration-with-id", "an engine asks for an id and gets it")
    hub, engine, _, uuid, _ = _peers(seed, "requested")
    request = engine.frames("registration_request", {"uuid": engine.session, "id": 7}, identities=(uuid,))
    exchange.step("engine", "hub", "registration", request, "id 7 is wanted")
    content = {"status": "ok", "id": 7, "hb_period": 1000, "connection_info": _connection_info(seed)}
    reply = hub.frames("registration_reply", content, parent=request[3])
    exchange.step("hub", "engine", "registration", reply, "the id is 7, so the leaf of two is the second one")
    return exchange.made


def _refused_registration(seed: int) -> dict[str, Any]:
    exchange = Exchange("registration-refused", "the uuid is in use")
    hub, engine, _, uuid, _ = _peers(seed, "refused")
    request = engine.frames("registration_request", {"uuid": engine.session}, identities=(uuid,))
    exchange.step("engine", "hub", "registration", request, "a uuid that is in use")
    content = {"status": "error", "ename": "KeyError", "evalue": "uuid in use", "traceback": [], "engine_info": {}}
    reply = hub.frames("registration_reply", content, parent=request[3])
    exchange.step("hub", "engine", "registration", reply, "the engine must not go on")
    return exchange.made


def _heartbeat(seed: int) -> dict[str, Any]:
    exchange = Exchange("heartbeats", "pings and echoes; what is not an echo is ignored")
    _, _, _, uuid, _ = _peers(seed, "heartbeat")
    for number, ping in enumerate((b"3.000000", b"6.000001", b"9.1")):
        exchange.step("heart monitor", "engine", "hb_ping", [ping], f"ping {number}", False)
        exchange.step("engine", "heart monitor", "hb_pong", [uuid, ping], f"echo {number}: a beat", False)
    exchange.step("engine", "heart monitor", "hb_pong", [uuid, b"6.000001"], "the ping before the last is a beat", False)
    exchange.step("engine", "heart monitor", "hb_pong", [uuid, b"3.000000"], "an old ping is not a beat", False)
    exchange.step("engine", "heart monitor", "hb_pong", [uuid, b"now"], "nor is what was never sent", False)
    return exchange.made


def _unregistration(seed: int) -> dict[str, Any]:
    exchange = Exchange("unregistration", "an engine leaves; clients are told; the hub does not answer")
    hub, engine, _, uuid, _ = _peers(seed, "unregistration")
    request = engine.frames("unregistration_request", {"id": 0}, identities=(uuid,))
    exchange.step("engine", "hub", "registration", request, "the engine with id 0 leaves")
    notification = hub.frames("unregistration_notification", {"id": 0, "uuid": engine.session})
    exchange.step("hub", "client", "notification", notification, "open requests to it end with an error")
    return exchange.made


def _direct_request(seed: int) -> dict[str, Any]:
    exchange = Exchange("direct-request", "the frames before the delimiter on their way through mux and back")
    _, engine, client, uuid, identity = _peers(seed, "direct")
    request = client.frames("apply_request", identities=(uuid,), buffers=(b"\x80\x04N.",))
    exchange.step("client", "mux_in", "mux", [identity, *request], "ROUTER puts the client's identity in front")
    exchange.step("mux_out", "engine", "mux", [b"mux_out", identity, *request[1:]], "the engine's ROUTER names mux_out")
    metadata = {"engine": engine.session, "status": "ok", "dependencies_met": True}
    reply = engine.frames("apply_reply", {"status": "ok"}, metadata, request[3], buffers=(b"\x80\x04N.",))
    exchange.step("engine", "mux_out", "mux", [uuid, identity, *reply], "the engine returned both identities")
    exchange.step("mux_in", "client", "mux", [uuid, *reply], "the client's DEALER gets the engine's")
    return exchange.made


def _task(seed: int) -> dict[str, Any]:
    exchange = Exchange("task", "a load-balanced task, with the outcome in the reply's metadata")
    _, engine, client, uuid, identity = _peers(seed, "task")
    request = client.frames("apply_request", {}, {"retries": 1, "targets": []}, buffers=(b"\x80\x04N.",))
    exchange.step("client", "task_in", "task", [identity, *request], "no engine is named")
    exchange.step("task_out", "engine", "task", [b"task_out", identity, *request], "the scheduler chose the engine")
    metadata = {"engine": engine.session, "status": "error", "dependencies_met": False}
    content = {"status": "error", "ename": "UnmetDependency", "evalue": "", "traceback": []}
    reply = engine.frames("apply_reply", content, metadata, request[2])
    exchange.step("engine", "task_out", "task", [uuid, identity, *reply], "not here: to be tried on another engine")
    return exchange.made


def _shutdown(seed: int) -> dict[str, Any]:
    exchange = Exchange("shutdown", "an engine is told to end")
    _, engine, client, uuid, identity = _peers(seed, "shutdown")
    request = client.frames("shutdown_request", {"restart": False}, identities=(uuid,))
    exchange.step("client", "control_in", "control", [identity, *request], "sent on control, to overtake others")
    exchange.step("control_out", "engine", "control", [b"control_out", identity, *request[1:]], "the engine ends")
    content = {"status": "ok", "restart": False}
    reply = engine.frames("shutdown_reply", content, {"engine": engine.session}, request[3])
    exchange.step("engine", "control_out", "control", [uuid, identity, *reply], "before it ends")
    output = engine.frames("shutdown_reply", content, {"engine": engine.session}, request[3], (b"engine.0.shutdown",))
    exchange.step("engine", "iopub", "iopub", output, "the hub unregisters the engine")
    return exchange.made
