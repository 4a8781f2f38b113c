"""The worker's main loop: one message after the other, as the engine sends them.

No line of this module is ever interrupted by a signal, so each request gets its reply.
"""

from __future__ import annotations

import os
import socket
import sys

from . import process
from .channel import Channel, EngineGone
from .interrupts import Interrupts
from .streams import Streams


def run(connection: socket.socket) -> None:
    """Serve the engine at the other end of ``connection`` until it closes it. Does not return."""
    process.die_with_parent()
    process.outlive_termination()
    process.report_crashes()
    process.reuse_memory()
    interrupts = Interrupts()
    interrupts.install()
    interrupts.accept_nudges()
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
    except BaseException:
        # A mistake of the worker's or the engine's. An ordinary end would wait for threads of user code.
        import traceback

        traceback.print_exc()
        process.leave(1)


def _started(channel: Channel, interrupts: Interrupts, streams: Streams) -> Worker | None:
    from json import loads

    from .startup import missing_packages

    start = loads(bytes(channel.receive()[0]))
    complaint = missing_packages()
    if complaint is None:
        try:
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
        # Imported here, as they import IPython.
        from json import loads

        from .background import Background
        from .calls import import_calls
        from .cells import Cells
        from .comms import connect_comms
        from .kernel import Kernel
        from .names import Names
        from .publishing import Publisher
        from .shell import make_shell, refuse_input
        from .tasks import Tasks

        self._loads = loads
        self._channel = channel
        self._interrupts = interrupts
        self._streams = streams
        publisher = Publisher(channel, streams)
        self._background = Background(channel, interrupts)
        self._kernel = Kernel(start["engine_id"], start["engine_uuid"])
        self._shell = self._kernel.shell = make_shell(
            publisher, self._kernel, interrupts, start["execution_count"], start.get("shell_options") or {}
        )
        self._shell.was_interrupted = lambda: self._background.was_interrupted
        calls = import_calls(self._shell, self._kernel)
        self._tasks = Tasks(self._shell, calls, Cells(self._shell, self._kernel, publisher), interrupts)
        self._kernel.tasks, self._kernel.background = self._tasks, self._background
        self._kernel.publisher, self._kernel.interrupts = publisher, interrupts
        names = Names(self._shell, calls, channel)
        self._handlers = {"bind": names.bind, "remove": names.remove, "get": names.get}
        refuse_input()
        connect_comms(publisher)

    def start(self, start: dict) -> None:
        """Run what the engine was told to run first, and report readiness."""
        from .startup import run_startup, versions

        self._background.begin()
        self._interrupts.shield_forks()
        self._interrupts.begin()
        try:
            run_startup(self._shell, start.get("startup", {}))
        except KeyboardInterrupt:
            print("The start-up code was interrupted.", file=sys.stderr)
        self._finish_task(None)
        version = ".".join(map(str, sys.version_info[:3]))
        ready = {"type": "ready", "pid": os.getpid(), "python": version, "executable": sys.executable}
        self._channel.send({**ready, "packages": versions()})

    def serve(self) -> None:
        """Handle messages until the engine is gone."""
        channel, background, loads = self._channel, self._background, self._loads
        head, message = b"", {}
        while True:
            background.wait()
            parts = channel.receive()
            # Requests often have the same head.
            if parts[0] != head:
                head, message = parts[0], loads(parts[0])
            kind = message["type"]
            if kind == "request":
                self._request(message, parts)
            else:
                self._handlers[kind](message, parts)
                self._streams.flush()
            # Memory is not kept until the next message, which may be long in coming.
            del parts

    def _request(self, message: dict, parts: list) -> None:
        msg_type = message["msg_type"]
        self._kernel.set_parts(parts[1], parts[2], parts[3])
        self._background.begin()
        self._interrupts.begin(message.get("interrupts"))
        try:
            head, content, buffers = self._tasks.run(msg_type, parts)
            self._finish_task(None)
        except BaseException as error:
            self._finish_task(error)
            head, content, buffers = self._tasks.failed(msg_type, error)
        self._streams.flush()
        self._channel.send(head, [content, *buffers])

    def _finish_task(self, error: BaseException | None) -> None:
        self._interrupts.end()
        self._background.end()
        self._streams.restore()
        if self._channel.in_child:
            # User code has forked, and its child has come here. It must not go on as a second worker.
            process.leave_child(error)
