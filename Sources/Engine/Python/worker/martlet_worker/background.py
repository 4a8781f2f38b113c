"""Waiting for the engine, while what tasks have left in an event loop goes on."""

from __future__ import annotations

import select
import threading
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
        # Returns also after an error in the loop: there may be no message yet, but reading would stop the loop.
        while not self._readable():
            loop.run_until_readable(channel.fileno())

    def _readable(self) -> bool:
        return bool(select.select([self._channel.fileno()], [], [], 0)[0])
