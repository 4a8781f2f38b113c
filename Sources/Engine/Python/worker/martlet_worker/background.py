"""Waiting for the engine, while what tasks have left in an event loop goes on."""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from .channel import Channel
from .interrupts import Interrupts
from .lazy import when_imported

if TYPE_CHECKING:
    from .eventloop import WorkerLoop


class Background:
    """Owns the event loop, from the moment user code imports asyncio. Until then waiting is a plain read."""

    def __init__(self, channel: Channel, interrupts: Interrupts) -> None:
        self._channel = channel
        self._interrupts = interrupts
        self._wanted = False
        self._in_task = False
        self._outside: deque[Callable[[], None]] = deque()
        self.loop: WorkerLoop | None = None
        when_imported("asyncio", self._asyncio_imported)

    def _asyncio_imported(self, module: ModuleType) -> None:
        self._wanted = True
        if self._in_task and threading.current_thread() is threading.main_thread():
            self.begin()

    def begin(self) -> None:
        """A task begins: user code finds a running loop, once there is one."""
        self._in_task = True
        if not self._wanted:
            return
        if self.loop is None or self.loop.is_closed():
            import asyncio

            from .eventloop import WorkerLoop

            self.loop = WorkerLoop(self._interrupts)
            asyncio.set_event_loop(self.loop)
        self.loop.interrupted = False
        self.loop.mark_running()

    def end(self) -> None:
        """The task is over."""
        self._in_task = False
        if self.loop is not None:
            self.loop.unmark_running()

    @property
    def was_interrupted(self) -> bool:
        """Whether a signal cancelled the coroutine that was run last."""
        return self.loop is not None and self.loop.interrupted

    def run_outside(self, function: Callable[[], None]) -> None:
        """Called from the loop: leave it, and run a function as a task is run, so that it can run the loop itself."""
        self._outside.append(function)
        if self.loop is not None:
            self.loop.stop()

    def wait(self) -> None:
        """Return when a message can be read; run the event loop if it has work."""
        loop, channel = self.loop, self._channel
        if loop is None or channel.has_message or loop.is_closed():
            return
        if not loop.has_work:
            poll = select.poll()
            poll.register(channel.fileno(), select.POLLIN)
            poll.register(loop.wake_descriptor, select.POLLIN)
            if any(descriptor == channel.fileno() for descriptor, _ in poll.poll()):
                return
        # The loop stops also after an error, and for functions that are to run outside.
        while not self._readable() and not loop.is_closed():
            loop.run_until_readable(channel.fileno())
            while self._outside:
                function = self._outside.popleft()
                self.begin()
                try:
                    function()
                finally:
                    self.end()

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        return bool(poll.poll(0))
