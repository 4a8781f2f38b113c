"""A small engine that drives a real worker: the other side of the contract, for tests."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import FunctionType

from ipyparallel.serialize import deserialize_object, pack_apply_message, serialize_object

WORKER = Path(__file__).resolve().parents[2] / "Sources" / "Engine" / "Python" / "worker"
BOOTSTRAP = (WORKER / "bootstrap.py").read_text()

#: Seconds after which waiting for a condition fails. No test depends on how fast a condition becomes true.
TIMEOUT = 30

#: Seconds after which an interrupted worker is made to look for the signal.
NUDGE_INTERVAL = 0.02


def worker_sources():
    """The modules as the engine embeds them: names and source texts."""
    files = (WORKER / "martlet_worker").glob("*.py")
    names = {path: "martlet_worker" + ("" if path.stem == "__init__" else f".{path.stem}") for path in files}
    return {name: path.read_text() for path, name in names.items()}


def at_home(value):
    """Have a function of a test module run in the engine's namespace, as one of a notebook would."""
    if isinstance(value, FunctionType) and value.__module__.startswith(("test_", "conftest")):
        value.__module__ = "__main__"
    return value


class Reply:
    """A reply, what was published before it, and what was printed, in the order in which the engine saw them."""

    def __init__(self, head, content, buffers, events):
        self.head = head
        self.content = content
        self.buffers = buffers
        self.events = events

    @property
    def value(self):
        """What a call returned. Fails with the worker's traceback if it raised."""
        assert self.content["status"] == "ok", "\n".join(self.content["traceback"])
        return deserialize_object(self.buffers)[0]

    def published(self, msg_type):
        """Contents of the messages of this type."""
        return [event[1] for event in self.events if event[0] == msg_type]

    def text(self, name="stdout"):
        """Everything that was printed there."""
        return b"".join(event[1] for event in self.events if event[0] == name).decode()


class FakeEngine:
    """Starts a worker and exchanges messages with it, one at a time."""

    def __init__(self, python=sys.executable, env=None, cwd=None, start=True, bootstrap=BOOTSTRAP, **options):
        self.events = []
        self.interrupts = 0
        self._is_interrupting = False
        self._data = bytearray()
        self._ahead = []
        self.socket, theirs = socket.socketpair()
        pipes = {"stdout": os.pipe(), "stderr": os.pipe()}
        self.process = subprocess.Popen(
            [python, "-c", bootstrap],
            stdin=theirs,
            stdout=pipes["stdout"][1],
            stderr=pipes["stderr"][1],
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        theirs.close()
        self.outputs = {}
        for name, (reading, writing) in pipes.items():
            os.close(writing)
            os.set_blocking(reading, False)
            self.outputs[reading] = name
        if start:
            self.send({"type": "sources", "modules": worker_sources()})
            options = {"execution_count": 1, **options}
            self.send({"type": "start", "engine_id": 7, "engine_uuid": "uuid-of-engine", **options})
            self.started, _ = self.receive()

    # Messages

    def send(self, head, parts=()):
        """Send one message."""
        parts = [json.dumps(head).encode(), *[memoryview(part).cast("B") for part in parts]]
        lengths = [memoryview(part).nbytes for part in parts]
        self.socket.sendall(struct.pack(f"<I{len(parts)}Q", len(parts), *lengths))
        for part in parts:
            self.socket.sendall(part)

    def receive(self):
        """Return the next message that is not a `publish`; publications and output go to ``events``."""
        if self._ahead:
            return self._ahead.pop(0)
        while True:
            head, parts = self._message()
            if head["type"] != "publish":
                return head, parts
            self._published(head, parts)

    def _published(self, head, parts):
        self.events.append((head["msg_type"], json.loads(parts[0]), head, parts[2:]))

    def _message(self):
        deadline = time.monotonic() + TIMEOUT
        while (message := self._next()) is None:
            assert time.monotonic() < deadline, f"no message within {TIMEOUT} s; {self.events[-20:]}"
            self._pump()
        return message

    def _pump(self, timeout=1.0):
        """Read once from whatever has something."""
        if self._is_interrupting:
            timeout = min(timeout, NUDGE_INTERVAL)
        readable, _, _ = select.select([self.socket, *self.outputs], [], [], timeout)
        if self._is_interrupting and not readable:
            self.nudge()
        if self.socket in readable:
            data = self.socket.recv(1 << 20)
            if not data:
                self.drain()
                raise EOFError(f"the worker left: {self.process.wait(TIMEOUT)}, {self.events[-20:]}")
            self._data += data
        self.drain()

    def _next(self):
        data = self._data
        if len(data) < 4:
            return None
        (count,) = struct.unpack_from("<I", data)
        if len(data) < 4 + 8 * count:
            return None
        lengths = struct.unpack_from(f"<{count}Q", data, 4)
        position = 4 + 8 * count
        if len(data) < position + sum(lengths):
            return None
        parts = []
        for length in lengths:
            parts.append(bytes(data[position : position + length]))
            position += length
        del data[:position]
        return json.loads(parts[0]), parts[1:]

    def drain(self):
        """Read both pipes empty."""
        for descriptor, name in list(self.outputs.items()):
            while True:
                try:
                    data = os.read(descriptor, 1 << 16)
                except BlockingIOError:
                    break
                if not data:
                    del self.outputs[descriptor]
                    os.close(descriptor)
                    break
                self.events.append((name, data))

    def wait_for(self, condition, what):
        """Receive until ``condition(self.events)`` is true.

        The reply may arrive together with what is waited for: it is kept for ``receive``.
        """
        deadline = time.monotonic() + TIMEOUT
        while not condition(self.events):
            assert time.monotonic() < deadline, f"not within {TIMEOUT} s: {what}; {self.events[-20:]}"
            self._pump(0.2)
            while (message := self._next()) is not None:
                if message[0]["type"] == "publish":
                    self._published(*message)
                else:
                    self._ahead.append(message)

    def wait_until_sent(self, data):
        """Wait until the worker has sent this, and leave it unread."""
        deadline = time.monotonic() + TIMEOUT
        while data not in self.socket.recv(1 << 20, socket.MSG_PEEK):
            assert time.monotonic() < deadline, f"not within {TIMEOUT} s: {data}"
            time.sleep(0.01)

    def wait_for_text(self, text, name="stdout"):
        """Receive until this was printed."""
        self.wait_for(lambda events: text in b"".join(e[1] for e in events if e[0] == name), text)

    # Requests

    def begin(self, msg_type, content=None, buffers=(), metadata=None):
        """Send a request."""
        self.drain()
        self.events = []
        header = {"msg_id": "id-1", "msg_type": msg_type, "session": "test"}
        parts = [json.dumps(part).encode() for part in (header, metadata or {}, content or {})]
        self.send({"type": "request", "msg_type": msg_type, "interrupts": self.interrupts}, [*parts, *buffers])

    def finish(self):
        """Receive the reply to the request that was begun."""
        head, parts = self.receive()
        assert head["type"] == "reply", head
        self._is_interrupting = False
        self.drain()
        return Reply(head, json.loads(parts[0]), parts[1:], self.events)

    def begin_apply(self, function, *arguments, **keywords):
        """Send a call."""
        arguments = [at_home(argument) for argument in arguments]
        self.begin("apply_request", buffers=pack_apply_message(at_home(function), arguments, keywords))

    def apply(self, function, *arguments, **keywords):
        """Make a call and return its reply."""
        self.begin_apply(function, *arguments, **keywords)
        return self.finish()

    def call(self, function, *arguments, **keywords):
        """Make a call and return what it returned."""
        return self.apply(function, *arguments, **keywords).value

    def begin_execute(self, code, **content):
        """Send a cell."""
        self.begin("execute_request", {"code": code, "silent": False, "store_history": True, **content})

    def execute(self, code, **content):
        """Run a cell and return its reply."""
        self.begin_execute(code, **content)
        return self.finish()

    def run(self, code, **content):
        """Run a cell that has to succeed."""
        reply = self.execute(code, **content)
        assert reply.content["status"] == "ok", "\n".join(reply.content["traceback"])
        return reply

    def bind(self, **values):
        """Set names in the worker."""
        buffers = {name: serialize_object(value) for name, value in values.items()}
        names = [{"name": name, "frames": len(frames)} for name, frames in buffers.items()]
        self.send({"type": "bind", "names": names}, [frame for frames in buffers.values() for frame in frames])

    def get(self, *names):
        """Read names; returns what the worker says of each, and the frames."""
        self.send({"type": "get", "names": list(names)})
        head, frames = self.receive()
        assert head["type"] == "values", head
        return head["values"], frames

    def interrupt(self):
        """Interrupt the running task, and nudge the worker until it has ended."""
        self._is_interrupting = True
        self.interrupts += 1
        self.process.send_signal(signal.SIGINT)

    def nudge(self):
        """Have the worker look for a signal that it may have missed."""
        self.process.send_signal(signal.SIGURG)

    def wait(self):
        """Wait for the worker's end and return its status."""
        status = self.process.wait(TIMEOUT)
        self.drain()
        return status

    def close(self):
        """Hang up and check that the worker goes."""
        self.socket.close()
        try:
            return self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            for descriptor in self.outputs:
                os.close(descriptor)
            self.outputs = {}
