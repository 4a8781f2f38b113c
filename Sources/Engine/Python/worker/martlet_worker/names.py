"""The names of the user's namespace, as far as the engine's Swift side sets and reads them."""

from __future__ import annotations

import sys

from .calls import Calls
from .channel import Channel
from .shell import WorkerShell, evalue_of


class Names:
    """Answers `bind`, `remove` and `get`."""

    def __init__(self, shell: WorkerShell, calls: Calls, channel: Channel) -> None:
        self._shell = shell
        self._calls = calls
        self._channel = channel

    def bind(self, message: dict, parts: list) -> None:
        """Set names. One whose value can't be rebuilt is reported on stderr, and unbound."""
        position = 1
        for item in message["names"]:
            name, end = item["name"], position + item["frames"]
            try:
                self._shell.user_ns[name] = self._calls.deserialize(parts[position:end])
            except Exception as error:
                self._shell.user_ns.pop(name, None)
                print(f"{name} can't be rebuilt: {type(error).__name__}: {evalue_of(error)}", file=sys.stderr)
            position = end

    def remove(self, message: dict, parts: list) -> None:
        """Forget names."""
        for name in message["names"]:
            self._shell.user_ns.pop(name, None)

    def get(self, message: dict, parts: list) -> None:
        """Send the values of names."""
        values: list[dict] = []
        frames: list = []
        for name in message["names"]:
            if name not in self._shell.user_ns:
                values.append({"undefined": True})
                continue
            try:
                buffers = self._calls.serialize(self._shell.user_ns[name])
            except Exception as error:
                values.append({"ename": type(error).__name__, "evalue": evalue_of(error)})
            else:
                values.append({"frames": len(buffers)})
                frames.extend(buffers)
        self._channel.send({"type": "values", "values": values}, frames)
