"""Messages that must be refused, each for one reason. The last delivery of a vector is the one that is refused."""

import hashlib
from typing import Any

from .messages import KEY
from .signing import DELIMITER, SCHEMES, Author, described, hexadecimal, sign

#: The reasons, with what a reader found.
REASONS = {
    "signature": "the signature is missing or does not match",
    "replay": "a message with this signature was accepted before",
    "frames": "there is no delimiter, or too few frames follow it",
    "json": "a frame is not the JSON that has to be there",
}


def refused(name: str, about: str, reason: str, author: Author, frames: list[bytes]) -> dict[str, Any]:
    """A message that must not be accepted."""
    return {
        "name": name,
        "about": about,
        "key": author.key,
        "scheme": author.scheme,
        "deliveries": [{"frames": hexadecimal(frames), "refuse": reason}],
    }


def make(seed: int) -> list[dict[str, Any]]:
    return [*_signatures(seed), *_tampered(seed), *_replays(seed), *_framing(seed), *_malformed(seed)]


def _signatures(seed: int) -> list[dict[str, Any]]:
    author = Author(seed, "signatures", KEY)
    made = []

    def add(name: str, about: str, change: Any) -> None:
        frames = author.frames("apply_request", {"a": 1}, {"b": 2}, identities=(b"engine",))
        frames[2] = change(frames[2], frames[3:7])
        made.append(refused(f"signature-{name}", about, "signature", author, frames))

    add("missing", "an empty signature", lambda old, parts: b"")
    add("cut", "half of the digits", lambda old, parts: old[:32])
    add("longer", "superfluous digits", lambda old, parts: old + b"00")
    add("upper-case", "digits are in lower case", lambda old, parts: old.upper())
    add("binary", "the digest itself instead of its digits", lambda old, parts: bytes.fromhex(old.decode()))
    add("zeros", "a signature of zeros", lambda old, parts: b"0" * 64)
    add("one-bit", "one bit is wrong", lambda old, parts: old[:-1] + bytes([old[-1] ^ 1]))
    add("other-key", "signed with another key", lambda old, parts: sign("other", "hmac-sha256", parts))
    add("no-hmac", "a plain hash with the key in front", lambda old, parts: _plain_hash(parts))
    add("content-only", "signed without the header", lambda old, parts: sign(KEY, "hmac-sha256", parts[1:]))
    add("separators", "signed with line breaks between", lambda old, parts: sign(KEY, "hmac-sha256", [b"\n".join(parts)]))
    for scheme in SCHEMES:
        if scheme != author.scheme:
            add(f"of-{scheme}", f"signed with {scheme}", lambda old, parts, scheme=scheme: sign(KEY, scheme, parts))
    frames = author.frames("apply_request", buffers=(b"payload",))
    frames[1] = sign(KEY, "hmac-sha256", [*frames[2:6], b"payload"])
    made.append(refused("signature-with-buffers", "buffers must not be signed", "signature", author, frames))
    return made


def _plain_hash(parts: list[bytes]) -> bytes:
    return hashlib.sha256(KEY.encode() + b"".join(parts)).hexdigest().encode()


def _tampered(seed: int) -> list[dict[str, Any]]:
    author = Author(seed, "tampered", KEY)
    made = []
    for offset, part in enumerate(("header", "parent", "metadata", "content")):
        frames = author.frames("apply_request", {"a": "b"}, {"c": "d"}, parent=b'{"msg_id": "p"}')
        changed = frames[2 + offset].replace(b'"', b"'", 1)
        frames[2 + offset] = changed
        made.append(refused(f"tampered-{part}", f"the {part} was changed", "signature", author, frames))
    frames = author.frames("apply_request", {"a": "b"}, {"c": "d"})
    frames[4], frames[5] = frames[5], frames[4]
    made.append(refused("tampered-order", "metadata and content were exchanged", "signature", author, frames))
    frames = author.frames("apply_request", {"a": "b"})
    frames[5] += b" "
    made.append(refused("tampered-white-space", "white space is signed, too", "signature", author, frames))
    frames = author.frames("apply_request", {"a": "b"})
    frames.insert(2, b"{}")
    made.append(refused("frame-superfluous", "a frame before the header", "signature", author, frames))
    frames = author.frames("apply_request", {"a": "b"})
    frames.insert(1, DELIMITER)
    made.append(refused("delimiter-twice", "the first delimiter counts", "signature", author, frames))
    return made


def _replays(seed: int) -> list[dict[str, Any]]:
    made = []
    for name, about, change in (
        ("same", "the same message again", lambda frames: frames),
        ("other-identities", "identities don't make it another message", lambda frames: [b"other", *frames]),
        ("other-buffers", "nor do buffers", lambda frames: [*frames, b"more"]),
    ):
        author = Author(seed, f"replay {name}", KEY)
        first = author.frames("apply_request", {"a": 1})
        between = author.frames("apply_request", {"a": 1})
        deliveries = [{"frames": hexadecimal(frames), "expect": described(frames)} for frames in (first, between)]
        deliveries.append({"frames": hexadecimal(change(first)), "refuse": "replay"})
        made.append(
            {"name": f"replay-{name}", "about": about, "key": KEY, "scheme": author.scheme, "deliveries": deliveries}
        )
    return made


def _framing(seed: int) -> list[dict[str, Any]]:
    made = []
    for key, label in ((KEY, ""), ("", "-unsigned")):
        author = Author(seed, f"framing {label}", key)
        whole = author.frames("apply_request", identities=(b"engine",))
        for count in range(len(whole)):
            reason = "frames"
            about = f"only the first {count} frames" if count else "no frame"
            if count or not label:
                made.append(refused(f"cut-after-{count}{label}", about, reason, author, whole[:count]))
        for name, delimiter in (
            ("other", b"<IDS|MSH>"), ("lower-case", b"<ids|msg>"), ("longer", b"<IDS|MSG> "), ("empty", b""),
        ):
            frames = author.frames("apply_request", identities=(b"engine",))
            frames[1] = delimiter
            about = "the delimiter has to be exact"
            made.append(refused(f"delimiter-{name}{label}", about, "frames", author, frames))
        frames = author.frames("apply_request")
        made.append(refused(f"delimiter-missing{label}", "no delimiter", "frames", author, frames[1:]))
    return made


def _malformed(seed: int) -> list[dict[str, Any]]:
    made = []
    for key, label in ((KEY, ""), ("", "-unsigned")):
        author = Author(seed, f"malformed {label}", key)

        def add(name: str, about: str, parts: list[bytes], author: Author = author, label: str = label) -> None:
            made.append(refused(f"{name}{label}", about, "json", author, author.assembled(parts)))

        header = author.frames("apply_request")[2]
        for name, frame in {
            "empty": b"", "cut": header[:-1], "text": b'"text"', "list": b"[]", "number": b"1", "null": b"null",
            "no-id": header.replace(b"msg_id", b"msg_no"),
            "no-type": header.replace(b"msg_type", b"msg_no"), "python": header.replace(b'"', b"'"),
            "two": header + header, "no-fields": b"{}",
        }.items():
            add(f"header-{name}", "the header has to be an object with msg_id and msg_type", [frame, *[b"{}"] * 3])
        for position, part in ((1, "parent"), (2, "metadata"), (3, "content")):
            for name, frame in {"empty": b"", "cut": b'{"a": [1', "pickle": b"\x80\x04}."}.items():
                parts = [author.frames("apply_request")[2], b"{}", b"{}", b"{}"]
                parts[position] = frame
                add(f"{part}-{name}", f"the {part} has to be JSON", parts)
    return made
