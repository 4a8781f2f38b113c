"""What SIGINT does: it interrupts what runs for the engine or a console, and nothing else."""

from __future__ import annotations

import os
import signal
import sys
import threading
from _signal import getsignal  # without the conversion to an enumeration, which takes as long as all else here
from collections.abc import Callable
from types import FrameType, FunctionType, TracebackType
from typing import Any

#: Seconds after which a signal is sent again whose exception Python has dropped.
_AGAIN = 0.02


class Interrupts:
    """Raises ``KeyboardInterrupt`` in the main thread while a task runs there.

    Some signals wait. One that strikes between ``begin`` and the task's first line is raised by that line, which looks
    at ``pending``. One that strikes while a message is written is raised when it is written, so that no message is cut
    short. One that strikes between tasks is for the next, if the engine has not sent it for the last. One that strikes in
    functions that are called around a fork waits for the last of them: cut short, they would leave locks held. And where
    Python drops an exception, as there and in finalisers, the signal is repeated.

    Python looks for signals between two lines, and when one cuts a system call short. One that strikes just before a system
    call is not seen until that is over. Until the task has ended, the engine therefore sends SIGURG from time to time, which
    cuts short whatever blocks and does nothing else.

    A console's cells run between tasks. What the engine sends then interrupts the cell as well as the task that waits for
    its end. What a console sends comes with SIGURG, so that it isn't taken for the engine's.
    """

    def __init__(self) -> None:
        #: Whether the task has to raise ``KeyboardInterrupt`` as the first thing it does.
        self.pending = False
        #: How often ``KeyboardInterrupt`` was raised.
        self.raised = 0
        #: Replaces the raising of ``KeyboardInterrupt`` while an event loop runs the task.
        self.action: Callable[[], None] | None = None
        self._armed = False
        self._is_outside = False
        self._early = False
        self._is_requested = False
        self._sent = 0
        self._deferrals = 0
        self._deferred = False
        self._is_forking = False
        self._main = threading.get_ident()
        self._main_module = f"{__package__}.main"
        self._edges = {Interrupts.begin.__code__, Interrupts.begin_outside.__code__, Interrupts.end.__code__}
        self._tasks = 0
        self._is_own = False

    def install(self) -> None:
        """Take SIGINT over, at first and again after user code has set a handler of its own."""
        if getsignal(signal.SIGINT) != self._handle:
            signal.signal(signal.SIGINT, self._handle)
        if sys.unraisablehook is sys.__unraisablehook__:
            sys.unraisablehook = self._dropped

    def accept_nudges(self) -> None:
        """Let SIGURG cut system calls short, after which Python looks for other signals and for what a console wants."""
        signal.signal(signal.SIGURG, self._nudged)

    def protect(self, function: FunctionType) -> None:
        """No line of this function is interrupted; ``pending`` is set instead."""
        self._edges.add(function.__code__)

    def shield_forks(self) -> None:
        """Have signals wait while functions registered so far with ``os.register_at_fork`` run."""
        # Of the functions before a fork, the last one registered is called first, and of those after it last.
        os.register_at_fork(before=self._fork_begins, after_in_parent=self._forked, after_in_child=self._is_in_child)

    def begin(self, sent: int | None = None) -> None:
        """A task begins: from now on signals reach it.

        ``sent`` is the number of signals that the engine had sent when it sent the request. Where it is what it was at
        the last request, a signal that came in between is for this one, which was still on its way.
        """
        self.install()
        self.pending = self._deferred = False
        self._tasks += 1
        self._armed = True
        if self._early and sent == self._sent:
            self.pending = True
        self._early = False
        self._sent = -1 if sent is None else sent

    def begin_outside(self) -> None:
        """A console's cell begins, between two tasks. It ends with ``end``."""
        self.install()
        self.pending = self._deferred = False
        self._tasks += 1
        self._is_outside = self._armed = True

    def request(self) -> None:
        """Interrupt what runs. For another thread, which calls ``repeat`` until that is seen."""
        self._is_requested = True
        self.repeat()

    def repeat(self) -> bool:
        """Return whether the main thread has not seen a request, after having it look again."""
        if self._is_requested:
            signal.pthread_kill(self._main, signal.SIGURG)
        return self._is_requested

    def end(self) -> None:
        """The task, or the console's cell, is over. Signals that wait are dropped."""
        self._armed = self._is_outside = False
        self.pending = self._deferred = False

    def __enter__(self) -> None:
        """In this context, which is for writing, signals wait. They reach the main thread only."""
        if threading.get_ident() == self._main:
            self._deferrals += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if threading.get_ident() != self._main:
            return
        self._deferrals -= 1
        self._catch_up()

    def _catch_up(self) -> None:
        if self._deferred and not self._deferrals and not self._is_forking:
            self._deferred = False
            self._strike()

    def _nudged(self, number: int, frame: FrameType | None) -> None:
        requested, self._is_requested = self._is_requested, False
        handler = getsignal(signal.SIGINT)
        if requested and self._armed and callable(handler):
            self._is_own = True
            handler(signal.SIGINT, frame)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        is_own, self._is_own = self._is_own, False
        if not self._armed or self._is_outside:
            self._early = self._early or not is_own
        if not self._armed:
            return
        if self._deferrals or self._is_forking:
            self._deferred = True
        elif frame is None or frame.f_code in self._edges or frame.f_globals.get("__name__") == self._main_module:
            # No line that turns a task's end into its reply may be interrupted.
            self.pending = True
        else:
            self._strike()

    def _fork_begins(self) -> None:
        if threading.get_ident() == self._main:
            self._is_forking = True

    def _forked(self) -> None:
        if threading.get_ident() == self._main:
            self._is_forking = False
            self._catch_up()

    def _is_in_child(self) -> None:
        self._is_forking = self._deferred = False

    def _strike(self) -> None:
        if not self._armed:
            return
        if self.action is not None:
            self.action()
        else:
            self.raised += 1
            raise KeyboardInterrupt

    def _strike_again(self) -> None:
        task = self._tasks

        def strike() -> None:
            if self._armed and self._tasks == task:
                self._is_own = True
                os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(_AGAIN, strike)
        timer.daemon = True
        timer.start()

    def _dropped(self, unraisable: Any) -> None:
        if self._armed and isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._strike_again()
        else:
            sys.__unraisablehook__(unraisable)


def without_handler(traceback: TracebackType | None) -> TracebackType | None:
    """Cut the signal handler's frames off the end of a traceback."""
    if traceback is None or traceback.tb_frame.f_globals.get("__name__") == __name__:
        return None
    last = traceback
    while last.tb_next is not None:
        if last.tb_next.tb_frame.f_globals.get("__name__") == __name__:
            last.tb_next = None
            break
        last = last.tb_next
    return traceback
