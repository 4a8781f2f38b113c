"""The client under test: its driver, and the controller that is played for it."""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .engines import part
from .played import START, PlayedController
from .processes import Patience, Workshop, fill
from .wire import Json, Message

#: The engines that clients find, uuids by id.
ENGINES = {0: "kit-engine-zero", 1: "kit-engine-one", 2: "kit-engine-two"}


#: Where this package is, so that its own drivers are found even if it is not installed.
_PACKAGES = str(Path(__file__).parents[1])


class Driver:
    """The driver's process: commands in, answers out."""

    def __init__(self, command: list[str], workshop: Workshop):
        self.log_path = workshop.directory / "client.log"
        with self.log_path.open("ab") as log:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=workshop.directory,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [_PACKAGES, os.environ.get("PYTHONPATH")]))},
            )
        self.answers: queue.Queue[Json | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.child.stdout
        for line in self.child.stdout:
            self.answers.put(json.loads(line))
        self.answers.put(None)

    def write(self, command: Json) -> None:
        """Give the driver a command."""
        assert self.child.stdin
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()

    def log(self) -> str:
        """The end of what it wrote to standard error."""
        return self.log_path.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End it."""
        assert self.child.stdin
        try:
            self.child.stdin.close()
            self.child.wait(2)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.child.kill()
            self.child.wait()


class Client:
    """A client under test with the controller that is played for it."""

    def __init__(self, template: str, transport: str = "tcp", **controller: Any):
        self.workshop = Workshop()
        self.controller = PlayedController(self.workshop.directory, transport, **controller)
        self.driver = Driver(self._command(template), self.workshop)
        self.engines = dict(ENGINES)
        self._latest = 0
        self._outcomes: dict[int, Json] = {}
        #: Answers to `connection_request`, which clients may send at any time, are given while this is true.
        self.answers_connections = True

    def _command(self, template: str) -> list[str]:
        values = {"dir": self.workshop.directory, "file": self.controller.client_file}
        return fill(template, values)

    def connect(self) -> "Client":
        """Let the client connect, and wait until its subscriptions have arrived."""
        number = self.start("connect")
        engines = self.ok(number, START)
        assert engines == {str(key): value for key, value in self.engines.items()}
        self.wait_for_subscriptions()
        return self

    def wait_for_subscriptions(self) -> None:
        """Wait until the client has subscribed to output and notifications."""
        for name in ("iopub_out", "notification"):
            assert self.controller.frames(name, START), f"no subscription on {name}"

    def start(self, do: str, **fields: Any) -> int:
        """Give the client a command. Returns its number."""
        number = self._latest = self._latest + 1
        self.driver.write({"id": number, "do": do, **fields})
        return number

    def outcome(self, number: int, timeout: float | None = None) -> Json:
        """The answer to a command; meanwhile the hub answers."""
        timeout = Patience.seconds if timeout is None else timeout
        deadline = time.monotonic() + timeout
        while number not in self._outcomes:
            assert time.monotonic() < deadline, f"command {number} was not answered\n{self.driver.log()}"
            self.serve()
            try:
                answer = self.driver.answers.get(timeout=0.01)
            except queue.Empty:
                continue
            assert answer, f"the driver has ended\n{self.driver.log()}"
            self._outcomes[answer["id"]] = answer
        found = self._outcomes[number]
        if "unsupported" in found:
            pytest.skip("the client has no means for this command")
        return found

    def is_done(self, number: int) -> bool:
        """Whether a command has been answered."""
        self._take_answers()
        return number in self._outcomes

    def _take_answers(self) -> None:
        while not self.driver.answers.empty():
            answer = self.driver.answers.get()
            assert answer, f"the driver has ended\n{self.driver.log()}"
            self._outcomes[answer["id"]] = answer

    def ok(self, number: int, timeout: float | None = None) -> Any:
        """The value that a command gave; AssertionError if it failed."""
        outcome = self.outcome(number, timeout)
        assert "ok" in outcome, outcome
        return outcome["ok"]

    def error(self, number: int, timeout: float | None = None) -> Json:
        """The error of a command; AssertionError if it gave a value."""
        outcome = self.outcome(number, timeout)
        assert "error" in outcome, outcome
        return outcome["error"]

    def run(self, do: str, **fields: Any) -> Any:
        """Give the client a command that needs the hub only, and return its value."""
        return self.ok(self.start(do, **fields))

    def serve(self) -> None:
        """Answer what clients ask the hub on their own."""
        if not self.answers_connections:
            return
        while frames := self.controller.frames("registration", 0):
            message = self.controller.session.read(frames)
            if message.kind == "connection_request":
                self.answer_connection(message)
            else:
                self.controller.backlog.setdefault("registration", []).append(message)

    def answer_connection(self, request: Message) -> None:
        """Answer a `connection_request`."""
        engines = {str(key): value for key, value in self.engines.items()}
        self.answer_hub(request, {"engines": engines})

    def hub_request(self, kind: str, timeout: float | None = None) -> Message:
        """The next request of this type to the hub."""
        before, self.answers_connections = self.answers_connections, kind != "connection_request"
        try:
            return self.request("registration", kind, timeout)
        finally:
            self.answers_connections = before

    def answer_hub(self, request: Message, content: Json | None = None, kind: str | None = None, status: str = "ok") -> None:
        """Answer a request to the hub."""
        frames = self.controller.session.frames(
            kind or request.kind.replace("_request", "_reply"),
            {"status": status, **(content or {})},
            parent=request.parts[0],
            identities=request.identities,
        )
        self.controller.send("registration", frames)

    def request(self, name: str, kind: str | None = None, timeout: float | None = None) -> Message:
        """The next request on a channel. AssertionError as soon as the driver says that a command has failed."""
        timeout = Patience.seconds if timeout is None else timeout
        deadline = time.monotonic() + timeout
        while True:
            self.serve()
            try:
                return self.controller.expect(name, kind, timeout=0.05)
            except AssertionError:
                self._take_answers()
                failed = [self._outcomes[self._latest]] if "ok" not in self._outcomes.get(self._latest, {"ok": None}) else []
                if any("unsupported" in answer for answer in failed):
                    pytest.skip("the client has no means for this command")
                if failed or time.monotonic() > deadline:
                    raise AssertionError(f"no {kind or 'request'} on {name}; {failed}\n{self.driver.log()}") from None

    def reply(
        self,
        name: str,
        request: Message,
        *values: Any,
        status: str = "ok",
        content: Json | None = None,
        metadata: Json | None = None,
        engine: int = 0,
        identities: Sequence[bytes] | None = None,
        frames: Sequence[bytes] = (),
        parent: bytes | Json | None = None,
    ) -> list[bytes]:
        """Answer a request as an engine does; ``values`` are in its buffers. Returns the frames sent."""
        buffers = [frame for value in values for frame in part(value).buffers()]
        made = self.controller.session.frames(
            request.kind.replace("_request", "_reply"),
            {"status": status, **(content or {})},
            self.metadata(request, status, engine) | (metadata or {}),
            request.parts[0] if parent is None else parent,
            [*buffers, *frames],
            self.identities(name, request, engine) if identities is None else identities,
        )
        self.controller.send(name, made)
        return made

    def identities(self, name: str, request: Message, engine: int) -> list[bytes]:
        """The identities in front of a reply, as the scheduler sends it."""
        client = request.identities[0]
        return [client] if name == "broadcast_in" else [client, ENGINES[engine].encode()]

    def metadata(self, request: Message, status: str, engine: int) -> Json:
        """The metadata of a reply."""
        return {
            "started": request.header["date"],
            "dependencies_met": True,
            "engine": ENGINES[engine],
            "status": status,
            "is_broadcast": request.metadata.get("is_broadcast", False),
            "is_coalescing": request.metadata.get("is_coalescing", False),
            "original_msg_id": request.metadata.get("original_msg_id", ""),
            "label": request.metadata.get("label"),
        }

    def publish(self, kind: str, content: Json, parent: bytes | Json, engine: int = 0, topic: str | None = None) -> list[bytes]:
        """Publish output of an engine. Returns the frames sent."""
        name = f"engine.{engine}.{topic or kind}".encode()
        frames = self.controller.session.frames(kind, content, {"engine": ENGINES[engine]}, parent, identities=[name])
        self.controller.send("iopub_out", frames)
        return frames

    def print(self, text: str, parent: bytes | Json, engine: int = 0) -> list[bytes]:
        """Publish text that an engine has printed."""
        return self.publish("stream", {"name": "stdout", "text": text}, parent, engine, "stdout")

    def state(self, state: str, parent: bytes | Json, engine: int = 0) -> list[bytes]:
        """Publish that an engine is busy or idle."""
        return self.publish("status", {"execution_state": state}, parent, engine)

    def notify(self, kind: str, content: Json) -> list[bytes]:
        """Tell the client of an engine. Returns the frames sent."""
        frames = self.controller.session.frames(kind, content)
        self.controller.send("notification", frames)
        return frames

    def until_engines(self, wanted: dict[int, str], timeout: float | None = None) -> None:
        """Wait until the client knows exactly these engines."""
        timeout = Patience.seconds if timeout is None else timeout
        expected = {str(key): value for key, value in wanted.items()}
        deadline = time.monotonic() + timeout
        while (found := self.run("engines")) != expected:
            assert time.monotonic() < deadline, f"{found} instead of {expected}"

    def close(self) -> None:
        """Stop everything."""
        self.driver.stop()
        self.workshop.close()
        self.controller.close()
