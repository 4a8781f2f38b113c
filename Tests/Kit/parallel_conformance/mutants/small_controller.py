"""A controller in a few lines: hub, heart monitor and relays. Its subclasses in `controller` break one requirement each."""

import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import zmq

from ..played import PlayedController
from ..wire import DELIMITER, Json, Message, WireError

#: Pairs of sockets that relay requests: the clients' side and the engines'.
RELAYS = {"mux_in": "mux_out", "control_in": "control_out", "task_in": "task_out"}


class SmallController(PlayedController):
    """A controller without records, dependencies and broadcasts."""

    def __init__(self, client_file: Path, ping: int):
        super().__init__(client_file.parent, key=uuid.uuid4().hex, period=ping / 1000)
        self.period_ms = ping
        self.engines: dict[int, str] = {}
        self.pending: dict[int, str] = {}
        self.beats: dict[str, float] = {}
        self.next_id = 0
        self.accepted: set[bytes] = set()

    def run(self) -> None:
        """Serve until killed."""
        poller = zmq.Poller()
        for socket in self.sockets.values():
            poller.register(socket, zmq.POLLIN)
        names = {socket: name for name, socket in self.sockets.items()}
        while True:
            for socket, _ in poller.poll(10):
                self.readable(names[socket], socket)
            self.hear()

    def readable(self, name: str, socket: zmq.Socket) -> None:
        """Handle what has come on a socket."""
        received = []
        while socket.poll(0):
            received.append(socket.recv_multipart())
        for frames in self.in_order(name, received):
            if name == "registration":
                self.hub(frames)
            elif name in RELAYS:
                self.to_engine(name, frames)
            elif name in RELAYS.values():
                self.to_client(name, frames)
            elif name == "iopub_in":
                self.sockets["iopub_out"].send_multipart(self.relayed_output(frames))

    def in_order(self, name: str, received: list[list[bytes]]) -> list[list[bytes]]:
        """The messages of a socket in the order in which they are handled."""
        return received

    def deliver(self, name: str, frames: Sequence[bytes]) -> None:
        """Send frames, if the receiver is connected."""
        try:
            self.sockets[name].send_multipart(list(frames))
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise

    # Relays

    def to_engine(self, name: str, frames: list[bytes]) -> None:
        """Pass a request on; a task goes to its first target."""
        client, rest = frames[0], frames[1:]
        if name == "task_in":
            targets = json.loads(rest[rest.index(DELIMITER) + 4]).get("targets") or list(self.engines.values())
            rest = [targets[0].encode(), *rest]
        self.deliver(RELAYS[name], [rest[0], client, *self.relayed(rest[1:])])

    def to_client(self, name: str, frames: list[bytes]) -> None:
        """Pass a reply on."""
        self.deliver(name.replace("_out", "_in"), [frames[1], self.reply_identity(frames), *frames[2:]])

    def reply_identity(self, frames: list[bytes]) -> bytes:
        """The identity with which a client gets a reply."""
        return frames[0]

    def relayed(self, frames: list[bytes]) -> list[bytes]:
        """A request from the delimiter on, as the engine gets it."""
        return frames

    def relayed_output(self, frames: list[bytes]) -> list[bytes]:
        """Output, as clients get it."""
        return frames

    # Heartbeats

    def is_beat(self, echo: bytes) -> bool:
        """Whether an echo counts."""
        return echo in list(self.monitor.pings)[-2:]

    def hear(self) -> None:
        """Take in what hearts have sent, and find those that are silent."""
        now = time.monotonic()
        while self.monitor.echoes:
            name, echo = self.monitor.echoes.popleft()
            if self.is_beat(echo):
                self.beats[name.decode(errors="replace")] = now
        for number, name in list(self.pending.items()):
            if name in self.beats:
                self.engines[number] = self.pending.pop(number)
                self.notify("registration_notification", {"id": number, "uuid": name})
        for number, name in list(self.engines.items()):
            if now - self.beats.get(name, now) > 12 * self.period_ms / 1000:
                self.remove(number)

    def remove(self, number: int) -> None:
        """Forget an engine."""
        name = self.engines.pop(number, None) or self.pending.pop(number, None)
        if name:
            self.beats.pop(name, None)
            self.notify("unregistration_notification", {"id": number, "uuid": name})

    # Hub

    def notify(self, kind: str, content: Json) -> None:
        """Tell all clients."""
        self.sockets["notification"].send_multipart(self.session.frames(kind, content))

    def read(self, frames: list[bytes]) -> Message:
        """A message, verified."""
        return self.session.read(frames)

    def is_replay(self, message: Message) -> bool:
        """Whether a message was accepted before."""
        known = message.signature in self.accepted
        self.accepted.add(message.signature)
        return known

    def hub(self, frames: list[bytes]) -> None:
        """Answer a request to the hub."""
        try:
            request = self.read(frames)
        except WireError:
            return
        if self.is_replay(request):
            return
        if request.kind == "unregistration_request":
            self.remove(request.content.get("id", -1))
            return
        kind, content = self.answer(request)
        self.deliver("registration", self.session.frames(kind, content, parent=request.parts[0], identities=request.identities))

    def answer(self, request: Message) -> tuple[str, Json]:
        """The type and content of the answer to a request."""
        match request.kind:
            case "connection_request":
                return "connection_reply", {"status": "ok", "engines": {str(key): value for key, value in self.engines.items()}}
            case "registration_request":
                return "registration_reply", self.register(request.content["uuid"], request.content.get("id"))
        error = {"status": "error", "ename": "KeyError", "evalue": request.kind, "traceback": [], "engine_info": {}}
        return "hub_error", error

    def register(self, name: str, wanted: int | None) -> Json:
        """Accept an engine; it is known once it beats."""
        taken = {**self.engines, **self.pending}
        if name in taken.values():
            return {"status": "error", "ename": "KeyError", "evalue": "in use", "traceback": [], "engine_info": {}}
        number = self.new_id(taken) if wanted is None or wanted in taken else wanted
        self.next_id = max(self.next_id, number + 1)
        self.beats.pop(name, None)
        self.pending[number] = name
        info = {key: value for key, value in self.engine_info.items() if key != "key"}
        return {"status": "ok", "id": number, "hb_period": self.period_ms, "connection_info": info}

    def new_id(self, taken: dict[int, str]) -> int:
        """The next id."""
        return self.next_id
