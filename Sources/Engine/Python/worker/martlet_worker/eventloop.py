"""The asyncio loop that user code sees. Imported only after user code has imported asyncio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .interrupts import Interrupts


class WorkerLoop(asyncio.SelectorEventLoop):
    """A loop that counts as running while a task runs, as it does on ipyparallel's engines.

    So ``asyncio.create_task`` works in a task, and what it starts runs when the task is over. Nobody waits in the loop
    at that time, so unlike theirs it can also be run from inside a task, with ``run_until_complete``.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        super().__init__()
        self._interrupts = interrupts
        #: Whether the last run was interrupted by a signal; a cell then ends with ``KeyboardInterrupt``.
        self.interrupted = False

    @property
    def has_work(self) -> bool:
        """Whether anything is left to do: callbacks, timers, tasks, or descriptors to watch."""
        try:
            # One descriptor is the loop's own, for waking it.
            if self._ready or self._scheduled or len(self._selector.get_map()) > 1:  # type: ignore[attr-defined]
                return True
        except AttributeError:
            return True
        return bool(asyncio.all_tasks(self))

    @property
    def wake_descriptor(self) -> int:
        """Readable when another thread has called into the loop."""
        return self._ssock.fileno()  # type: ignore[attr-defined]

    def mark_running(self) -> None:
        """A task begins."""
        asyncio._set_running_loop(self)

    def unmark_running(self) -> None:
        """The task is over."""
        asyncio._set_running_loop(None)

    @contextmanager
    def _really_running(self) -> Iterator[None]:
        marked = asyncio._get_running_loop() is self and not self.is_running()
        if marked:
            self.unmark_running()
        try:
            yield
        finally:
            if marked:
                self.mark_running()

    def run_forever(self) -> None:
        """Run, also where the loop counts as running already."""
        with self._really_running():
            super().run_forever()

    def run_until_complete(self, future: Any) -> Any:
        """Run until ``future`` is done. A signal interrupts the coroutine that computes, or cancels one that waits."""
        with self._really_running():
            task = asyncio.ensure_future(future, loop=self)
            self.interrupted = False

            def interrupt() -> None:
                self.interrupted = True
                if asyncio.current_task(self) is not None:
                    raise KeyboardInterrupt
                task.cancel()
                self.call_soon_threadsafe(lambda: None)

            outer, self._interrupts.action = self._interrupts.action, interrupt
            try:
                return super().run_until_complete(task)
            except asyncio.CancelledError as error:
                if not self.interrupted:
                    raise
                raise KeyboardInterrupt().with_traceback(error.__traceback__) from None
            except KeyboardInterrupt:
                if task.done():
                    raise
                # The signal struck in another task. What waits for that has its chance to end properly.
                task.cancel()
                super().run_until_complete(asyncio.wait([task]))
                if task.cancelled() or task.exception() is not None:
                    raise
                return task.result()
            finally:
                self._interrupts.action = outer

    def run_until_readable(self, descriptor: int) -> None:
        """Run what is left of earlier tasks until there is something to read. Errors are reported, and end nothing."""
        self.add_reader(descriptor, self.stop)
        try:
            super().run_forever()
        except BaseException as error:
            print(f"{type(error).__name__} in the event loop, after its task: {error}", file=sys.stderr)
        finally:
            self.remove_reader(descriptor)
