"""Messages of the protocol, written and read with nothing but ``hmac`` and ``json``."""

import hashlib
import hmac
import itertools
import json
import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DELIMITER = b"<IDS|MSG>"
VERSION = "5.4"
HEADER_FIELDS = ("msg_id", "msg_type", "username", "session", "date", "version")

Json = dict[str, Any]


class WireError(ValueError):
    """The frames are not a message, or their signature is wrong."""


@dataclass(frozen=True)
class Message:
    """A message split into its parts. ``parts`` are the four signed frames as they came."""

    identities: list[bytes]
    signature: bytes
    parts: list[bytes]
    header: Json
    parent: Json
    metadata: Json
    content: Json
    buffers: list[bytes]
    frames: list[bytes]

    @property
    def kind(self) -> str:
        """The message's type."""
        return self.header["msg_type"]

    @property
    def id(self) -> str:
        """The message's id."""
        return self.header["msg_id"]


def split(frames: Sequence[bytes]) -> Message:
    """Split a message without verifying it; `WireError` if that is impossible."""
    frames = list(frames)
    if DELIMITER not in frames:
        raise WireError(f"no delimiter in {frames!r:.200}")
    start = frames.index(DELIMITER)
    if len(frames) < start + 6:
        raise WireError(f"only {len(frames) - start} frames from the delimiter on")
    parts = frames[start + 2 : start + 6]
    try:
        decoded = [json.loads(part) for part in parts]
    except ValueError as error:
        raise WireError(f"a part is not JSON: {error}") from error
    if not all(isinstance(part, dict) for part in decoded):
        raise WireError("a part is not a JSON object")
    return Message(frames[:start], frames[start + 1], parts, *decoded, frames[start + 6 :], frames)


def utc_now() -> str:
    """The time as a header states it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class Session:
    """One side of a conversation: its key and scheme, its id, and the numbers of its messages."""

    def __init__(self, key: str = "", scheme: str = "hmac-sha256", name: str | None = None):
        self.key = key.encode()
        self.digest = scheme.removeprefix("hmac-")
        self.name = name or uuid.uuid4().hex
        self._numbers = itertools.count()

    @classmethod
    def of(cls, info: Json, name: str | None = None, key: str | None = None) -> "Session":
        """A session with the key of a connection file, or another."""
        key = info.get("key", "") if key is None else key
        return cls(key, info.get("signature_scheme") or "hmac-sha256", name)

    def new_id(self) -> str:
        """An id that no message has had."""
        return f"{self.name}_{os.getpid()}_{next(self._numbers)}"

    def header(self, kind: str, identifier: str | None = None, **more: Any) -> Json:
        """A header of a message to be sent."""
        return {
            "msg_id": identifier or self.new_id(),
            "msg_type": kind,
            "username": "kit",
            "session": self.name,
            "date": utc_now(),
            "version": VERSION,
            **more,
        }

    def sign(self, *parts: bytes) -> bytes:
        """The signature over the four signed frames; empty without a key."""
        return hmac.digest(self.key, b"".join(parts), _digest(self.digest)).hex().encode() if self.key else b""

    def frames(
        self,
        kind: str,
        content: Json | None = None,
        metadata: Json | None = None,
        parent: bytes | Json = b"{}",
        buffers: Sequence[bytes] = (),
        identities: Sequence[bytes] = (),
        identifier: str | None = None,
        header: Json | None = None,
    ) -> list[bytes]:
        """All frames of a signed message, from its identities to its buffers."""
        parts = [
            json.dumps(header or self.header(kind, identifier)).encode(),
            parent if isinstance(parent, bytes) else json.dumps(parent).encode(),
            json.dumps(metadata or {}).encode(),
            json.dumps(content or {}).encode(),
        ]
        return self.pack(parts, buffers, identities)

    def pack(
        self, parts: Sequence[bytes], buffers: Sequence[bytes] = (), identities: Sequence[bytes] = ()
    ) -> list[bytes]:
        """The frames of a message whose four signed parts are given."""
        return [*identities, DELIMITER, self.sign(*parts), *parts, *buffers]

    def verify(self, message: Message) -> Message:
        """The message itself; `WireError` if its signature is wrong."""
        wanted = self.sign(*message.parts)
        if not hmac.compare_digest(wanted, message.signature):
            raise WireError(f"signature {message.signature!r} instead of {wanted!r} on {message.header}")
        return message

    def read(self, frames: Sequence[bytes]) -> Message:
        """Split and verify a message."""
        return self.verify(split(frames))


def _digest(name: str) -> str:
    if name not in hashlib.algorithms_available:
        raise WireError(f"no hash called {name}")
    return name


def endpoint(info: Json, channel: str, index: int = 0) -> str:
    """The endpoint of a channel as a connection file states it: ``interface-number`` for ipc, else with a colon."""
    port = info[channel]
    port = port[index] if isinstance(port, list) else port
    interface = info["interface"]
    separator = "-" if interface.startswith(("ipc:", "inproc:")) else ":"
    if interface in ("tcp://*", "tcp://0.0.0.0"):
        location = info.get("location") or ""
        here = location in ("", "localhost", "127.0.0.1", socket.gethostname())
        interface = f"tcp://{'127.0.0.1' if here else location}"
    return f"{interface}{separator}{port}"


def read_connection_file(path: Path) -> Json | None:
    """The content of a connection file, or None if it is not complete yet."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
