"""``execute_request``: cells, run by IPython."""

from __future__ import annotations

from typing import Any

from .kernel import Kernel
from .publishing import Publisher
from .shell import WorkerShell, evalue_of


class Cells:
    """Runs cells and composes their replies as ipykernel does."""

    def __init__(self, shell: WorkerShell, kernel: Kernel, publisher: Publisher) -> None:
        self._shell = shell
        self._kernel = kernel
        self._publisher = publisher

    def execute(self, request: dict) -> dict:
        """Run the cell in an ``execute_request``'s content, and return the reply's content."""
        shell = self._shell
        code = request["code"]
        silent = request.get("silent", False)
        if not silent:
            self._publisher.publish("execute_input", {"code": code, "execution_count": shell.execution_count})
        shell.last_traceback = None
        store = request.get("store_history", not silent) and _is_storable(code)
        result = shell.run_cell(code, store_history=store, silent=silent)
        error = result.error_before_exec if result.error_before_exec is not None else result.error_in_exec
        if error is None:
            reply = {"status": "ok", "user_expressions": self._expressions(request.get("user_expressions"))}
        else:
            reply = self.error_content(error)
        return self.finished(reply)

    def _expressions(self, expressions: dict | None) -> dict:
        return self._shell.user_expressions(expressions or {})

    def error_content(self, error: BaseException) -> dict:
        """The reply's content for an error that IPython, in general, has published."""
        shell = self._shell
        error = shell.as_interrupt(error)
        if shell.last_traceback is None:
            shell.traceback_of(error)
        return {
            "status": "error",
            "ename": type(error).__name__,
            "evalue": evalue_of(error),
            "traceback": shell.last_traceback or [],
            "engine_info": self._kernel.engine_info("execute"),
            "user_expressions": {},
        }

    def finished(self, reply: dict[str, Any]) -> dict:
        """Add what every reply has, and clear what the cell left for it."""
        payloads = self._shell.payload_manager
        reply["execution_count"] = self._shell.execution_count - 1
        reply["payload"] = payloads.read_payload()
        payloads.clear_payload()
        return reply


def _is_storable(code: str) -> bool:
    """Whether the history's database takes this text: it would fail at each later line after a lone surrogate."""
    try:
        code.encode()
    except UnicodeEncodeError:
        return False
    return True
