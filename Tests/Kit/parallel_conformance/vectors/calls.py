"""Calls and results: the buffers of ``apply_request`` and ``apply_reply``."""

import random
import struct
from typing import Any

from . import notation as n
from .pickling import Canned, Global, array, dumps, stand_in
from .signing import hexadecimal

#: Buffers of more bytes than this are frames of their own.
THRESHOLD = 1024
#: Containers of as many items are not looked into.
ITEMS = 64

PUSH = "globals().update"
PULL = (
    "(lambda names: eval(names, globals()) if isinstance(names, str) else [eval(name, globals()) for name in names])"
)
MAP = "(lambda function, *sequences: list(map(function, *sequences)))"


class Part:
    """A canned value: what is pickled, the frames that follow, and what it stands for."""

    def __init__(self, value: Any, expect: Any, frames: tuple[bytes, ...] = ()) -> None:
        self.value, self.expect, self.frames = value, expect, frames

    def buffers(self, protocol: int = 4) -> list[bytes]:
        return [dumps(self.value, protocol), *self.frames]


def plain(value: Any) -> Part:
    """A value that is pickled as it is."""
    return Part(stand_in(value), value)


def reference(name: str) -> Part:
    return Part(Canned("Reference", name=name, buffers=[]), {"reference": name})


def canned_bytes(content: bytes, kind: str = "CannedBytes") -> Part:
    """Bytes, in a frame of their own if they are long."""
    alone = len(content) > THRESHOLD
    part = Part(Canned(kind, buffers=[None if alone else content]), n.data(content), (content,) if alone else ())
    return part


def canned_array(dtype: str, shape: tuple[int, ...], content: bytes) -> Part:
    """An array; without elements it is pickled as a whole."""
    if sum(shape) == 0:
        whole = dumps(array(dtype, shape, content))
        value = Canned("CannedArray", shape=shape, dtype=dtype, pickled=True, buffers=[whole])
        return Part(value, n.array(dtype, shape, content))
    alone = len(content) > THRESHOLD
    value = Canned("CannedArray", shape=shape, dtype=dtype, pickled=False, buffers=[None if alone else content])
    return Part(value, n.array(dtype, shape, content), (content,) if alone else ())


def container(kind: str, parts: list[Part]) -> Part:
    """A list or tuple of canned members."""
    value = [part.value for part in parts]
    frames = tuple(frame for part in parts for frame in part.frames)
    return Part(value if kind == "list" else tuple(value), n.items(kind, *[part.expect for part in parts]), frames)


def dictionary(parts: dict[str, Part]) -> Part:
    """A dict of canned members. Its frames follow in ascending order of the keys, whatever the order of the dict."""
    pairs = [(n.text(key), parts[key].expect) for key in sorted(parts)]
    frames = tuple(frame for key in sorted(parts) for frame in parts[key].frames)
    return Part({key: part.value for key, part in parts.items()}, n.mapping(*pairs), frames)


def _parts(seed: int) -> dict[str, Part]:
    source = random.Random(f"{seed} parts")
    short, exact, long, longer = (source.randbytes(size) for size in (10, THRESHOLD, THRESHOLD + 1, 1500))
    numbers = struct.pack("<130d", *[number / 8 for number in range(130)])
    parts = {
        "none": plain(None),
        "int": plain(n.integer(5)),
        "text": plain(n.text("grün")),
        "nested": plain(n.mapping((n.text("a"), n.items("list", n.integer(1), n.double(0.5))))),
        "bytes": canned_bytes(short),
        "bytes-at-threshold": canned_bytes(exact),
        "bytes-beyond-threshold": canned_bytes(long),
        "bytes-not-canned": plain(n.items("list", n.items("list", n.data(longer)))),
        "array-small": canned_array("<i4", (2, 3), struct.pack("<6i", *range(6))),
        "array-large": canned_array("<f8", (13, 10), numbers),
        "array-empty": canned_array("<f8", (0,), b""),
        "list": container("list", [canned_bytes(long), plain(n.integer(1)), canned_bytes(longer), canned_bytes(short)]),
        "tuple": container("tuple", [canned_bytes(longer), canned_array("<f8", (130,), numbers)]),
        "dict": dictionary({"b": canned_bytes(long), "a": canned_bytes(longer), "c": plain(None)}),
        "items-below-limit": container("list", [canned_bytes(short)] * (ITEMS - 1)),
        "items-at-limit": plain(n.items("list", *[n.integer(number) for number in range(ITEMS)])),
    }
    return parts


def call(
    function: Part, positional: list[Part], keywords: dict[str, Part] | None = None, protocol: int = 4
) -> list[bytes]:
    """The buffers of a call."""
    keywords = keywords or {}
    arguments = [frame for part in positional for frame in part.buffers(protocol)]
    counts = {"nargs": len(positional), "narg_bufs": len(arguments), "kw_keys": sorted(keywords)}
    frames = [*function.buffers(protocol), dumps(counts, protocol), *arguments]
    return frames + [frame for key in sorted(keywords) for frame in keywords[key].buffers(protocol)]


def make_calls(seed: int) -> list[dict[str, Any]]:
    parts = _parts(seed)
    made = []

    def add(name: str, function: Part, positional: list[Part], keywords: dict[str, Part] | None = None,
            protocol: int = 4) -> None:
        made.append({
            "name": name,
            "frames": hexadecimal(call(function, positional, keywords, protocol)),
            "expect": {
                "function": function.expect,
                "args": [part.expect for part in positional],
                "kwargs": [[key, part.expect] for key, part in sorted((keywords or {}).items())],
            },
        })

    add_ = reference("add")
    for protocol in (2, 3, 4, 5):
        add(f"add-protocol-{protocol}", add_, [plain(n.integer(2)), plain(n.integer(3))], protocol=protocol)
    add("no-arguments", reference("now"), [])
    add("by-name", Part(Global("_operator", "add"), {"global": ["_operator", "add"]}), [plain(n.integer(2))])
    for name, part in parts.items():
        add(f"argument-{name}", add_, [part])
    for name in ("bytes-beyond-threshold", "list", "dict"):
        add(f"keyword-{name}", add_, [], {"value": parts[name]})
    add("every-argument", add_, list(parts.values()))
    add("mixed", add_, [parts["list"], parts["int"]], {"z": parts["dict"], "a": parts["bytes-beyond-threshold"]})
    add("references", add_, [reference("x"), container("list", [reference("y"), plain(n.integer(1))])])
    add("push", reference(PUSH), [], {"a": parts["int"], "b": parts["array-large"]})
    add("pull-one", reference(PULL), [plain(n.text("a"))])
    add("pull-several", reference(PULL), [container("list", [plain(n.text("a")), plain(n.text("b"))])])
    add("map", reference(MAP), [reference("square"), container("list", [plain(n.integer(1)), plain(n.integer(2))])])
    return made + _refused_calls()


def _refused_calls() -> list[dict[str, Any]]:
    long = canned_bytes(bytes(THRESHOLD + 1))
    frames = call(reference("f"), [plain(n.integer(1)), long], {"k": plain(n.integer(2))})
    count = len(reference("f").buffers())
    none = dumps({"nargs": 0, "narg_bufs": 0, "kw_keys": []})
    made = {
        "no-frames": ("not enough frames", []),
        "function-only": ("not enough frames", frames[:count]),
        "frame-left-over": ("a frame is left over", [*frames, dumps(1)]),
        "keyword-missing": ("not enough frames", frames[:-1]),
        "buffer-missing": ("a frame is missing", [*frames[:4], *frames[5:]]),
        "argument-missing": ("counts do not fit the frames", [*frames[:2], *frames[3:]]),
        "argument-left-over": (
            "counts do not fit the frames",
            [*reference("f").buffers(), dumps({"nargs": 1, "narg_bufs": 2, "kw_keys": []}), dumps(1), dumps(2)]),
        "counts-too-large": (
            "not enough frames",
            [*reference("f").buffers(), dumps({"nargs": 5, "narg_bufs": 1, "kw_keys": []}), dumps(1)]),
        "counts-not-a-dict": ("the counts are not a dict", [frames[0], dumps([1, 1, []]), dumps(1)]),
        "counts-incomplete": ("the counts are incomplete", [frames[0], dumps({"nargs": 0})]),
        "function-cut": ("not a pickle", [frames[0][:-1], none]),
        "counts-cut": ("not a pickle", [frames[0], none[:-1]]),
        "argument-cut": ("not a pickle", [*frames[:2], frames[2][:-1], *frames[3:]]),
        "empty-frames": ("not a pickle", [b"", b""]),
    }
    return [
        {"name": f"refused-{name}", "frames": hexadecimal(frames), "refuse": reason}
        for name, (reason, frames) in made.items()
    ]


def make_results(seed: int) -> list[dict[str, Any]]:
    parts = _parts(seed)
    made = [
        {"name": name, "frames": hexadecimal(part.buffers()), "expect": [part.expect]} for name, part in parts.items()
    ]
    several = [parts[name] for name in ("list", "none", "array-large", "dict")]
    made.append({
        "name": "several-values",
        "frames": [frame for part in several for frame in hexadecimal(part.buffers())],
        "expect": [part.expect for part in several],
    })
    for name, part in (("memoryview", "CannedMemoryView"), ("buffer", "CannedBuffer")):
        value = canned_bytes(b"view", part)
        made.append({"name": name, "frames": hexadecimal(value.buffers()), "expect": [{"memoryview": b"view".hex()}]})
    made += [
        {"name": "refused-no-frame", "frames": [], "refuse": "not enough frames"},
        {"name": "refused-buffer-missing", "frames": hexadecimal(parts["bytes-beyond-threshold"].buffers()[:1]),
         "refuse": "a frame is missing"},
        {"name": "refused-second-buffer-missing", "frames": hexadecimal(parts["list"].buffers()[:2]),
         "refuse": "a frame is missing"},
        {"name": "refused-cut", "frames": hexadecimal([parts["int"].buffers()[0][:-1]]), "refuse": "not a pickle"},
    ]
    return made
