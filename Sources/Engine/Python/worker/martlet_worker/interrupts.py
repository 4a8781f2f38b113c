"""What SIGINT does: it interrupts the running task, and nothing else."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupts:
    """Raises ``KeyboardInterrupt`` in the main thread while a task runs there.

    Between tasks, signals are ignored. While the main thread writes a message they are put off, so that no message is cut
    short, and dropped when the task is over by then.
    """

    def __init__(self) -> None:
        self._running = False
        self._deferrals = 0
        self._pending = False
        self._main = threading.main_thread().ident
        #: Replaces the raising of ``KeyboardInterrupt`` while an event loop runs the task.
        self.action: Callable[[], None] | None = None

    def install(self) -> None:
        """Take SIGINT over, at first and again after user code has set a handler of its own."""
        if signal.getsignal(signal.SIGINT) is not self._handle:
            signal.signal(signal.SIGINT, self._handle)

    def begin(self) -> None:
        """A task begins: from now on signals reach it."""
        self.install()
        self._pending = False
        self._running = True

    def end(self) -> None:
        """The task is over. A signal that was put off is dropped."""
        self._running = False
        self._pending = False

    def deferred(self) -> Interrupts:
        """A context in which signals wait, for writing. It costs nothing on other threads, which signals don't reach."""
        return self

    def __enter__(self) -> None:
        if threading.get_ident() == self._main:
            self._deferrals += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if threading.get_ident() != self._main:
            return
        self._deferrals -= 1
        if self._pending and not self._deferrals:
            self._pending = False
            self._raise()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # IPython leaves such frames out.
        if self._deferrals:
            self._pending = True
        else:
            self._raise()

    def _raise(self) -> None:
        __tracebackhide__ = True
        if not self._running:
            return
        if self.action is not None:
            self.action()
        else:
            raise KeyboardInterrupt
