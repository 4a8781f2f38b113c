"""``apply_request``: calls of functions that arrive pickled, with arguments and results in ipyparallel's format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .compatibility import adapt
from .kernel import Kernel
from .lazy import import_serialize
from .shell import DataPublisher, WorkerShell, evalue_of

#: The thresholds of ipyparallel's sessions: what is larger than this many bytes travels as a buffer of its own, and
#: containers of this many items or more are pickled as a whole.
BUFFER_THRESHOLD = 1024
ITEM_THRESHOLD = 64


class Calls:
    """Decodes and makes calls."""

    def __init__(self, shell: WorkerShell, kernel: Kernel, serialize: Any) -> None:
        self._shell = shell
        self._kernel = kernel
        self._unpack = serialize.unpack_apply_message
        self._serialize = serialize.serialize_object
        self._deserialize = serialize.deserialize_object

    def serialize(self, value: Any) -> list:
        """Buffers that ``deserialize`` and ipyparallel's clients turn back into the value."""
        return self._serialize(value, buffer_threshold=BUFFER_THRESHOLD, item_threshold=ITEM_THRESHOLD)

    def deserialize(self, buffers: Sequence) -> Any:
        """The value in these buffers. Functions get the user's namespace as their globals."""
        value, _ = self._deserialize(buffers, self._shell.user_ns)
        return value

    def call(self, buffers: Sequence) -> list:
        """Decode a call, make it, and return its result's buffers. Raises whatever it raises."""
        function, arguments, keywords = self._unpack(buffers, self._shell.user_ns, copy=False)
        return self.serialize(function(*arguments, **keywords))

    def error_content(self, error: BaseException) -> dict:
        """Publish the error of a call, and return the reply's content."""
        # `call` and its callers are of no interest to whoever reads the traceback.
        traceback = self._shell.traceback_of(error, frames_of_ours=3)
        return {
            "status": "error",
            "ename": type(error).__name__,
            "evalue": evalue_of(error),
            "traceback": traceback,
            "engine_info": self._kernel.engine_info("apply"),
        }


def import_calls(shell: WorkerShell, kernel: Kernel) -> Calls:
    """Import what calls need, and connect to the shell what user code imports from ipyparallel."""
    calls = Calls(shell, kernel, import_serialize())
    shell.data_pub = DataPublisher(shell.publisher, calls.serialize)
    adapt(shell)
    return calls
