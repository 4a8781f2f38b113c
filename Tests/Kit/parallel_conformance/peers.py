"""Engines and clients made of plain sockets, which the tests play against a controller."""

import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from .processes import Patience, wait_until
from .wire import Json, Message, Session, endpoint, utc_now

#: The channels of an engine besides those of registration and heart.
CHANNELS = ("mux", "task", "control", "broadcast", "iopub")


def connect(
    context: zmq.Context,
    info: Json,
    channel: str,
    kind: int,
    identity: bytes = b"",
    index: int = 0,
    wait: bool = False,
    limit: int = 0,
) -> zmq.Socket:
    """A socket connected to a channel of a connection file, with CURVE if the file asks for it.

    With ``wait`` the handshake is over: what is sent to an engine that is not connected may be lost. ``limit`` is the high
    water mark.
    """
    socket = context.socket(kind)
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = limit
    if identity:
        socket.identity = identity
    if info.get("curve_serverkey"):
        socket.curve_serverkey = info["curve_serverkey"].encode()
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    if kind == zmq.SUB:
        socket.subscribe(b"")
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED) if wait else None
    socket.connect(endpoint(info, channel, index))
    if monitor:
        assert monitor.poll(Patience.seconds * 1000), f"{channel} does not connect to {endpoint(info, channel, index)}"
        socket.disable_monitor()
    return socket


class Heart(threading.Thread):
    """Echoes pings on a thread of its own while it beats, and keeps the latest ones."""

    def __init__(self, info: Json, identity: bytes):
        super().__init__(daemon=True)
        self.info, self.identity = info, identity
        self.beats = True
        self.pings: deque[list[bytes]] = deque(maxlen=64)
        self.distort: Callable[[bytes], bytes] = lambda ping: ping
        self._ending = False

    def run(self) -> None:
        """Echo until stopped."""
        context = zmq.Context()
        ping = connect(context, self.info, "hb_ping", zmq.SUB)
        pong = connect(context, self.info, "hb_pong", zmq.DEALER, self.identity)
        while not self._ending:
            if ping.poll(20):
                frames = ping.recv_multipart()
                self.pings.append(frames)
                if self.beats:
                    pong.send_multipart([self.distort(frames[0]), *frames[1:]])
        context.destroy(linger=0)

    def stop(self) -> None:
        """End the thread and its connections."""
        self._ending = True
        if self.is_alive():
            self.join()


class Peer:
    """Sockets that are opened when they are needed, and a session. Not thread-safe."""

    def __init__(self, info: Json, name: str | None = None, key: str | None = None):
        self.info = info
        self.session = Session.of(info, name, key)
        self.context = zmq.Context()
        self.sockets: dict[str, zmq.Socket] = {}

    def send_frames(self, channel: str, frames: Sequence[bytes]) -> None:
        """Send frames as they are."""
        self.socket(channel).send_multipart(list(frames))

    def socket(self, channel: str) -> zmq.Socket:
        """The socket of a channel."""
        raise NotImplementedError

    def frames(self, channel: str, timeout: float | None = None) -> list[bytes] | None:
        """The frames of the next message of a channel, or None."""
        socket = self.socket(channel)
        timeout = Patience.seconds if timeout is None else timeout
        return socket.recv_multipart() if socket.poll(timeout * 1000) else None

    def receive(self, channel: str, timeout: float | None = None) -> Message | None:
        """The next message of a channel, verified, or None if none comes in time."""
        frames = self.frames(channel, timeout)
        return None if frames is None else self.session.read(frames)

    def expect(
        self, channel: str, kind: str | None = None, parent: str | None = None, timeout: float | None = None
    ) -> Message:
        """The next message of this type and parent; others are passed over. AssertionError if none comes."""
        timeout = Patience.seconds if timeout is None else timeout
        deadline = time.monotonic() + timeout
        seen = []
        while (left := deadline - time.monotonic()) > 0:
            message = self.receive(channel, left)
            if message is None:
                break
            if (kind is None or message.kind == kind) and (parent is None or message.parent.get("msg_id") == parent):
                return message
            seen.append((message.kind, message.parent.get("msg_id"), message.content))
        raise AssertionError(
            f"no {kind or 'message'} of parent {parent} on {channel} within {timeout:g} s; only {seen}"
        )

    def close(self) -> None:
        """Close all connections."""
        self.sockets.clear()
        self.context.destroy(linger=0)


class ClientPeer(Peer):
    """A client. ``identity`` is the routing identity of its sockets; by default ZeroMQ chooses."""

    def __init__(self, info: Json, identity: bytes = b"", key: str | None = None):
        super().__init__(info, key=key)
        self.identity = identity

    def socket(self, channel: str) -> zmq.Socket:
        """The DEALER of a channel, or the SUB of ``iopub`` and ``notification``."""
        if channel not in self.sockets:
            kind = zmq.SUB if channel in ("iopub", "notification") else zmq.DEALER
            self.sockets[channel] = connect(self.context, self.info, channel, kind, self.identity)
        return self.sockets[channel]

    def send(self, channel: str, kind: str, content: Json | None = None, to: str | None = None, **more: Any) -> str:
        """Send a request, to an engine's uuid on channels that need it. Returns its msg_id."""
        frames = self.session.frames(kind, content, identities=[to.encode()] if to else [], **more)
        self.send_frames(channel, frames)
        return json.loads(frames[frames.index(b"<IDS|MSG>") + 2])["msg_id"]

    def ask(self, kind: str, content: Json | None = None, timeout: float | None = None) -> Message:
        """Send a request to the hub and return the answer to it."""
        identifier = self.send("registration", kind, content)
        return self.expect("registration", parent=identifier, timeout=timeout)

    def engines(self) -> dict[int, str]:
        """The registered engines: uuid by id."""
        return {int(key): value for key, value in self.ask("connection_request").content["engines"].items()}

    def until(self, kind: str, content: Json, condition: Callable[[Json], object], what: str) -> Json:
        """Ask the hub, which learns of traffic a little later, until the content of its answer is as wanted."""
        latest: list[Json] = [{}]

        def asked() -> bool:
            latest[0] = self.ask(kind, content).content
            return bool(condition(latest[0]))

        try:
            wait_until(asked, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the last {kind} was answered with {latest[0]}") from None
        return latest[0]


class EnginePeer(Peer):
    """An engine whose requests and replies the test handles itself."""

    def __init__(self, info: Json, name: str | None = None, requested: int | None = None):
        super().__init__(info, name or uuid.uuid4().hex)
        self.uuid = self.session.name
        self.requested = requested
        self.id = -1
        self.heart = Heart(info, self.uuid.encode())
        self.unanswered: dict[str, tuple[str, Message]] = {}

    def socket(self, channel: str) -> zmq.Socket:
        """The socket of a channel: DEALER for the hub, PUB for iopub, otherwise a ROUTER as real engines have it.

        Each scheduler gets a socket of its own, which tells the tests where a request came from. ``broadcast`` leads to
        the leaf of the engine's id.
        """
        if channel not in self.sockets:
            kind = {"registration": zmq.DEALER, "iopub": zmq.PUB}.get(channel, zmq.ROUTER)
            leaves = self.info["broadcast"]
            index = self.id % len(leaves) if channel == "broadcast" and isinstance(leaves, list) else 0
            self.sockets[channel] = connect(self.context, self.info, channel, kind, self.uuid.encode(), index, True)
        return self.sockets[channel]

    def receive(self, channel: str, timeout: float | None = None) -> Message | None:
        """The next message of a channel; requests are remembered until they are answered."""
        message = super().receive(channel, timeout)
        if message and channel not in ("registration", "iopub"):
            self.unanswered[message.id] = (channel, message)
        return message

    def answer_everything(self) -> None:
        """Answer what a failed test has left, and what comes then."""
        quiet = 0
        while quiet < 3:
            arrived = [self.receive(channel, 0.03) for channel in CHANNELS if channel != "iopub"]
            quiet = 0 if any(arrived) or self.unanswered else quiet + 1
            for channel, request in list(self.unanswered.values()):
                self.reply(channel, request)

    def request_registration(self, **more: Any) -> Message:
        """Send a `registration_request` and return the reply, whatever it says."""
        content = {"uuid": self.uuid, "id": self.requested, **more}
        self.send_frames("registration", self.session.frames("registration_request", content))
        reply = self.receive("registration")
        assert reply, "the registration_request was not answered"
        if reply.content.get("status") == "ok":
            self.id = reply.content["id"]
        return reply

    def accept(self, **more: Any) -> "EnginePeer":
        """Register and connect all channels, without beating: the registration is not complete yet."""
        reply = self.request_registration(**more)
        assert reply.content.get("status") == "ok", reply.content
        for channel in CHANNELS:
            self.socket(channel)
        return self

    def register(self, **more: Any) -> "EnginePeer":
        """Register, connect all channels and start to beat."""
        self.accept(**more)
        self.heart.start()
        return self

    def reply(
        self,
        channel: str,
        request: Message,
        content: Json | None = None,
        status: str = "ok",
        metadata: Json | None = None,
        buffers: Sequence[bytes] = (),
        **more: Any,
    ) -> list[bytes]:
        """Answer a request on the channel it came on, with the metadata an engine writes. Returns the frames sent."""
        frames = self.session.frames(
            request.kind.replace("_request", "_reply"),
            {"status": status, **(content or {})},
            self.metadata(request, status, **(metadata or {})),
            request.parts[0],
            buffers,
            request.identities,
            **more,
        )
        self.unanswered.pop(request.id, None)
        self.send_frames(channel, frames)
        return frames

    def metadata(self, request: Message, status: str = "ok", **more: Any) -> Json:
        """The metadata of a reply."""
        copied = {"is_broadcast": False, "is_coalescing": False, "original_msg_id": ""}
        copied = {key: request.metadata.get(key, value) for key, value in copied.items()}
        return {
            "started": utc_now(),
            "dependencies_met": True,
            "engine": self.uuid,
            "status": status,
            **copied,
            **more,
        }

    def publish(self, kind: str, content: Json, parent: bytes | Json, topic: str | None = None) -> list[bytes]:
        """Publish a message about a request. Returns the frames sent."""
        name = f"engine.{self.id}.{topic or kind}".encode()
        frames = self.session.frames(kind, content, {"engine": self.uuid}, parent, identities=[name])
        self.send_frames("iopub", frames)
        return frames

    def restart_heart(self) -> None:
        """Beat over a new connection, as if the former one had broken."""
        self.heart.stop()
        # libzmq connects again after as long; before the end of the former connection it would be ignored.
        time.sleep(0.1)
        self.heart = Heart(self.info, self.uuid.encode())
        self.heart.start()

    def unregister(self) -> None:
        """Say goodbye to the hub."""
        self.send_frames("registration", self.session.frames("unregistration_request", {"id": self.id}))

    def close(self) -> None:
        """Stop beating and close all connections, without a word."""
        self.heart.stop()
        super().close()
