"""What a task publishes while it runs."""

from __future__ import annotations

import datetime
import json
import math
import numbers
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from typing import Any

from .channel import Channel
from .streams import Streams


class Publisher:
    """Sends displays, results and errors; what was printed before goes first."""

    def __init__(self, channel: Channel, streams: Streams) -> None:
        self._channel = channel
        self._streams = streams
        #: Takes the messages instead, while a console's request runs.
        self.redirection: Callable[[str, dict, dict | None, Sequence], None] | None = None

    def publish(
        self,
        msg_type: str,
        content: dict,
        metadata: dict | None = None,
        buffers: Sequence = (),
        topic: str | None = None,
    ) -> None:
        """Send a message for the engine's IOPub channel, under ``topic`` or its own type."""
        if self.redirection is not None:
            self.redirection(msg_type, json.loads(encode(content)), metadata, buffers)
            return
        head = {"type": "publish", "msg_type": msg_type}
        if topic is not None:
            head["topic"] = topic
        parts = [encode(content), encode(metadata) if metadata else b"{}", *buffers]
        self._streams.flush()
        self._channel.send(head, parts)


def encode(value: Any) -> bytes:
    """JSON of anything a display may hold: bytes in base64, dates in ISO 8601, the text of what is unknown."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False).encode()
    except (TypeError, ValueError):
        return json.dumps(_cleaned(value), default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b2a_base64(value, newline=False).decode("ascii")
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else repr(float(value))
    if hasattr(value, "__iter__"):
        return list(value)
    return repr(value)


def _cleaned(value: Any) -> Any:
    """A copy with keys as strings and without the numbers that JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {str(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_cleaned(item) for item in value]
    return value


def load(data: bytes | bytearray) -> Any:
    """Read JSON as it came, with lone surrogates that an encoder may have let through."""
    return json.loads(bytes(data).decode("utf-8", "surrogatepass"))
