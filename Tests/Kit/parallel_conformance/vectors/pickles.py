"""Pickles: every kind of value in every protocol, what old and new versions write, and what must be refused."""

import math
import struct
from typing import Any

from . import notation as n
from .pickling import array, doubles, dumps, frombuffer, pickled, scalar

#: The protocols that are in use. A reader of 4 that can't read the others has to say so.
PROTOCOLS = (0, 1, 2, 3, 4, 5)

_LONG = "".join(chr(0x61 + number % 26) for number in range(300))

#: Values that every protocol can express, by name.
VALUES: dict[str, Any] = {
    "none": None,
    "true": True,
    "false": False,
    "dict-empty": n.mapping(),
    "dict-of-text": n.mapping((n.text("b"), n.integer(1)), (n.text("a"), n.mapping((n.text(""), None)))),
    "dict-of-keys": n.mapping(
        (n.integer(1), n.text("int")), (n.items("tuple", n.integer(1), n.text("x")), None), (None, True)),
    "list-empty": n.items("list"),
    "list-nested": n.items("list", n.items("list", n.items("list")), n.items("list", n.integer(1))),
    "list-alike": n.items("list", *[n.mapping((n.text("key"), n.integer(number))) for number in range(20)]),
    "tuple-0": n.items("tuple"),
    "tuple-1": n.items("tuple", n.integer(1)),
    "tuple-2": n.items("tuple", n.integer(1), n.text("2")),
    "tuple-3": n.items("tuple", *map(n.integer, (1, 2, 3))),
    "tuple-4": n.items("tuple", *map(n.integer, (1, 2, 3, 4))),
    "set": n.items("set", n.integer(7)),
    "set-empty": n.items("set"),
    "frozenset": n.items("frozenset", n.text("a")),
    "bytes": n.data(b"ab\0\xff"),
    "bytes-empty": n.data(b""),
    "bytes-long": n.data(bytes(range(256)) * 2),
    "bytearray": {"bytearray": "007fff"},
    "complex": {"complex": [n.double(1.0)["float"], n.double(-2.5)["float"]]},
    "reference": {"reference": "square"},
    "class": {"global": ["collections", "Counter"]},
    "function": {"global": ["os.path", "join"]},
    "range": n.call("builtins", "range", *map(n.integer, (0, 10, 3))),
    "slice": n.call("builtins", "slice", None, n.integer(5), None),
    "decimal": n.call("decimal", "Decimal", n.text("1.10")),
    "fraction": n.call("fractions", "Fraction", n.integer(1), n.integer(3)),
    "date": n.call("datetime", "date", n.data(bytes((0x07, 0xE8, 2, 29)))),
    "datetime": n.call("datetime", "datetime", n.data(bytes((0x07, 0xE8, 2, 29, 12, 30, 15, 3, 0xD0, 0x90)))),
    "timedelta": n.call("datetime", "timedelta", n.integer(1), n.integer(2), n.integer(3)),
    "error": n.call("builtins", "ValueError", n.text("bad"), n.integer(1)),
    "array": n.array("<f8", (2, 2), doubles(1.5, -2.0, math.inf, 0.0)),
    "array-big-endian": n.array(">i2", (2, 2), struct.pack(">4h", 0, 1, 2, -3)),
    "array-bool": n.array("|b1", (3,), b"\1\0\1"),
    "array-bytes": n.array("|S3", (2,), b"ab\0xyz"),
    "array-text": n.array("<U2", (1,), "é\0".encode("utf-32-le")),
    "array-complex": n.array("<c16", (1,), doubles(1.0, -1.0)),
    "array-empty": n.array("<f4", (0, 3), b""),
    "array-zero-dimensions": n.array("<i4", (), struct.pack("<i", 5)),
}
VALUES |= {
    f"int-{number}": n.integer(number)
    for number in (
        0, 1, -1, 127, 128, 255, 256, -256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63)
    )
}
VALUES |= {
    f"int-big-{name}": n.integer(number)
    for name, number in (("2^63", 2**63), ("2^64", 2**64), ("-2^64", -(2**64)), ("2^2100", 2**2100 - 1))
}
VALUES |= {
    f"float-{name}": n.double(number)
    for name, number in (
        ("zero", 0.0), ("negative-zero", -0.0), ("tenth", 0.1), ("largest", 1.7976931348623157e308),
        ("smallest", 5e-324), ("infinity", math.inf), ("negative-infinity", -math.inf),
    )
}
VALUES |= {
    f"text-{name}": n.text(value)
    for name, value in (
        ("empty", ""), ("ascii", "hello"), ("umlaut", "grün"), ("emoji", "\U0001f600"), ("controls", "\0\n\r\\\x1a"),
        ("255", _LONG[:255]), ("256", _LONG[:256]), ("escape", "\\u0041"),
    )
}


def make() -> list[dict[str, Any]]:
    return [*_values(), *_more(), *_refused()]


def _values() -> list[dict[str, Any]]:
    return [
        vector(f"{name}-protocol-{protocol}", protocol, pickled(value, protocol), value)
        for name, value in VALUES.items()
        for protocol in PROTOCOLS
    ]


def vector(name: str, protocol: int, pickle: bytes, value: Any) -> dict[str, Any]:
    """A pickle that can be read."""
    return {"name": name, "protocol": protocol, "pickle": pickle.hex(), "expect": value}


def _more() -> list[dict[str, Any]]:
    """What versions other than the latest write, and forms that no version writes but every reader understands."""
    content = doubles(1.0, 2.0)
    value = n.array("<f8", (2,), content)
    one = n.integer(1)
    long = n.items("list", *[n.integer(number * number) for number in range(1001)])
    return [
        *[vector(f"list-of-two-batches-protocol-{protocol}", protocol, pickled(long, protocol), long) for protocol in (1, 4)],
        vector("array-numpy-1", 4, dumps(array("<f8", (2,), content, "numpy.core.multiarray"), 4), value),
        vector("array-frombuffer", 5, dumps(frombuffer("<f8", (2,), content), 5), value),
        vector("scalar-double", 4, dumps(scalar("<f8", doubles(1.5)), 4), n.call("numpy", "float64", n.double(1.5))),
        vector("scalar-int", 4, dumps(scalar("<i8", struct.pack("<q", -7)), 4), n.call("numpy", "int64", n.integer(-7))),
        vector("ordered-dict", 4, b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R(K\x01K\x02u.",
               n.call("collections", "OrderedDict", n.items("list", n.items("tuple", one, n.integer(2))))),
        vector("no-frame", 4, b"\x80\x04K\x01.", one),
        vector("no-protocol", 0, b"I1\n.", one),
        vector("two-frames", 4, b"\x80\x04\x95\x02\0\0\0\0\0\0\0K\x01\x95\x02\0\0\0\0\0\0\0\x85.", n.items("tuple", one)),
        vector("popped", 4, b"\x80\x04K\x01K\x020.", one),
        vector("popped-mark", 4, b"\x80\x04K\x01(K\x02K\x031.", one),
        vector("duplicated", 4, b"\x80\x04K\x012\x86.", n.items("tuple", one, one)),
        vector("memo-shared", 4, b"\x80\x04K\x01\x94h\x00\x86.", n.items("tuple", one, one)),
        vector("trailing-bytes", 4, b"\x80\x04K\x01.rest", one),
        vector("long-one-byte", 2, b"\x80\x02\x8a\x01\xff.", n.integer(-1)),
        vector("long-no-byte", 2, b"\x80\x02\x8a\x00.", n.integer(0)),
        vector("long-of-four-byte-length", 2, b"\x80\x02\x8b\x02\0\0\0\x00\x80.", n.integer(-32768)),
    ]


def _refused() -> list[dict[str, Any]]:
    """Pickles that Python's own reader refuses."""
    nested = pickled(n.items("list", n.integer(1000), n.text("grün"), n.mapping((n.text("a"), n.double(1.5)))), 4)
    made = [
        {"name": f"cut-after-{end}", "protocol": 4, "pickle": nested[:end].hex(), "refuse": "truncated"}
        for end in range(len(nested))
    ]
    for name, reason, pickle in (
        ("protocol-6", "unknown protocol", b"\x80\x06K\x01."),
        ("unknown-opcode", "unknown opcode", b"\x80\x04K\x01\xf0."),
        ("empty-stack", "stack underflow", b"\x80\x04."),
        ("no-mark", "no mark", b"\x80\x04K\x01t."),
        ("no-memo", "nothing is memoized there", b"\x80\x04h\x07."),
        ("append-to-nothing", "stack underflow", b"\x80\x04K\x01a."),
        ("append-to-int", "an int has no items", b"\x80\x04K\x01K\x02a."),
        ("set-items-of-int", "an int has no items", b"\x80\x04K\x01(K\x02K\x03u."),
        ("odd-items", "a key without value", b"\x80\x04}(K\x01u."),
        ("dict-of-list", "a list is not a key", b"\x80\x04}]K\x01s."),
        ("set-of-list", "a list is not a member", b"\x80\x04\x8f(]\x90."),
        ("not-utf8", "text that is not UTF-8", b"\x80\x04\x8c\x01\xff."),
        ("length-beyond-end", "truncated", b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."),
        ("negative-length", "a negative length", b"\x80\x02\x8b\xff\xff\xff\xff."),
        ("frame-beyond-end", "truncated", b"\x80\x04\x95\xff\0\0\0\0\0\0\0K\x01."),
        ("not-a-number", "no integer", b"I1x\n."),
        ("not-a-float", "no float", b"Fx\n."),
        ("text-unquoted", "no quotes", b"S1\n."),
        ("missing-buffer", "out-of-band buffers were not given", b"\x80\x05\x97."),
        ("persistent-id", "persistent ids are not in use", b"Px\n."),
        ("extension", "extension codes are not in use", b"\x80\x02\x82\x01."),
    ):
        made.append({"name": name, "protocol": 5, "pickle": pickle.hex(), "refuse": reason})
    return made
