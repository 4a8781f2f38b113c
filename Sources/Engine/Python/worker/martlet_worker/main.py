"""The worker's main loop: one message after the other, as the engine sends them."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from . import process
from .channel import Channel, EngineGone
from .interrupts import Interrupts
from .publishing import encode, load
from .streams import Streams

_OK = b'{"type": "reply", "status": "ok", "dependencies_met": true}'
_OK_CONTENT = b'{"status": "ok"}'


def run(connection: socket.socket) -> None:
    """Serve the engine at the other end of ``connection`` until it closes it. Does not return."""
    process.die_with_parent()
    process.report_crashes()
    interrupts = Interrupts()
    interrupts.install()
    channel = Channel(connection, interrupts)
    streams = Streams()
    streams.install()
    try:
        worker = _started(channel, interrupts, streams)
        if worker is None:
            process.leave(1)
        else:
            worker.serve()
    except EngineGone:
        process.leave()


def _started(channel: Channel, interrupts: Interrupts, streams: Streams) -> Worker | None:
    from json import loads

    start = loads(bytes(channel.receive()[0]))
    try:
        # Imported here, as they need IPython.
        from .startup import missing_packages

        complaint = missing_packages()
        if complaint is None:
            worker = Worker(channel, interrupts, streams, start)
    except Exception as error:
        # A package that is there and can't be imported. What it says is all there is to go by.
        import traceback

        traceback.print_exc()
        complaint = f"{sys.executable} can't run a worker: {type(error).__name__}: {error}"
    if complaint is not None:
        channel.send({"type": "failed", "message": complaint})
        return None
    worker.start(start)
    return worker


class Worker:
    """The parts of a worker that has IPython, put together."""

    def __init__(self, channel: Channel, interrupts: Interrupts, streams: Streams, start: dict) -> None:
        from json import loads

        from .background import Background
        from .calls import import_calls
        from .cells import Cells
        from .comms import connect_comms
        from .kernel import Kernel
        from .publishing import Publisher
        from .shell import make_shell, refuse_input

        self._loads = loads
        self._channel = channel
        self._interrupts = interrupts
        self._streams = streams
        self._publisher = Publisher(channel, streams)
        self._background = Background(channel, interrupts)
        self._kernel = Kernel(start["engine_id"], start["engine_uuid"])
        self._shell = self._kernel.shell = make_shell(self._publisher, self._kernel, start["execution_count"])
        self._calls = import_calls(self._shell, self._kernel)
        self._cells = Cells(self._shell, self._kernel, self._publisher, self._background)
        self._shell.was_interrupted = lambda: self._background.was_interrupted
        refuse_input()
        connect_comms(self._publisher)
        self._handlers = {"bind": self._bind, "remove": self._remove, "get": self._get}

    def start(self, start: dict) -> None:
        """Run what the engine was told to run first, and report readiness."""
        from .startup import run_startup, versions

        self._background.begin()
        self._interrupts.begin()
        try:
            run_startup(self._shell, start.get("startup_script"), start.get("startup_command"))
        except KeyboardInterrupt:
            print("The start-up code was interrupted.", file=sys.stderr)
        finally:
            self._interrupts.end()
            self._background.end()
        self._streams.flush()
        version = ".".join(map(str, sys.version_info[:3]))
        ready = {"type": "ready", "pid": os.getpid(), "python": version, "executable": sys.executable}
        self._channel.send({**ready, "packages": versions()})

    def serve(self) -> None:
        """Handle messages until the engine is gone."""
        channel, background, loads = self._channel, self._background, self._loads
        while True:
            background.wait()
            parts = channel.receive()
            message = loads(parts[0])
            kind = message["type"]
            if kind == "request":
                self._request(message["msg_type"], parts)
            else:
                self._handlers[kind](message, parts)
            # Memory is not kept until the next message, which may be long in coming.
            del parts, message

    # Requests

    def _request(self, msg_type: str, parts: list) -> None:
        self._kernel.set_parts(parts[1], parts[2], parts[3])
        try:
            self._interrupts.begin()
            self._background.begin()
            head, content, buffers = self._answer(msg_type, parts)
        except KeyboardInterrupt as error:
            # It came at the very end of the task, or while its error was being written down.
            head, content, buffers = self._failed(msg_type, error)
        self._background.end()
        self._streams.restore()
        self._reply(head, content, buffers)

    def _answer(self, msg_type: str, parts: list) -> tuple[Any, bytes, list]:
        try:
            if msg_type == "apply_request":
                buffers = self._calls.call(parts[4:])
                self._interrupts.end()
                return _OK, _OK_CONTENT, buffers
            content = self._other(msg_type, parts)
            self._interrupts.end()
        except BaseException as error:
            self._interrupts.end()
            return self._failed(msg_type, error)
        return self._head(content), encode(content), []

    def _other(self, msg_type: str, parts: list) -> dict:
        if msg_type == "execute_request":
            return self._cells.execute(load(parts[3]))
        if msg_type == "clear_request":
            self._shell.reset(False)
            return {"status": "ok"}
        from .comms import MESSAGE_TYPES, receive
        from .queries import answer

        header, metadata, content = (load(part) for part in parts[1:4])
        if msg_type in MESSAGE_TYPES:
            receive(msg_type, header, metadata, content, parts[4:])
            return {"status": "ok"}
        return answer(self._shell, msg_type, content)

    def _failed(self, msg_type: str, error: BaseException) -> tuple[dict, bytes, list]:
        self._interrupts.end()
        self._exit_if_forked(error)
        if msg_type == "execute_request":
            content = self._cells.finished(self._cells.error_content(error))
        else:
            content = self._calls.error_content(error)
        return self._head(content), encode(content), []

    @staticmethod
    def _head(content: dict) -> dict:
        met = content.get("ename") != "UnmetDependency"
        head = {"type": "reply", "status": content["status"], "dependencies_met": met}
        if "execution_count" in content:
            head["execution_count"] = content["execution_count"]
        return head

    def _reply(self, head: Any, content: bytes, buffers: list) -> None:
        self._exit_if_forked(None)
        self._streams.flush()
        self._channel.send(head, [content, *buffers])

    def _exit_if_forked(self, error: BaseException | None) -> None:
        """A child that user code has forked has come to the end of its task: it must not go on as a second worker."""
        if not self._channel.in_child:
            return
        code = 0 if error is None else 1
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            import traceback

            traceback.print_exception(type(error), error, error.__traceback__)
        process.leave_now(code)

    # The namespace

    def _bind(self, message: dict, parts: list) -> None:
        position = 1
        for item in message["names"]:
            end = position + item["frames"]
            try:
                self._shell.user_ns[item["name"]] = self._calls.deserialize(parts[position:end])
            except Exception as error:
                print(f"{item['name']} can't be rebuilt: {type(error).__name__}: {error}", file=sys.stderr)
                self._streams.flush()
            position = end

    def _remove(self, message: dict, parts: list) -> None:
        for name in message["names"]:
            self._shell.user_ns.pop(name, None)

    def _get(self, message: dict, parts: list) -> None:
        values: list[dict] = []
        frames: list = []
        for name in message["names"]:
            if name not in self._shell.user_ns:
                values.append({"undefined": True})
                continue
            try:
                buffers = self._calls.serialize(self._shell.user_ns[name])
            except Exception as error:
                values.append({"ename": type(error).__name__, "evalue": str(error)})
            else:
                values.append({"frames": len(buffers)})
                frames.extend(buffers)
        self._channel.send({"type": "values", "values": values}, frames)
