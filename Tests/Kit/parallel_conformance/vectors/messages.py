"""Good messages: one of every type, every scheme, and what is allowed though unusual."""

import json
from typing import Any

from .contents import BUFFERS, CONTENTS
from .signing import DELIMITER, SCHEMES, Author, described, hexadecimal

KEY = "6f1d2c3b-martlet-example"


def vector(name: str, about: str, author: Author, frames: list[bytes], times: int = 1) -> dict[str, Any]:
    """A message that must be accepted, as often as it is delivered."""
    return {
        "name": name,
        "about": about,
        "key": author.key,
        "scheme": author.scheme,
        "deliveries": [{"frames": hexadecimal(frames), "expect": described(frames)}] * times,
    }


def make(seed: int) -> list[dict[str, Any]]:
    return [*_types(seed), *_schemes(seed), *_keys(seed), *_unusual(seed), *_written_differently(seed)]


def _types(seed: int) -> list[dict[str, Any]]:
    author = Author(seed, "types", KEY)
    made = []
    for name, (kind, content, metadata) in CONTENTS.items():
        request = kind.replace("_reply", "_request")
        parent = json.dumps(author.header(request)).encode() if kind.endswith("_reply") else b"{}"
        topic = (b"engine.3." + kind.encode(),) if kind in ("stream", "error", "status") else ()
        frames = author.frames(kind, content, metadata, parent, topic, BUFFERS.get(name, ()))
        made.append(vector(f"type-{name}", f"a message of type {kind}", author, frames))
    return made


def _schemes(seed: int) -> list[dict[str, Any]]:
    made = []
    for scheme in SCHEMES:
        author = Author(seed, scheme, KEY, scheme)
        frames = author.frames("apply_request", {}, {"label": "grün"}, identities=(b"engine",), buffers=(b"\0\xff",))
        made.append(vector(f"scheme-{scheme}", f"signed with {scheme}", author, frames))
    return made


def _keys(seed: int) -> list[dict[str, Any]]:
    made = []
    for name, key in {
        "one-byte": "k",
        "a-block": "k" * 64,
        "beyond-a-block": "k" * 65,
        "beyond-the-longest-block": "k" * 200,
        "not-ascii": "schlüssel \U0001f511",
        "spaces": "  key  ",
    }.items():
        author = Author(seed, f"key {name}", key)
        made.append(vector(f"key-{name}", "the key is used as its UTF-8 bytes", author, author.frames("status")))
    unsigned = Author(seed, "unsigned")
    frames = unsigned.frames("connection_request")
    made.append(vector("key-empty", "without a key the signature is empty", unsigned, frames))
    made.append(vector("key-empty-twice", "without a key replays are not detected", unsigned, frames, times=2))
    signed = Author(seed, "signed for nobody", KEY)
    frames = signed.frames("connection_request")
    made.append(vector("key-empty-ignores", "a reader without a key checks no signature", unsigned, frames))
    return made


def _unusual(seed: int) -> list[dict[str, Any]]:
    author = Author(seed, "unusual", KEY)
    made = []

    def add(name: str, about: str, frames: list[bytes]) -> None:
        made.append(vector(name, about, author, frames))

    add("identities-none", "no identity", author.frames("apply_request"))
    many = tuple(bytes([number]) * (number + 1) for number in range(15))
    add("identities-many", "fifteen identities", author.frames("apply_request", identities=many))
    binary = (bytes(range(255)), b"\0\x01\x02\x03\x04", b"")
    add("identities-binary", "identities are any bytes", author.frames("apply_request", identities=binary))
    add("buffers-empty", "empty buffers are buffers", author.frames("apply_request", buffers=(b"", b"", b"x", b"")))
    frames = author.frames("apply_request", buffers=(DELIMITER, b"sig", b"{}"))
    add("buffers-delimiter", "the first delimiter counts", frames)
    many = tuple(bytes([number % 256]) for number in range(200))
    add("buffers-many", "two hundred buffers", author.frames("apply_request", buffers=many))
    frames = author.frames("apply_request", buffers=(b"as it was signed",))
    frames[-1] = b"changed afterwards"
    add("buffers-changed", "buffers are not signed", frames)
    frames = author.frames("apply_request", buffers=(b"one",))
    add("buffers-added", "nor is their number", [*frames, b"two"])
    nested: Any = {}
    for _ in range(60):
        nested = {"in": [nested]}
    add("json-nested", "JSON nested 120 deep", author.frames("apply_request", {}, nested))
    numbers = {"ints": [0, -1, 2**53, -(2**63), 2**63 - 1], "floats": [0.1, -0.0, 1e300, 5e-324]}
    add("json-numbers", "numbers keep their values", author.frames("apply_request", numbers))
    texts = {"": "empty key", "grün": "\U0001f600 \u2028 \x7f", "controls": "\x00\x01\n\t\"\\"}
    add("json-texts", "text keeps its characters", author.frames("apply_request", texts))
    unknown = {**author.header("apply_request"), "colour": "blue", "nested": {"msg_id": "not mine"}}
    parts = [json.dumps(unknown).encode(), b"{}", b'{"unknown": 1}', b'{"unknown": [null]}']
    add("fields-unknown", "unknown fields are ignored", author.assembled(parts))
    return made


def _written_differently(seed: int) -> list[dict[str, Any]]:
    author = Author(seed, "written", KEY)
    rest = '"username":"u","session":"s","date":"2026-01-02T03:04:05Z","version":"5.4"'
    headers = {
        "order": f'{{{rest},"msg_type":"t","msg_id":"w-1"}}',
        "white-space": f' {{\n\t"msg_id" : "w-2" ,\r"msg_type" :"t",{rest}\n}} ',
        "escapes": rf'{{"msg_id":"w-\u0033\/\"\\\b\f\n\r\t","msg_type":"\u00fc\ud83d\ude00",{rest}}}',
        "escaped-keys": rf'{{"\u006dsg_id":"w-4","msg_t\u0079pe":"t",{rest}}}',
        "twice": f'{{"msg_id":"first","msg_type":"t",{rest},"msg_id":"w-5"}}',
        "inside-text": rf'{{"text":"\"msg_id\": \"no\"","msg_id":"w-6","msg_type":"t",{rest}}}',
        "inside-objects": f'{{"more":{{"msg_id":"no","msg_type":"no"}},"msg_id":"w-7","msg_type":"t",{rest}}}',
        "offset": '{"msg_id":"w-8","msg_type":"t","username":"u","session":"s","version":"5.4",'
        '"date":"2026-01-02T03:04:05.5+02:00"}',
    }
    about = "JSON is read by its meaning, whatever its form"
    return [
        vector(f"written-{name}", about, author, author.assembled([header.encode(), b"{}", b"{ }", b"\n{}"]))
        for name, header in headers.items()
    ]
