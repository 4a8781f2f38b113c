"""What SIGINT does: it interrupts the running task, and nothing else."""

from __future__ import annotations

import signal
import threading
from _signal import getsignal  # without the conversion to an enumeration, which takes as long as all else here
from collections.abc import Callable
from types import FrameType, TracebackType

#: Modules whose own lines are never interrupted: this one, and the one that turns a task's error into its reply.
_SHIELDED = (__name__, f"{__package__}.main")


class Interrupts:
    """Raises ``KeyboardInterrupt`` in the main thread while a task runs there.

    Three kinds of signals wait. One that strikes between ``begin`` and the task's first line is raised by that line,
    which looks at ``pending``. One that strikes while a message is written is raised when it is written, so that no
    message is cut short. One that strikes between tasks is for the next, if the engine has not sent it for the last.
    """

    def __init__(self) -> None:
        #: Whether the task has to raise ``KeyboardInterrupt`` as the first thing it does.
        self.pending = False
        #: Replaces the raising of ``KeyboardInterrupt`` while an event loop runs the task.
        self.action: Callable[[], None] | None = None
        self._armed = False
        self._early = False
        self._sent = 0
        self._deferrals = 0
        self._deferred = False
        self._main = threading.main_thread().ident

    def install(self) -> None:
        """Take SIGINT over, at first and again after user code has set a handler of its own."""
        if getsignal(signal.SIGINT) != self._handle:
            signal.signal(signal.SIGINT, self._handle)

    def begin(self, sent: int | None = None) -> None:
        """A task begins: from now on signals reach it.

        ``sent`` is the number of signals that the engine had sent when it sent the request. Where it is what it was at
        the last request, a signal that came in between is for this one, which was still on its way.
        """
        self.install()
        self.pending = self._deferred = False
        self._armed = True
        if self._early and sent == self._sent:
            self.pending = True
        self._early = False
        self._sent = -1 if sent is None else sent

    def end(self) -> None:
        """The task is over. Signals that wait are dropped."""
        self._armed = False
        self.pending = self._deferred = False

    def __enter__(self) -> None:
        """In this context, which is for writing, signals wait. They reach the main thread only."""
        if threading.get_ident() == self._main:
            self._deferrals += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if threading.get_ident() != self._main:
            return
        self._deferrals -= 1
        if self._deferred and not self._deferrals:
            self._deferred = False
            self._strike()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # IPython leaves such frames out.
        if not self._armed:
            self._early = True
        elif self._deferrals:
            self._deferred = True
        elif frame is not None and frame.f_globals.get("__name__") in _SHIELDED:
            self.pending = True
        else:
            self._strike()

    def _strike(self) -> None:
        __tracebackhide__ = True
        if not self._armed:
            return
        if self.action is not None:
            self.action()
        else:
            raise KeyboardInterrupt
