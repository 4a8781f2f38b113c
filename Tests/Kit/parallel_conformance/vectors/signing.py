"""Messages that are the same in every run: ids and dates come from a seed."""

import hmac
import json
import random
from typing import Any

DELIMITER = b"<IDS|MSG>"

#: The schemes of the protocol.
SCHEMES = tuple(
    f"hmac-{name}" for name in ("md5", "sha1", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
)


def sign(key: str, scheme: str, parts: list[bytes]) -> bytes:
    """The signature over header, parent header, metadata and content; empty without a key."""
    if not key:
        return b""
    return hmac.new(key.encode(), b"".join(parts), scheme.removeprefix("hmac-")).hexdigest().encode()


def hexadecimal(frames: list[bytes]) -> list[str]:
    return [frame.hex() for frame in frames]


def packed(value: Any) -> bytes:
    """JSON as most peers write it."""
    return json.dumps(value, ensure_ascii=False).encode()


class Author:
    """Writes messages of one session."""

    def __init__(self, seed: int, name: str, key: str = "", scheme: str = "hmac-sha256") -> None:
        self.random = random.Random(f"{seed} {name}")
        self.session = self.uuid()
        self.key, self.scheme = key, scheme
        self.count = 0

    def uuid(self) -> str:
        digits = f"{self.random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def header(self, kind: str) -> dict[str, Any]:
        self.count += 1
        microseconds = self.random.randrange(1_000_000)
        return {
            "msg_id": f"{self.session}_4242_{self.count}",
            "msg_type": kind,
            "username": "reader",
            "session": self.session,
            "date": f"2026-01-02T03:{self.count // 60 % 60:02}:{self.count % 60:02}.{microseconds:06}Z",
            "version": "5.4",
        }

    def frames(
        self,
        kind: str,
        content: Any = None,
        metadata: Any = None,
        parent: bytes = b"{}",
        identities: tuple[bytes, ...] = (),
        buffers: tuple[bytes, ...] = (),
    ) -> list[bytes]:
        """A whole message."""
        parts = [packed(self.header(kind)), parent, packed(metadata or {}), packed(content or {})]
        return self.assembled(parts, identities, buffers)

    def assembled(
        self, parts: list[bytes], identities: tuple[bytes, ...] = (), buffers: tuple[bytes, ...] = ()
    ) -> list[bytes]:
        """A message of four given frames, signed."""
        return [*identities, DELIMITER, sign(self.key, self.scheme, parts), *parts, *buffers]


def described(frames: list[bytes]) -> dict[str, Any]:
    """What a reader gets from a good message."""
    start = frames.index(DELIMITER)
    header, parent, metadata, content = (json.loads(frame) for frame in frames[start + 2 : start + 6])
    return {
        "identities": hexadecimal(frames[:start]),
        "header": header,
        "parent_header": parent,
        "metadata": metadata,
        "content": content,
        "buffers": hexadecimal(frames[start + 6 :]),
    }
