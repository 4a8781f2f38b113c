"""Requests of clients, each handed to the part that can answer it."""

from __future__ import annotations

from typing import Any

from .calls import Calls
from .cells import Cells
from .interrupts import Interrupts
from .publishing import encode, load
from .shell import WorkerShell

_OK_HEAD = b'{"type": "reply", "status": "ok", "dependencies_met": true}'
_OK_CONTENT = b'{"status": "ok"}'

#: The reply's description for the engine, its content, and its buffers.
Answer = tuple[Any, bytes, list]


class Tasks:
    """Runs one request at a time. Everything here may be interrupted."""

    def __init__(self, shell: WorkerShell, calls: Calls, cells: Cells, interrupts: Interrupts) -> None:
        self._shell = shell
        self._calls = calls
        self._cells = cells
        self._interrupts = interrupts

    def run(self, msg_type: str, parts: list) -> Answer:
        """Run the request in these parts, and return its reply. Raises what a call, or IPython itself, raises."""
        if self._interrupts.pending:
            raise KeyboardInterrupt
        if msg_type == "apply_request":
            return _OK_HEAD, _OK_CONTENT, self._calls.call(parts[4:])
        content = self._content(msg_type, parts)
        return _head(content), encode(content), []

    def failed(self, msg_type: str, error: BaseException) -> Answer:
        """Publish an error that ``run`` has raised, and return the reply."""
        if msg_type == "execute_request":
            content = self._cells.finished(self._cells.error_content(error))
        else:
            content = self._calls.error_content(error)
        return _head(content), encode(content), []

    def _content(self, msg_type: str, parts: list) -> dict:
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


def _head(content: dict) -> dict:
    met = content.get("ename") != "UnmetDependency"
    head = {"type": "reply", "status": content["status"], "dependencies_met": met}
    if "execution_count" in content:
        head["execution_count"] = content["execution_count"]
    return head
