"""``sys.stdout`` and ``sys.stderr`` over descriptors 1 and 2, which the engine reads."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Callable

#: Seconds after which output is passed on while a task goes on computing.
FLUSH_INTERVAL = 0.1

#: Intervals without output after which the flushing thread goes to sleep.
QUIET_INTERVALS = 10

BUFFER_SIZE = 1 << 15


class FlushTimer:
    """Flushes the streams some time after something was written. Its thread starts at the first output."""

    def __init__(self) -> None:
        self._streams: list[OutputStream] = []
        self.reset()

    def reset(self) -> None:
        """Forget the thread, which a forked process doesn't have."""
        self._wake = threading.Event()
        self._flushing = threading.Lock()
        self._is_paused = False
        self._thread: threading.Thread | None = None
        self.armed = False

    def add(self, stream: OutputStream) -> None:
        """Flush this stream too."""
        self._streams.append(stream)

    def arm(self) -> None:
        """Output was written. Called once for many writes, as waking a thread costs more than writing a line."""
        self.armed = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="martlet-output", daemon=True)
            self._thread.start()
        self._wake.set()

    def pause(self) -> None:
        """Keep the thread from flushing: a process forked meanwhile would wait forever for the stream's lock."""
        self._is_paused = self._flushing.acquire()

    def resume(self) -> None:
        """Let the thread flush again."""
        if self._is_paused:
            self._is_paused = False
            self._flushing.release()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            quiet = 0
            while quiet < QUIET_INTERVALS:
                time.sleep(FLUSH_INTERVAL)
                quiet += 1
                for stream in self._streams:
                    if stream.dirty:
                        quiet = 0
                        with self._flushing:
                            stream.flush_quietly()
            # A write between the last look and this line arms the timer again, or is seen by the next line.
            self.armed = False
            if any(stream.dirty for stream in self._streams):
                self._wake.set()


class _Buffer(io.BufferedWriter):
    """Tells the timer about bytes that are written past the text layer."""

    notify: Callable[[], None]

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        count = super().write(data)
        self.notify()
        return count


class OutputStream(io.TextIOWrapper):
    """A text stream over a descriptor that user code can't close and that no character can stop.

    Lone surrogates are written as escapes such as ``\\udc80``.
    """

    def __init__(self, descriptor: int, name: str, timer: FlushTimer) -> None:
        # Set first, as the base class may write.
        self.dirty = False
        self._timer = timer
        buffer = _Buffer(io.FileIO(descriptor, "w", closefd=False), BUFFER_SIZE)
        buffer.notify = self._written
        super().__init__(buffer, encoding="utf-8", errors="backslashreplace", newline="\n")
        self._name = name
        timer.add(self)

    @property
    def name(self) -> str:  # type: ignore[override]
        """As Python names its own stream."""
        return self._name

    def write(self, text: str, /) -> int:
        """Buffer the text; the timer sees to it that it doesn't stay there."""
        count = super().write(text)
        self._written()
        return count

    def _written(self) -> None:
        self.dirty = True
        if not self._timer.armed:
            self._timer.arm()

    def flush(self) -> None:
        """Write what is buffered to the descriptor."""
        self.dirty = False
        super().flush()

    def flush_quietly(self) -> None:
        """Flush, without complaints about a stream that user code has taken apart."""
        try:
            self.flush()
        except (OSError, ValueError):
            pass

    def close(self) -> None:
        """Only flush: later tasks print too."""
        self.flush_quietly()


class Streams:
    """Both streams of the process."""

    def __init__(self) -> None:
        self._timer = FlushTimer()
        self.stdout = OutputStream(1, "<stdout>", self._timer)
        self.stderr = OutputStream(2, "<stderr>", self._timer)

    def install(self) -> None:
        """Make them the process's standard streams."""
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc]
        os.register_at_fork(
            before=self._prepare_fork, after_in_parent=self._timer.resume, after_in_child=self._adapt_to_child
        )

    def _prepare_fork(self) -> None:
        self._timer.pause()
        # What is in the buffers would be written by the child, too, when it exits.
        self.flush()

    def _adapt_to_child(self) -> None:
        """A forked process has no flushing thread, and may be killed without notice, as those of a pool are."""
        self._timer.reset()
        for stream in (self.stdout, self.stderr):
            stream.reconfigure(line_buffering=True)

    def restore(self) -> None:
        """Put a stream back where user code has left something that can't be written to."""
        if not hasattr(sys.stdout, "write"):
            sys.stdout = self.stdout
        if not hasattr(sys.stderr, "write"):
            sys.stderr = self.stderr

    def flush(self) -> None:
        """Hand on what was written, through whatever user code has put in the streams' place."""
        for current, own in ((sys.stdout, self.stdout), (sys.stderr, self.stderr)):
            if current is not own:
                try:
                    current.flush()
                except Exception:
                    pass
            if own.dirty:
                own.flush_quietly()
