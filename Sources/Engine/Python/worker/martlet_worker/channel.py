"""Messages between the worker and its engine, over a stream socket.

A message is a little-endian ``u32`` with the number of parts, a ``u64`` length for each, and the parts. The first part
is a JSON object with a ``type``. Large parts are received straight into the buffers that user code gets, and sent from
where they are.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterable, Sequence
from json import dumps

from .interrupts import Interrupts

#: Bytes of small parts that one system call may bring. Parts that go beyond it are received in place.
READ_AHEAD = 1 << 16

#: Buffers for one ``sendmsg``: less than any system's IOV_MAX.
BUFFERS_PER_CALL = 512

#: A message with fewer bytes is put together before it is sent, which costs less than many buffers for one call.
SMALL = 1 << 12

_COUNT = struct.Struct("<I")


def _prefix(lengths: Iterable[int]) -> bytes:
    """What goes before the parts of a message."""
    found = tuple(lengths)
    return struct.pack(f"<I{len(found)}Q", len(found), *found)


class EngineGone(Exception):
    """The engine closed its end of the socket."""


class Channel:
    """The worker's end of the socket. One thread receives, any thread may send."""

    def __init__(self, connection: socket.socket, interrupts: Interrupts) -> None:
        self._connection = connection
        self._interrupts = interrupts
        self._lock = threading.Lock()
        self._ahead = bytearray(READ_AHEAD)
        self._view = memoryview(self._ahead)
        self._start = 0
        self._end = 0
        self.in_child = False
        os.register_at_fork(after_in_child=self._leave_to_parent)

    def fileno(self) -> int:
        """The descriptor, to wait for messages together with other things. See ``has_message``."""
        return self._connection.fileno()

    @property
    def has_message(self) -> bool:
        """Whether bytes of the next message are here already, so that waiting for the descriptor would be wrong."""
        return self._start < self._end

    def receive(self) -> list[bytearray]:
        """Return the parts of the next message; raises ``EngineGone`` at the end of the connection."""
        if self._end - self._start < _COUNT.size:
            self._fill(_COUNT.size)
        ahead, start = self._ahead, self._start
        (count,) = _COUNT.unpack_from(ahead, start)
        start += _COUNT.size
        end = start + 8 * count
        if end <= self._end:
            lengths = struct.unpack_from(f"<{count}Q", ahead, start)
            if end + sum(lengths) <= self._end:
                # Most messages come as a whole, at one go.
                parts = []
                for length in lengths:
                    start, end = end, end + length
                    parts.append(ahead[start:end])
                self._start = end
                return parts
        self._start = start
        lengths = struct.unpack(f"<{count}Q", self._take(8 * count))
        return [self._take(length) for length in lengths]

    def send(self, head: bytes | dict, parts: Sequence = ()) -> None:
        """Send a message. An interrupt that arrives meanwhile is put off until it is written.

        In a process forked by user code nothing is sent: the socket belongs to the parent.
        """
        if self.in_child:
            return
        if isinstance(head, dict):
            head = dumps(head).encode()
        parts = [head, *parts]
        with self._interrupts, self._lock:
            try:
                if set(map(type, parts)) == {bytes} and sum(map(len, parts)) < SMALL:
                    self._connection.sendall(_prefix(map(len, parts)) + b"".join(parts))
                else:
                    self._send_in_place(parts)
            except (BrokenPipeError, ConnectionResetError):
                # The receiving side sees the end too, and ends the worker there.
                pass

    def _send_in_place(self, parts: list) -> None:
        """Send parts from where they are."""
        views = []
        for part in parts:
            view = memoryview(part)
            views.append(view if view.format == "B" and view.ndim == 1 else view.cast("B"))
        views.insert(0, memoryview(_prefix(view.nbytes for view in views)))
        first = 0
        while first < len(views):
            sent = self._connection.sendmsg(views[first : first + BUFFERS_PER_CALL])
            while first < len(views) and sent >= views[first].nbytes:
                sent -= views[first].nbytes
                first += 1
            if sent:
                views[first] = views[first][sent:]

    def _take(self, size: int) -> bytearray:
        held = self._end - self._start
        if held < size and size <= READ_AHEAD:
            self._fill(size)
            held = self._end - self._start
        if held >= size:
            start = self._start
            self._start += size
            return self._ahead[start : start + size]
        part = bytearray(size)
        part[:held] = self._view[self._start : self._end]
        self._start = self._end = 0
        view = memoryview(part)
        while held < size:
            held += self._receive_into(view[held:])
        return part

    def _fill(self, size: int) -> None:
        """Read until ``size`` bytes are held, and whatever more one call brings."""
        held = self._end - self._start
        self._ahead[:held] = self._ahead[self._start : self._end]
        self._start, self._end = 0, held
        while self._end < size:
            self._end += self._receive_into(self._view[self._end :])

    def _receive_into(self, view: memoryview) -> int:
        try:
            count = self._connection.recv_into(view)
        except ConnectionResetError:
            count = 0
        if not count:
            raise EngineGone
        return count

    def _leave_to_parent(self) -> None:
        """After a fork: the child must neither send nor read, nor keep the connection open when the worker dies."""
        self.in_child = True
        self._lock = threading.Lock()
        self._connection.close()
