"""IPython's shell, connected to the engine instead of a terminal."""

from __future__ import annotations

import builtins
import importlib.util
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.events import EventManager, available_events
from IPython.core.interactiveshell import InteractiveShell, InteractiveShellABC
from traitlets import Any as AnyTrait
from traitlets import CBool, Type
from traitlets.config import Config, DeferredConfigString

from .interrupts import Interrupts, without_handler
from .lazy import when_imported
from .publishing import Publisher


def evalue_of(error: BaseException) -> str:
    """The error's text, even when its ``__str__`` fails."""
    try:
        return str(error)
    except BaseException as failure:
        return f"<the error's text is not available: {type(failure).__name__} in __str__>"


class ResultHook(DisplayHook):
    """Publishes the value of a cell's last expression as ``execute_result``."""

    shell: Any
    _content: dict | None = None

    def start_displayhook(self) -> None:
        """Begin a message."""
        self._is_active = True
        self._content = {"data": {}, "metadata": {}}

    def write_output_prompt(self) -> None:
        """Number the result."""
        if self._content is not None:
            self._content["execution_count"] = self.prompt_count

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        """Put the result's representations in the message."""
        if self._content is not None:
            self._content["data"] = format_dict
            self._content["metadata"] = md_dict or {}

    def finish_displayhook(self) -> None:
        """Send the message."""
        content, self._content = self._content, None
        if content is not None and content["data"]:
            self.shell.publisher.publish("execute_result", content)
        self._is_active = False


class WorkerDisplayPublisher(DisplayPublisher):
    """Publishes what ``display()`` is given."""

    shell: Any

    def publish(
        self,
        data: dict,
        metadata: dict | None = None,
        source: Any = None,
        *,
        transient: dict | None = None,
        update: bool = False,
        **keywords: Any,
    ) -> None:
        """Send ``display_data``, or an update of it."""
        metadata = metadata or {}
        self._validate_data(data, metadata)
        content = {"data": data, "metadata": metadata, "transient": transient or {}}
        self.shell.publisher.publish("update_display_data" if update else "display_data", content)

    def clear_output(self, wait: bool = False) -> None:
        """Have clients clear the cell's output, or do so before the next."""
        self.shell.publisher.publish("clear_output", {"wait": wait})


class DataPublisher:
    """``shell.data_pub``, which ``ipyparallel.datapub.publish_data`` uses."""

    def __init__(self, publisher: Publisher, serialize: Callable[[Any], list]) -> None:
        self._publisher = publisher
        self._serialize = serialize

    def publish_data(self, data: dict) -> None:
        """Send a dictionary to the client while the task goes on."""
        self._publisher.publish("data_message", {"keys": list(data)}, buffers=self._serialize(data), topic="datapub")


class CellEvents(EventManager):
    """Calls what is registered for the begin and end of cells. IPython drops what is raised there; an interrupt is for
    the cell."""

    shell: Any

    def trigger(self, event: str, *arguments: Any, **keywords: Any) -> None:
        """Call what is registered for an event."""
        raised = self.shell.interrupts.raised
        super().trigger(event, *arguments, **keywords)
        if self.shell.interrupts.raised != raised:
            raise KeyboardInterrupt


class WorkerShell(InteractiveShell):
    """IPython's shell with its results, displays and errors going to the engine."""

    displayhook_class = Type(ResultHook)
    display_pub_class = Type(WorkerDisplayPublisher)
    autoindent = CBool(False)
    publisher = AnyTrait()
    kernel = AnyTrait()
    interrupts = AnyTrait()
    data_pub = AnyTrait()

    # Optional in IPython's class, and always there.
    payload_manager: Any
    history_manager: Any

    #: Whether a signal cancelled the coroutine that was run last.
    was_interrupted: Callable[[], bool] = staticmethod(lambda: False)

    #: The lines of the last traceback shown, for the reply.
    last_traceback: list | None = None

    def init_environment(self) -> None:
        """Commands in cells can't show a page at a time; colours arrive, as with ipykernel's shell."""
        os.environ.update(
            TERM="xterm-color", CLICOLOR="1", FORCE_COLOR="1", CLICOLOR_FORCE="1", PAGER="cat", GIT_PAGER="cat"
        )

        if importlib.util.find_spec("matplotlib_inline"):
            # Figures are displayed at the end of a cell, with no need to ask for it.
            os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")

    def init_virtualenv(self) -> None:
        """The interpreter was chosen by the engine: no environment is guessed."""

    def init_events(self) -> None:
        """What is registered keeps no interrupt from the cell."""
        super().init_events()
        events = CellEvents(self, available_events)
        events.callbacks = self.events.callbacks
        self.events = events

    def init_readline(self) -> None:
        """There is no terminal."""

    def init_hooks(self) -> None:
        """Pages go to the front end."""
        super().init_hooks()
        from IPython.core import page

        self.set_hook("show_in_pager", page.as_hook(self._page), 99)

    def _page(self, text: str | dict, start: int = 0, screen_lines: int = 0, pager_cmd: Any = None) -> None:
        data = text if isinstance(text, dict) else {"text/plain": text}
        self.payload_manager.write_payload({"source": "page", "data": data, "start": max(0, start)})

    def reset(self, new_session: bool = True, aggressive: bool = False) -> None:
        """Clear the namespace, but not of what every module has: `multiprocessing` looks for it in ``__main__``."""
        super().reset(new_session, aggressive)
        for name in ("__doc__", "__loader__", "__package__", "__spec__"):
            self.user_ns.setdefault(name, None)

    def ask_exit(self) -> None:
        """``exit`` in a cell: the front end is told; an engine goes on, as it serves others."""
        self.payload_manager.write_payload({"source": "ask_exit", "keepkernel": True})

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """Have the front end show ``text`` as the next input."""
        self.payload_manager.write_payload({"source": "set_next_input", "text": text, "replace": replace})

    def enable_gui(self, gui: Any = None) -> None:
        """Windows need an event loop that a worker doesn't run. Inline figures need none."""
        if gui not in (None, "inline"):
            raise UsageError(f"engines don't run the event loop of {gui}; use %matplotlib inline")

    def get_parent(self) -> dict:
        """The message of the running request, as far as user code asks for it."""
        return self.kernel.get_parent()

    @property
    def parent_header(self) -> dict:
        """The header of the running request's message."""
        return self.get_parent().get("header", {})

    def _tee(self, channel: str) -> AbstractContextManager:  # type: ignore[override]
        """IPython keeps a copy of all output in its history, without a limit. An engine has no use for it."""
        return nullcontext()

    def _format_exception_for_storage(self, exception: BaseException, *arguments: Any, **keywords: Any) -> dict:
        """For IPython's history. It would format the traceback a second time."""
        return {
            "ename": type(exception).__name__,
            "evalue": evalue_of(exception),
            "traceback": self.last_traceback or [],
        }

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list) -> None:
        self.last_traceback = list(stb)
        content = {"traceback": self.last_traceback, "ename": etype.__name__, "evalue": evalue_of(evalue)}
        self.publisher.publish("error", content)

    def as_interrupt(self, error: BaseException) -> BaseException:
        """The error as the user caused it: a coroutine that a signal has cancelled was interrupted."""
        if self.was_interrupted() and type(error).__name__ == "CancelledError":
            return KeyboardInterrupt().with_traceback(error.__traceback__)
        return error

    def showtraceback(self, exc_tuple: tuple | None = None, *arguments: Any, **keywords: Any) -> None:
        """Show an error's traceback."""
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None:
            shown = self.as_interrupt(error)
            if isinstance(shown, KeyboardInterrupt):
                traceback = exc_tuple[2] if exc_tuple else shown.__traceback__
                exc_tuple = (type(shown), shown, without_handler(traceback))
        try:
            super().showtraceback(exc_tuple, *arguments, **keywords)
        except Exception:
            # Formatting runs code of the error's class, which may fail as well.
            if error is None:
                raise
            self._showtraceback(type(error), error, plain_traceback(error))

    def traceback_of(self, error: BaseException, frames_of_ours: int = 0) -> list[str]:
        """Publish an error and return the lines of its traceback, coloured as IPython does it.

        ``frames_of_ours`` is the number of the worker's own frames at the traceback's top.
        """
        traceback = error.__traceback__
        for _ in range(frames_of_ours):
            traceback = traceback.tb_next if traceback is not None else None
        self.last_traceback = None
        try:
            self.showtraceback((type(error), error, traceback), tb_offset=0)
        except BaseException:
            pass
        if self.last_traceback is None:
            # IPython has printed it, or could not format it at all.
            self._showtraceback(type(error), error, plain_traceback(error))
        return self.last_traceback or []


# rich, tqdm and others look at the class's name or the configuration to find out that displays arrive somewhere.
WorkerShell.__name__ = "ZMQInteractiveShell"
InteractiveShellABC.register(WorkerShell)


def plain_traceback(error: BaseException) -> list[str]:
    """A traceback without IPython's help."""
    import traceback

    try:
        return [line.rstrip("\n") for line in traceback.format_exception(type(error), error, error.__traceback__)]
    except BaseException:
        return [f"{type(error).__name__}: {evalue_of(error)}"]


def make_shell(
    publisher: Publisher, kernel: Any, interrupts: Interrupts, execution_count: int, options: dict[str, str]
) -> WorkerShell:
    """Create the process's shell: ``get_ipython()`` finds it from here on, and ``__main__`` is its namespace.

    ``options`` are traits of ``InteractiveShell`` as on a command line.
    """
    config = Config()
    # Engines share a profile; one file of history for all of them would be a place to wait for each other.
    config.HistoryManager.hist_file = ":memory:"
    config.IPKernelApp.tqdm = "tqdm looks for this section"
    for name, value in options.items():
        config.InteractiveShell[name] = DeferredConfigString(value)
    shell: WorkerShell = WorkerShell.instance(
        config=config, publisher=publisher, kernel=kernel, interrupts=interrupts
    )
    shell.execution_count = execution_count
    return shell


def refuse_input() -> None:
    """Have ``input()`` and ``getpass()`` fail at once: nobody could answer."""

    def refuse(*arguments: Any, **keywords: Any) -> str:
        raise StdinNotImplementedError("engines don't take input: input() and getpass() can't be used in a task")

    def in_getpass(module: Any) -> None:
        module.getpass = refuse

    builtins.input = refuse  # type: ignore[assignment]
    when_imported("getpass", in_getpass)
