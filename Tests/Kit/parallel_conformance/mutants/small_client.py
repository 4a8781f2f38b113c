"""A client with its driver in a few lines. Its subclasses in `client` break one requirement each that it meets."""

import json
import queue
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import zmq

from .. import values
from ..drivers.plain import decoded, encoded
from ..peers import ClientPeer
from ..vectors.calls import Part, call, reference
from ..wire import Json, Message, WireError
from .small_engine import canned


@dataclass
class Command:
    """A command that waits for replies: those to come by msg_id, and what has come."""

    number: int
    to: Any
    open: list[str]
    order: list[str]
    executes: bool = False
    replied: dict[str, Any] = field(default_factory=dict)
    idle: set[str] = field(default_factory=set)
    text: str = ""


class SmallClient(ClientPeer):
    """Does what commands say: ``connect``, ``engines``, ``apply`` and ``execute``."""

    def __init__(self, info: Json):
        super().__init__(info)
        self.known: dict[int, str] = {}
        self.commands: list[Command] = []
        self.accepted: set[bytes] = set()

    def run(self) -> None:
        """Read commands and messages until the input ends."""
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=lambda: ([lines.put(line) for line in sys.stdin], lines.put(None)), daemon=True).start()
        channels = ("iopub", "notification", "mux", "task", "broadcast", "registration")
        poller = zmq.Poller()
        for channel in channels:
            poller.register(self.socket(channel), zmq.POLLIN)
        while True:
            poller.poll(10)
            for channel in channels:
                while (frames := self.frames(channel, 0)) is not None:
                    self.receive_frames(channel, frames)
            while not lines.empty():
                if (line := lines.get()) is None:
                    return
                self.command(json.loads(line))

    def answer(self, number: int, key: str, value: Any) -> None:
        """Write an answer."""
        print(json.dumps({"id": number, key: value}), flush=True)

    # Commands

    def command(self, command: Json) -> None:
        """Do what a command says."""
        match command["do"]:
            case "connect":
                identifier = self.send("registration", "connection_request")
                self.commands.append(Command(command["id"], None, [identifier], [identifier]))
            case "engines":
                self.answer(command["id"], "ok", {str(key): value for key, value in self.known.items()})
            case "apply":
                args = [canned(decoded(value)) for value in command.get("args", [])]
                kwargs = {key: canned(decoded(value)) for key, value in command.get("kwargs", {}).items()}
                self.request(command, "apply_request", {}, self.buffers(reference(command["function"]), args, kwargs))
            case "execute":
                self.request(command, "execute_request", {"code": command["code"], "silent": False, "user_expressions": {}}, [])
            case _:
                self.answer(command["id"], "unsupported", True)

    def buffers(self, function: Part, args: list[Part], kwargs: dict[str, Part]) -> list[bytes]:
        """The buffers of a call."""
        return call(function, args, kwargs)

    def broadcast_metadata(self, to: Json) -> Json:
        """The metadata of a broadcast."""
        targets = [[self.known[number], number] for number in to["broadcast"]]
        return {"is_broadcast": True, "is_coalescing": to.get("coalescing", False), "targets": targets}

    def request(self, command: Json, kind: str, content: Json, buffers: Sequence[bytes]) -> None:
        """Send a request."""
        to = command["to"]
        if isinstance(to, dict):
            sent = self.send("broadcast", kind, content, metadata=self.broadcast_metadata(to), buffers=buffers)
            names = [f"{sent}_{self.known[number]}" for number in to["broadcast"]]
            names = [sent] if to.get("coalescing") else names
        elif to == "any":
            names = [self.send("task", kind, content, buffers=buffers)]
        else:
            numbers = to if isinstance(to, list) else [to]
            names = [self.send("mux", kind, content, self.known[number], buffers=buffers) for number in numbers]
        self.commands.append(Command(command["id"], to, list(names), names, kind == "execute_request"))

    # Messages

    def read(self, frames: list[bytes]) -> Message:
        """A message, verified."""
        return self.session.read(frames)

    def is_replay(self, message: Message) -> bool:
        """Whether a message was accepted before."""
        known = bool(self.session.key) and message.signature in self.accepted
        self.accepted.add(message.signature)
        return known

    def receive_frames(self, channel: str, frames: list[bytes]) -> None:
        """Take in what has come."""
        try:
            message = self.read(frames)
            _ = message.id, message.kind
        except (WireError, KeyError):
            return
        if self.is_replay(message):
            return
        if channel == "notification":
            self.notified(message)
        elif channel == "iopub":
            self.output(message)
        else:
            self.reply(message)
        self.finish()

    def notified(self, message: Message) -> None:
        """An engine has come or left."""
        number, name = message.content.get("id", -1), message.content.get("uuid", "")
        if message.kind == "registration_notification":
            self.known[number] = name
        elif message.kind == "unregistration_notification":
            self.known.pop(number, None)
            self.lost(number)

    def lost(self, number: int) -> None:
        """End the requests to an engine that has left."""
        for command in [command for command in self.commands if command.to == number and not command.replied]:
            self.commands.remove(command)
            self.answer(command.number, "error", {"ename": "EngineError", "evalue": f"engine {number} has left"})

    def owner(self, message: Message) -> tuple[Command | None, str]:
        """The command that waits for a reply, and the id of the request."""
        original = message.metadata.get("original_msg_id", "")
        for name in (message.parent.get("msg_id", ""), original):
            for command in self.commands:
                if name in command.order:
                    return command, name
        return None, ""

    def reply(self, message: Message) -> None:
        """Note a reply."""
        command, name = self.owner(message)
        if command is None or name in command.replied:
            return
        if message.kind == "connection_reply":
            self.known = {int(key): value for key, value in message.content["engines"].items()}
            command.replied[name] = dict(message.content["engines"])
        elif message.content.get("status") != "ok":
            self.commands.remove(command)
            error = {"ename": message.content.get("ename", "TaskAborted"), "evalue": message.content.get("evalue", "")}
            self.answer(command.number, "error", error)
        elif isinstance(command.to, dict) and command.to.get("coalescing"):
            found, rest = [], message.buffers
            while rest:
                value, rest = values.take(rest)
                found.append(value)
            command.replied[name] = found
        else:
            command.replied[name] = values.result(message.buffers) if message.buffers else None

    def output_owner(self, message: Message) -> Command | None:
        """The command whose output a message is."""
        name = message.parent.get("msg_id")
        return next((command for command in self.commands if name in command.order), None)

    def output(self, message: Message) -> None:
        """Note output."""
        command = self.output_owner(message)
        if command and message.kind == "stream":
            command.text += message.content["text"]
        elif command and message.content.get("execution_state") == "idle":
            command.idle.add(message.parent["msg_id"])

    def finish(self) -> None:
        """Answer the commands that have all they wait for."""
        for command in list(self.commands):
            complete = set(command.open) <= set(command.replied)
            if complete and (not command.executes or set(command.open) <= command.idle):
                self.commands.remove(command)
                self.answer(command.number, "ok", self.outcome(command))

    def outcome(self, command: Command) -> Any:
        """The value of a command."""
        if command.executes:
            return {"stdout": command.text}
        found = [encoded(command.replied[name]) for name in command.order]
        one = not isinstance(command.to, (list, dict)) or (isinstance(command.to, dict) and command.to.get("coalescing"))
        return found[0] if one else found
